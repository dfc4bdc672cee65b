// Flights into a table, through a module that keeps the late ones; out again; and airports looked up by key.
//
//   host/js/build && cd examples/js && npm install && node flights.js 127.0.0.1:9123
//
// Runs in Node 20 and later, Deno (deno run -A flights.js) and Bun (bun flights.js), and needs a server: thalweg serve.

import process from 'node:process';

import { connect } from 'thalweg/node';

const client = await connect(process.argv[2] ?? '127.0.0.1:9123');
try {
  await client.createTable('flights', 'id BIGINT NOT NULL, delay INT, origin STRING', { buckets: 3, ifNotExists: true });
  const late = await client.module('where', { if: 'delay > 30' });
  const flights = (await client.table('flights')).through(late);

  const outcome = await flights.append({
    id: BigInt64Array.of(1n, 2n, 3n),
    delay: Int32Array.of(12, 45, 90),
    origin: ['SEA', 'PDX', 'SEA'],
  });
  outcome.check();
  console.log(`${outcome.acknowledged} of ${outcome.rows} rows written, where took ${outcome.filtered.where}`);

  for await (const batch of flights.scan()) {
    console.log(`${batch.rows} rows of bucket ${batch.bucket.bucket}, delays ${[...batch.column('delay')].join(', ')}`);
  }

  await client.createTable('airports', 'code STRING, name STRING', { primaryKey: 'code', ifNotExists: true });
  const airports = await client.table('airports');
  await airports.upsert({ code: ['SEA', 'PDX'], name: ['Seattle', 'Portland'] });
  const found = await airports.lookup({ code: ['SEA', 'XXX'] });
  console.log(`found ${found.found} of ${found.keys}: ${found.row(0)?.name}`);
} finally {
  await client.close();
}
