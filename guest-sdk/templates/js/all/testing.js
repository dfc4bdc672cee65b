// Runs a module under Node, without a host. `npm test` loads this first, for Node knows no "thalweg:module/log".

import { register } from "node:module";

/** What the module logged: a level and a message each. */
export const messages = (globalThis.messages = []);

const log = "export default { write: (level, message) => globalThis.messages.push([level, message]) };";
const hook = `export const resolve = (specifier, context, next) => specifier.startsWith("thalweg:module/log@")
  ? { url: ${JSON.stringify(`data:text/javascript,${encodeURIComponent(log)}`)}, shortCircuit: true }
  : next(specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

const { column, written } = await import("./thalweg.js");

/**
 * Runs rows through a module. `columns` has for each name a type and a value a row, as in
 * `{ delay: ["int", [45, null]] }`. What comes back: the rows that go on, as objects, each row that was refused with its
 * reason, and the names and types of the columns after the module.
 */
export function run(transform, columns, config = {}) {
  const fields = Object.entries(columns).map(([name, [tag]]) => ({ name, dataType: { tag }, nullable: true }));
  const input = { fields, columns: fields.map((_, place) => place), primaryKey: [] };
  const plan = transform.open({ table: "test.rows", operation: "append", input, config: JSON.stringify(config) });
  const given = Object.values(columns).map(([tag, values]) => written(tag, values));
  const rows = Object.values(columns)[0][1].length;
  const { outcome, refused } = transform.apply({ rows, columns: plan.reads.map((place) => given[place]) });

  const [schema, sources] = plan.output ?? [input, fields.map((_, val) => ({ tag: "input", val }))];
  const [selection, replaced] = outcome.tag === "replaced" ? outcome.val : [outcome.val, []];
  const after = schema.columns.map((at) => schema.fields[at]);
  let next = 0;
  const whole = { columns: sources.map(({ tag, val }) => (tag === "written" ? replaced[next++] : given[val])) };
  const readers = after.map((field, place) => [field.name, field.dataType.tag, column(whole, place)]);
  const refusals = (refused?.rows ?? []).map((row, at) => [row, refused.messages[refused.causes[at]]]);
  const left = new Set(refusals.map(([row]) => row));
  return {
    rows: [...Array(rows).keys()]
      .filter((row) => !left.has(row) && selected(selection, row))
      .map((row) => Object.fromEntries(readers.map(([name, tag, reader]) => [name, value(reader, tag, row)]))),
    refused: refusals,
    types: Object.fromEntries(after.map((field) => [field.name, field.dataType.tag])),
  };
}

function selected(selection, row) {
  return selection.tag === "all" || (selection.tag === "rows" && ((selection.val[row >> 3] >> (row & 7)) & 1) === 1);
}

function value(reader, tag, row) {
  if (reader.isNull(row)) return null;
  return tag === "text" ? reader.text(row) : reader.get(row);
}
