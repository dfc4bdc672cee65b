// The example and more, checked by tsc: every name with its types.

import { connect, ServerError, type Batch, type Found, type Outcome } from 'thalweg/node';
import { connect as overWebSockets } from 'thalweg/web';

async function example(): Promise<void> {
  await using client = await connect('127.0.0.1:9123', { write: { linger: 5 } });
  await client.createTable('flights', 'id BIGINT NOT NULL, delay INT, origin STRING', { buckets: 3, ifNotExists: true });
  const where = await client.module('where.wasm', { if: 'delay > 30' }, { onError: { deadLetter: 'refused' } });
  const flights = (await client.table('flights')).through(where);
  const outcome: Outcome = await flights.append({ id: BigInt64Array.of(1n, 2n), delay: Int32Array.of(12, 45), origin: ['SEA', 'PDX'] });
  const acknowledged: number = outcome.check().acknowledged;
  for await (const batch of flights.scan({ follow: true, limit: 10, signal: AbortSignal.timeout(1000) })) {
    const column: Iterable<unknown> = batch.column('delay');
    console.log(acknowledged, batch.rows, [...column], batch.change(0), batch.offset);
  }
  const found: Found = await (await client.table('airports')).lookup({ code: ['SEA'] });
  const rows: Batch = found.rows;
  console.log(found.found, rows.toArray(), [...found]);
  // @ts-expect-error There is no such option.
  await client.createTable('x', 'id INT', { bucket: 3 });
  // @ts-expect-error Rows are not a number.
  await flights.append(7);
}

async function web(): Promise<void> {
  const client = await overWebSockets('ws://127.0.0.1:8123/gateway', { servers: ['127.0.0.1:9123'] });
  await client.table('x').catch((error: unknown) => {
    if (error instanceof ServerError) console.log(error.serverName, error.retriable);
  });
}

void example;
void web;
