// Table, modules, table: drawn as a list, so that it is read out as one.

import { make, put } from './dom.js';

/**
 * Draws these steps into a list: `name`, `what` (a line below), `module` (whether it is one), `pick` and `remove` (what its
 * buttons do). Steps that are there stay, so that a button keeps the focus.
 */
export function diagram(list, steps, moving) {
  list.dataset.moving = moving;
  const shape = JSON.stringify(steps.map(step => [step.name, Boolean(step.module), Boolean(step.pick), Boolean(step.remove)]));
  if (list.dataset.shape !== shape) {
    list.dataset.shape = shape;
    list.replaceChildren(...steps.map(draw));
  }
  steps.forEach((step, at) => {
    const item = list.children[at];
    put(item.querySelector('.what'), step.what);
    item.step = step;
  });
}

function draw(step) {
  const item = make('li', { class: step.module ? 'module' : 'table' });
  const name = step.pick
    ? make('button', { type: 'button', class: 'pick', onclick: () => item.step.pick() }, step.name)
    : make('span', {}, step.name);
  const remove = step.remove && make('button', {
    type: 'button', class: 'quiet', 'aria-label': `Remove module ${step.name}`, onclick: () => item.step.remove(),
  }, '×');
  item.append(make('div', { class: 'name' }, name, remove || null), make('div', { class: 'what' }));
  return item;
}
