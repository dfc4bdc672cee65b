// What became of rows, one by one: each row of a batch with its fate and with what modules changed.

import { cell, columnsOf } from './cells.js';

/** How many rows of a batch are shown; the last ones. */
const SHOWN = 60;

/**
 * The columns of a table and of what modules make of its rows: those of the table in their order, then those that are new.
 * `before` and `after` are their places in the two schemas, or undefined.
 */
export function columnsOfBoth(input, output) {
  const columns = columnsOf(input).map(column => ({ ...column, before: column.at, after: undefined }));
  if (!output) return columns.map(column => ({ ...column, after: column.before }));
  for (const column of columnsOf(output)) {
    const known = columns.find(known => known.name === column.name);
    if (known) known.after = column.at;
    else columns.push({ ...column, before: undefined, after: column.at });
  }
  return columns;
}

/** Rows without modules: as they are. */
export function plain(input, batch, columns, change) {
  const rows = [];
  for (let row = Math.max(0, batch.rows - SHOWN); row < batch.rows; row += 1) {
    rows.push({ change: change?.(row), cells: columns.map(({ before }) => ({ now: cell(input, batch, before, row) })) });
  }
  return rows;
}

/** Rows behind modules: `outcome` is what the chain made of the batch. */
export function fates(runner, batch, outcome, columns) {
  const { input, output, stages } = runner;
  const made = Array.from({ length: batch.rows }, () => []);
  for (let row = 0; row < outcome.rows.rows; row += 1) made[outcome.origins ? outcome.origins[row] : row]?.push(row);
  const causes = new Map();
  for (const exception of outcome.exceptions) {
    exception.rows.forEach((row, at) => causes.set(row, {
      fate: exception.kind === 'refused' ? 'refused' : 'failed',
      why: `${stages[exception.stage]?.name ?? 'module'}: ${exception.messages[exception.causes[at]] ?? ''}`,
    }));
  }
  const filtering = stages.filter((_, at) => outcome.tallies[at]?.filtered > 0n).map(stage => stage.name);
  const why = filtering.length === 1 ? `by ${filtering[0]}` : '';
  const rows = [];
  for (let row = Math.max(0, batch.rows - SHOWN); row < batch.rows; row += 1) {
    const before = at => (at === undefined ? undefined : cell(input, batch, at, row));
    const cause = causes.get(row);
    if (made[row].length === 0) {
      const cells = columns.map(column => ({ now: before(column.before) }));
      rows.push({ ...(cause ?? { fate: 'out', why }), cells });
    }
    for (const produced of made[row]) {
      const after = at => (at === undefined ? undefined : cell(output, outcome.rows, at, produced));
      const cells = columns.map(column => {
        const [old, now] = [before(column.before), after(column.after)];
        return old === now ? { now } : { old, now, changed: true };
      });
      rows.push({ fate: 'kept', why: cause ? cause.why : '', cells });
    }
  }
  return rows;
}

/** How many rows had which fate. */
export function tally(batch, outcome) {
  const exceptions = kind => outcome.exceptions.filter(exception => exception.kind === kind)
    .reduce((sum, exception) => sum + exception.rows.length, 0);
  const filtered = outcome.tallies.reduce((sum, tally) => sum + Number(tally.filtered), 0);
  return { read: batch.rows, kept: outcome.rows.rows, out: filtered, refused: exceptions('refused'), failed: exceptions('failed') };
}
