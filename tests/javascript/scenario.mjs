// Runs scenarios (tests/scenarios) by the package: `scenario.mjs ADDRESS`, one scenario as a line of JSON on stdin, for each a
// line of JSON: null, or what went wrong.

import { createInterface } from 'node:readline';
import process from 'node:process';

import { connect } from 'thalweg/node';
import { tree } from 'thalweg/internal/columns/schema.js';
import { json } from 'thalweg/internal/columns/json.js';
import { lines, rows } from './values.mjs';

const address = process.argv[2];
const ensure = (holds, said) => { if (!holds) throw new Error(said()); };
const shown = (found, wanted) => `found:\n${found.slice(0, 20).join('\n')}\nexpected:\n${wanted.slice(0, 20).join('\n')}`;
const same = (found, wanted) => ensure(found.join('\n') === wanted.join('\n'), () => shown(found, wanted));

/** The modules of a step; a condition of its scan is the first of them. */
async function modules(client, step, letters) {
  const policy = word => (word === 'dead-letter' ? { deadLetter: letters } : word);
  const opened = [];
  const condition = (step.scan ?? step.current)?.where;
  const named = [...(condition ? [['where', `if=${condition}`]] : []), ...(step.modules ?? [])];
  for (const [name, ...settings] of named) {
    const module = await client.module(name, {});
    const { parameters } = await module.describe();
    const config = {};
    for (const setting of settings) {
      const [key, text] = [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)];
      set(config, key, text, parameters.properties?.[key] ?? {});
    }
    opened.push(await client.module(name, config, { onError: policy(step['on-error']), onFailure: policy(step['on-failure']) }));
  }
  return opened;
}

/** A setting as the parameter wants it: a list, a number, a text. */
function set(config, key, text, { type, anyOf }) {
  const types = [type, ...(anyOf ?? []).map(option => option.type)].flat();
  if (types.includes('array')) (config[key] ??= []).push(text);
  else if (types.includes('number') || types.includes('integer')) config[key] = Number(text);
  else if (types.includes('boolean')) config[key] = text === 'true';
  else if (types.includes('object')) config[key] = JSON.parse(text);
  else config[key] = text;
}

async function write(call, step) {
  const outcome = await call();
  outcome.check();
  ensure(outcome.acknowledged === outcome.produced, () => JSON.stringify(outcome));
  for (const [module, count] of Object.entries(step.filtered ?? {})) {
    ensure(outcome.filtered[module] === count, () => `filtered ${JSON.stringify(outcome.filtered)}`);
  }
  ensure(outcome.dropped === (step.dropped ?? 0), () => `${outcome.dropped} dropped`);
  ensure(outcome.deadLettered === (step['dead-lettered'] ?? 0), () => `${outcome.deadLettered} letters`);
}

async function gather(scan) {
  const batches = [];
  for await (const batch of scan) batches.push(batch);
  const order = ({ bucket: { partition = 0n, bucket }, offset = 0n }) => [partition, BigInt(bucket), offset];
  batches.sort((a, b) => {
    const [left, right] = [order(a), order(b)];
    const at = left.findIndex((part, index) => part !== right[index]);
    return at < 0 ? 0 : left[at] < right[at] ? -1 : 1;
  });
  return batches;
}

/** Compares what a scan gives. */
async function check(table, scan, nodes, wanted, step) {
  const batches = await gather(scan);
  const columns = batches[0] ? batches[0].columns.map(column => column.parts.node) : nodes;
  const found = batches.flatMap(batch => batch.toArray().map(json));
  const ordered = !step['any-order'] && table.info.partitionBy.length === 0 && batches.every(batch => batch.offset !== undefined);
  const expected = lines(columns, wanted);
  if (!ordered) {
    found.sort();
    expected.sort();
  }
  same(found, expected);
  if (step.changes) same([batches.flatMap(batch => batch.changes).join(' ')], [step.changes]);
}

const options = (scan, through) => ({
  columns: scan.columns, start: scan.start, end: scan.end, limit: scan.limit, buckets: scan.buckets, partitions: scan.partitions,
  through: through.length > 0 ? through : undefined,
});

