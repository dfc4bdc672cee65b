// Dead letters: rows that a policy takes out of a write, as rows of the table that they go to.

import { fromBatch } from '../columns/read.js';
import { tree } from '../columns/schema.js';
import { ServerError, invalid } from '../errors.js';
import { json } from '../columns/json.js';

const COLUMNS = `time TIMESTAMP_LTZ(3) COMMENT 'when the row was taken out',
  source STRING COMMENT 'the table that it was on its way to',
  operation STRING COMMENT 'append, upsert or delete',
  module STRING COMMENT 'the module that refused it or failed',
  kind STRING COMMENT 'refused: by the module; failed: a call with it',
  error STRING COMMENT 'why',
  batch BIGINT COMMENT 'which write of the writer it came with, from 0',
  position BIGINT COMMENT 'its place in that write, from 0',
  original STRING COMMENT 'the row as it entered the module, as JSON'`;

/** The tables of dead letters that policies of these modules name. */
export function letterTables(modules) {
  const named = modules.flatMap(({ onError, onFailure }) => [onError, onFailure]);
  return [...new Set(named.filter(policy => policy.tag === 'dead-letter').map(policy => policy.val))];
}

/** Opens the tables, and creates those that are missing. */
export async function openLetters(client, modules, source) {
  const tables = new Map();
  for (const name of letterTables(modules)) {
    const qualified = name.includes('.') ? name : `fluss.${name}`;
    if (qualified === source) throw invalid(`dead letters cannot go to ${name}: the rows that they come from are on their way to it; name another`);
    tables.set(name, await open(client, name));
  }
  return tables;
}

async function open(client, name) {
  let table;
  try {
    table = await client.table(name);
  } catch (error) {
    if (!(error instanceof ServerError) || error.serverName !== 'TABLE_NOT_EXIST') throw error;
    const comment = 'rows that modules refused or failed on';
    await client.createTable(name, COLUMNS, { ifNotExists: true, comment });
    table = await client.table(name);
  }
  if (table.keyed) throw invalid(`dead letters cannot go to ${name}: it has a primary key; they go to a log table`);
  return table;
}

/** The dead letters of an exception as rows of their table. */
export function letters(chain, exception, { source, operation, batch }) {
  const { stage, kind, rows, causes, messages, deadLetters } = exception;
  const originals = fromBatch(tree(chain.inputs[stage]), deadLetters);
  const same = value => Array.from(rows, () => value);
  return {
    time: same(new Date()), source: same(source), operation: same(operation), module: same(chain.names[stage]), kind: same(kind),
    error: Array.from(causes, cause => messages[cause] ?? ''), batch: same(batch), position: Array.from(rows, row => BigInt(row)),
    original: Array.from(originals, row => json(row)),
  };
}
