// Rows by their keys: a field for each column of the key, and what is found.

import { columnsOf } from './cells.js';
import { at, make, tell } from './dom.js';

export class Lookup {
  constructor(session) {
    this.session = session;
    at('lookup').addEventListener('submit', event => this.find(event));
  }

  /** Begins anew with a table; one without a key has no lookups. */
  table(table) {
    this.source = table;
    at('lookup').hidden = !table?.keyed;
    at('lookup-result').replaceChildren();
    if (!table?.keyed) return;
    const types = new Map(columnsOf(table.schema).map(column => [column.name, column.type]));
    this.fields = table.keys.map(name => {
      const input = make('input', { name, autocomplete: 'off', spellcheck: 'false', required: true });
      return { name, input, element: make('label', {}, `${name} ${types.get(name) ?? ''}`, input) };
    });
    at('lookup-fields').replaceChildren(...this.fields.map(field => field.element));
  }

  async find(event) {
    event.preventDefault();
    const place = at('lookup-result');
    const table = this.source;
    try {
      const key = Object.fromEntries(this.fields.map(field => [field.name, field.input.value]));
      const row = await this.session.lookup(table, key);
      if (table !== this.source) return;
      if (!row) place.replaceChildren(make('p', { class: 'hint' }, 'There is no row with this key.'));
      else {
        place.replaceChildren(make('dl', { class: 'found' }, row.map(({ name, value }) => [
          make('dt', {}, name), make('dd', {}, value === null ? make('span', { class: 'null' }, 'NULL') : value),
        ]).flat()));
      }
    } catch (error) {
      const problem = make('p', { class: 'note bad' });
      tell(problem, error.message);
      place.replaceChildren(problem);
    }
  }
}
