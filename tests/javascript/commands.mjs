// The package as a client that takes commands: `commands.mjs SERVER` carries out those of tests/fluss-rs/src/main.rs.

import { createInterface } from 'node:readline';
import process from 'node:process';

import { connect } from 'thalweg/node';
import { json } from 'thalweg/internal/columns/json.js';
import { parse, rows as read } from './values.mjs';

/** Types whose values are no names, so that a map by them is a list of entries. */
const NAMELESS = new Set(['boolean', 'float', 'double', 'bytes', 'fixed-bytes', 'array', 'dictionary', 'row']);

let nodes = [];

/** A value as JSON. What its keys are an empty map does not tell, nor a whole number whether it is a double; the column does. */
const cell = ([name, value]) => {
  const node = nodes.find(node => node.name === name);
  const empty = value instanceof Map && value.size === 0 && NAMELESS.has(node?.children[0].type.tag);
  const whole = ['float', 'double'].includes(node?.type.tag) && /^-?\d+$/.test(json(value));
  return `${JSON.stringify(name)}:${empty ? '[]' : whole ? `${json(value)}.0` : json(value)}`;
};
const text = row => (row ? `{${Object.entries(row).map(cell).join(',')}}` : 'null');

/** The rows of a command, whose numbers are texts again, as JSON lines. */
const lines = given => given.map(row => json(row).replace(/"\uE000([^"]*)"/g, '$1')).join('\n');

/** Every bucket of a table. */
async function buckets(table) {
  const numbers = Array.from({ length: table.info.buckets }, (_, bucket) => bucket);
  if (table.info.partitionBy.length === 0) return numbers.map(bucket => ({ bucket }));
  const partitions = await table.partitions();
  return partitions.flatMap(({ partitionId }) => numbers.map(bucket => ({ bucket, partition: partitionId })));
}

async function changes(table) {
  const found = [];
  for await (const batch of table.scan()) {
    for (let row = 0; row < batch.rows; row += 1) {
      const { bucket } = batch.bucket;
      found.push(`{"change":"${batch.change(row)}","bucket":${bucket},"offset":${batch.offsetOf(row)},"row":${text(batch.row(row))}}`);
    }
  }
  return found;
}

async function run(client, command) {
  const table = await client.table(command.table);
  nodes = table.parts.nodes;
  const rows = read(nodes, lines(command.rows ?? []));
  const columns = command.columns ?? undefined;
  const keyed = () => rows.map(row => Object.fromEntries(table.info.primaryKey.map(name => [name, row[name]])));
  switch (command.do) {
    case 'append': return [[], (await table.append(rows)).check()][0];
    case 'upsert': return [[], (await table.upsert(rows, { columns })).check()][0];
    case 'delete': return [[], (await table.delete(keyed())).check()][0];
    case 'changes': return changes(table);
    case 'limit': {
      const found = [];
      for (const place of await buckets(table)) {
        for await (const batch of table.limitScan(Number(command.limit.slice?.(1) ?? command.limit), place)) found.push(...batch.toArray().map(text));
      }
      return found;
    }
    case 'lookup': return [...(await table.lookup(rows))].map(text);
    case 'prefix': {
      const found = await table.prefixLookup(rows);
      return Array.from({ length: found.keys }, (_, key) => `[${found.of(key).toArray().map(text).join(',')}]`);
    }
    default: throw new Error(`no such command: ${command.do}`);
  }
}

const { THALWEG_USER: user, THALWEG_PASSWORD: password } = process.env;
const client = await connect(process.argv[2], user === undefined ? {} : { login: { user, password } });
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = `[${(await run(client, parse(line))).join(',')}]`;
  } catch (error) {
    answer = JSON.stringify({ error: String(error.stack ?? error) });
  }
  process.stdout.write(`${answer}\n`);
}
await client.close();
