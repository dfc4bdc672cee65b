// The flows of the node, as they run: drawn, counted, plotted, stopped.

import * as api from './api.js';
import { at, count, make, put, rate, tell } from './dom.js';
import { diagram } from './diagram.js';
import { Plot } from './plot.js';

/** What is counted of a flow, in the order in which it is shown: class, label, what it counts. */
const FIGURES = [
  ['kept', 'kept', counts => counts.kept],
  ['out', 'left out', counts => counts.filtered + counts.dropped],
  ['refused', 'refused', counts => counts.refused + counts.broken],
  ['failed', 'failed', counts => counts.failed + counts.unknown],
];
const STATES = { running: 'running', stopped: 'stopped', failed: 'failed' };
const cards = new Map();

/** Follows the flows of the node for as long as the page is open. */
export function follow(status) {
  api.events('/flows/events', flows => {
    status('open');
    show(flows);
  }, reason => status('lost', reason));
}

function show(flows) {
  const known = new Set(flows.map(flow => flow.id));
  for (const [id, card] of cards) {
    if (!known.has(id)) {
      card.element.remove();
      cards.delete(id);
    }
  }
  for (const flow of flows) {
    if (!cards.has(flow.id)) {
      const card = new Card(flow);
      cards.set(flow.id, card);
      at('flows').prepend(card.element);
    }
    cards.get(flow.id).update(flow);
  }
  at('flows-none').hidden = flows.length > 0;
}

class Card {
  constructor(flow) {
    this.id = flow.id;
    this.diagram = make('ol', { class: 'flow', 'aria-label': 'From table through modules to table' });
    this.title = make('h3', {}, `${short(flow.source)} → ${short(flow.sink)}`);
    this.state = make('span', { class: 'badge', role: 'status' });
    this.end = make('button', { type: 'button', onclick: () => this.stop() });
    this.problem = make('p', { class: 'note bad', role: 'alert', hidden: true });
    this.notes = make('ul', { class: 'notes' });
    this.figures = FIGURES.map(([mark, label]) => figure(mark, label));
    const plot = make('div', { class: 'plot' });
    this.plot = new Plot(plot, FIGURES.map(([mark]) => mark));
    this.element = make('article', { class: 'card', 'data-flow': flow.id },
      make('div', { class: 'title' }, this.title, this.state, this.end),
      this.diagram, this.problem,
      make('div', { class: 'figures' }, this.figures.map(figure => figure.element)), plot, this.notes);
    this.place = plot;
  }

  update(flow) {
    const running = flow.state === 'running';
    put(this.state, STATES[flow.state] ?? flow.state);
    this.state.className = `badge ${running ? 'kept' : flow.state === 'failed' ? 'failed' : 'out'}`;
    put(this.end, running ? 'Stop' : 'Remove');
    this.end.setAttribute('aria-label', `${running ? 'Stop' : 'Remove'} the flow from ${short(flow.source)} to ${short(flow.sink)}`);
    tell(this.problem, flow.error);
    const counts = FIGURES.map(([, , of]) => of(flow.counts));
    // By the node's clock: what the browser was late with does not count.
    this.place.hidden = !running;
    this.element.style.order = running ? 0 : 1;
    if (running) this.plot.add(flow.millis, counts);
    const rates = this.plot.rates;
    counts.forEach((value, at) => this.figures[at].update(value, running ? rates[at] : null));
    diagram(this.diagram, [
      { name: short(flow.source), what: `${count(flow.counts.read)} rows read` },
      ...flow.modules.map(module => ({ name: module.name, what: `${count(module.filtered)} left out`, module: true })),
      { name: short(flow.sink), what: `${count(flow.counts.kept)} rows written` },
    ], running && rates.some(rate => rate > 0));
    const notes = flow.notes.join('\n');
    if (this.said !== notes) {
      this.said = notes;
      this.notes.replaceChildren(...flow.notes.map(note => make('li', {}, note)));
    }
  }

  async stop() {
    this.end.disabled = true;
    try {
      show(await api.send('DELETE', `/flows/${this.id}`));
    } catch (error) {
      tell(this.problem, error.message);
    }
    this.end.disabled = false;
  }
}

/** A number with its label and its rate. */
export function figure(mark, label) {
  const [value, perSecond] = [make('span', { class: 'value' }, '0'), make('span', { class: 'rate' }, '')];
  const element = make('div', { class: `figure ${mark}` }, make('span', { class: 'label' }, label), value, perSecond);
  return {
    element,
    update(number, rateNow) {
      put(value, count(number));
      put(perSecond, rateNow === null ? '' : rate(rateNow));
    },
  };
}

/** A table's name without the usual database. */
export const short = name => name.replace(/^fluss\./, '');
