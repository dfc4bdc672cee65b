// The rows as a table: the newest on top, each with its fate where modules are tried out.

import { at, make } from './dom.js';

/** How many rows are shown. */
const ROWS = 80;
const FATES = { kept: 'kept', out: 'left out', refused: 'refused', failed: 'failed' };

const CHANGES = { '+A': 'appended', '+I': 'new', '-U': 'before', '+U': 'changed', '-D': 'deleted' };

export class Grid {
  constructor() {
    this.grid = at('grid');
    this.waiting = [];
    this.paused = false;
    this.columns = [];
  }

  /** Begins anew with these columns; `first` is what stands before them: `Fate`, `Change` or nothing. */
  begin(columns, first) {
    this.columns = columns;
    this.first = first;
    this.waiting = [];
    const head = columns.map(column => make('th', { scope: 'col', class: column.number ? 'number' : null }, column.name,
      make('small', {}, column.before === undefined ? `new, ${column.type}` : column.type)));
    this.grid.tHead.replaceChildren(make('tr', {}, first ? make('th', { scope: 'col' }, first) : null, head));
    this.grid.tBodies[0].replaceChildren();
  }

  add(rows) {
    this.waiting.push(...rows);
    if (this.waiting.length > ROWS) this.waiting.splice(0, this.waiting.length - ROWS);
    if (!this.paused && !this.due) this.due = setTimeout(() => this.draw(), 200);
  }

  pause(paused) {
    this.paused = paused;
    if (!paused) this.draw();
  }

  draw() {
    clearTimeout(this.due);
    this.due = undefined;
    if (this.paused || this.waiting.length === 0) return;
    const body = this.grid.tBodies[0];
    body.prepend(...this.waiting.splice(0).reverse().map(row => this.line(row)));
    while (body.rows.length > ROWS) body.lastElementChild.remove();
  }

  line({ fate, why, change, cells }) {
    const line = make('tr', { class: fate });
    if (this.first === 'Change') line.append(make('td', {}, CHANGES[change] ?? change));
    if (this.first === 'Fate') {
      line.append(make('td', { class: 'fate' }, make('span', { class: `badge ${fate}` }, FATES[fate]),
        why ? make('span', { class: 'why' }, why) : null));
    }
    cells.forEach((cell, at) => line.append(this.cell(cell, this.columns[at])));
    return line;
  }

  cell({ old, now, changed }, { number }) {
    const value = text => (text === null ? make('span', { class: 'null' }, 'NULL') : text);
    const shown = changed
      ? [old === undefined ? null : make('s', {}, make('span', {}, value(old))), now === undefined ? null : value(now)]
      : [now === undefined ? null : value(now)];
    return make('td', { class: [number && 'number', changed && 'changed'].filter(Boolean).join(' ') || null }, shown);
  }
}