async function look(client, table, nodes, step, scenario, letters) {
  if (step.letters !== undefined) {
    const log = await client.table(letters);
    const columns = ['module', 'kind', 'error', 'batch', 'position', 'original'];
    return check(log, log.scan({ columns }), nodes, step.letters, step);
  }
  const earlier = scenario.step[step['same-as-step']] ?? {};
  const wanted = step.rows ?? earlier.append ?? earlier.upsert ?? '';
  const through = await modules(client, step, letters);
  if (step.scan) return check(table, table.scan(options(step.scan, through)), nodes, wanted, step);
  if (step.current) return check(table, table.scanCurrent(options(step.current, through)), nodes, wanted, step);
  if (step['limit-scan']) {
    const { bucket, limit } = step['limit-scan'];
    return check(table, table.limitScan(limit, { bucket }), nodes, wanted, step);
  }
  let found;
  if (step.lookup) found = await table.lookup(rows(nodes, step.lookup));
  else if (step['lookup-or-insert']) found = await table.lookup(rows(nodes, step['lookup-or-insert']), { insert: true });
  else if (step.prefix) found = await table.prefixLookup(rows(nodes, step.prefix));
  else throw new Error(`no such step: ${Object.keys(step).join(', ')}`);
  const all = [];
  for (let key = 0; key < found.keys; key += 1) {
    const own = found.of(key).toArray().map(json);
    all.push(...(own.length > 0 ? own : ['null']));
  }
  return same(all, lines(nodes, wanted));
}

async function take(client, table, nodes, step, scenario) {
  const letters = `${table.name}_letters`;
  const through = async () => table.through(...(await modules(client, step, letters)));
  if (step.append !== undefined) return write(async () => (await through()).append(rows(nodes, step.append)), step);
  if (step.upsert !== undefined) return write(async () => (await through()).upsert(rows(nodes, step.upsert)), step);
  if (step.delete !== undefined) return write(async () => (await through()).delete(rows(nodes, step.delete)), step);
  if (step.update) {
    const { columns, rows: given } = step.update;
    return write(async () => (await through()).upsert(rows(nodes, given), { columns }), step);
  }
  if (step['create-partition']) return table.createPartition(step['create-partition']);
  if (step['drop-partition']) return table.dropPartition(step['drop-partition']);
  if (step.partitions) return same((await table.partitions()).map(({ name }) => name).sort(), step.partitions);
  return look(client, table, nodes, step, scenario, letters);
}

async function run({ name, scenario }) {
  const { settings = {} } = scenario;
  const client = await connect(address, {
    write: { createPartitions: scenario['create-partitions'] ?? true, ...(settings['batch-rows'] && { batchRows: settings['batch-rows'] }) },
    scan: {
      ...(settings['fetch-bytes'] && { fetchBytes: settings['fetch-bytes'] }),
      ...(settings['bucket-bytes'] && { bucketBytes: settings['bucket-bytes'] }),
    },
  });
  try {
    await client.createTable(name, scenario.schema, {
      primaryKey: scenario['primary-key'], partitionBy: scenario['partition-by'], bucketBy: scenario['bucket-key'],
      buckets: scenario.buckets ?? 1, properties: scenario.properties, aggregate: scenario.aggregate,
    });
    const table = await client.table(name);
    const nodes = table.parts.nodes;
    for (const [number, step] of scenario.step.entries()) {
      const place = error => new Error(`step ${number}: ${error.message}`, { cause: error });
      let failed;
      try {
        await take(client, table, nodes, step, scenario);
      } catch (error) {
        if (!step.fails || !error.message.includes(step.fails)) throw place(error);
        failed = error;
      }
      if (step.fails && !failed) throw new Error(`step ${number} succeeds instead of failing with ${step.fails}`);
    }
  } finally {
    await client.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer = null;
  try {
    await run(JSON.parse(line));
  } catch (error) {
    answer = String(error.stack ?? error);
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
