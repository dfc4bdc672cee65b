// A worker of workerd: one request creates a table, writes through a module, scans, looks up, and drops it again.

import { connect } from 'thalweg/src/worker.js';
import { instantiate } from 'thalweg/generated/modules/where/where.js';
import core from 'thalweg/generated/modules/where/where.core.wasm';
import core2 from 'thalweg/generated/modules/where/where.core2.wasm';
import core3 from 'thalweg/generated/modules/where/where.core3.wasm';

const where = { instantiate, core: name => ({ 'where.core.wasm': core, 'where.core2.wasm': core2, 'where.core3.wasm': core3 })[name] };

async function answer(address, rows) {
  const client = await connect(address);
  const name = `worker_${crypto.randomUUID().replaceAll('-', '')}`;
  await client.createTable(name, 'id BIGINT NOT NULL, delay INT, origin STRING', { buckets: 2 });
  const table = (await client.table(name)).through(await client.module(where, { if: 'delay >= 0' }, { name: 'where' }));
  const id = BigInt64Array.from({ length: rows }, (_, row) => BigInt(row));
  const delay = Int32Array.from({ length: rows }, (_, row) => (row % 4) - 1);
  const outcome = await table.append({ id, delay, origin: Array(rows).fill('SEA') });
  let scanned = 0;
  for await (const batch of table.scan()) scanned += batch.rows;
  let refused = '';
  await client.module('where', {}).catch(error => { refused = error.code; });
  await client.dropTable(name);
  await client.close();
  return { acknowledged: outcome.acknowledged, filtered: outcome.filtered.where, scanned, refused };
}

export default {
  async fetch(request) {
    const parameters = new URL(request.url).searchParams;
    try {
      return Response.json(await answer(parameters.get('server'), Number(parameters.get('rows'))));
    } catch (error) {
      return new Response(String(error.stack ?? error), { status: 500 });
    }
  },
};
