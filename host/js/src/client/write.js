// Writes: rows cut into commands that fit the buffer, and what became of them gathered.

import { size, slice } from '../columns/slice.js';
import { Chain } from '../modules/chain.js';
import { letters, openLetters } from '../modules/letters.js';
import { Delivery, Outcome } from './outcome.js';
import { abortable } from './signal.js';

/** How many bytes of rows one command has, at most. */
const PART = 4 << 20;

/** Sends rows, and resolves when each has a fate. `target` is `{ driver, table, nodes }`. */
export function write(target, operation, batch, signal, outcome = new Outcome()) {
  outcome.rows ||= batch.rows;
  outcome.produced = batch.rows;
  const entries = [];
  return abortable(signal, (resolve, reject) => {
    const { driver, table, nodes } = target;
    const length = Math.max(1, Math.min(batch.rows, Math.floor((batch.rows * PART) / Math.max(size(batch), 1))));
    let [left, refused] = [Math.max(1, Math.ceil(batch.rows / length)), 0];
    const parts = left;
    if (batch.rows === 0) return resolve(outcome);
    const done = error => {
      left -= 1;
      refused += error ? 1 : 0;
      if (left > 0) return;
      if (refused === parts) reject(outcome.firstError);
      else resolve(sorted(outcome));
    };
    for (let first = 0; first < batch.rows; first += length) {
      const rows = Math.min(length, batch.rows - first);
      const command = { table, operation, rows: slice(nodes, batch, first, rows) };
      entries.push(driver.submit(command, new Delivery(outcome, first, rows, done)));
    }
    return undefined;
  }, () => entries.forEach(entry => target.driver.withdraw(entry)));
}

function sorted(outcome) {
  outcome.fates.sort((a, b) => (a.first ?? a.rows[0] ?? 0) - (b.first ?? b.rows[0] ?? 0));
  return outcome;
}

/** Modules before a table, for writes of one kind. */
export class WritePath {
  #chain;
  #letters;
  #context;
  #writes = 0;

  constructor(chain, tables, context) {
    this.#chain = chain;
    this.#letters = tables;
    this.#context = context;
  }

  static async open(client, modules, context) {
    const tables = await openLetters(client, modules, context.table);
    const chain = await Chain.open(client.rules, modules, context);
    return new WritePath(chain, tables, context);
  }

  /** Rows through the modules, and then on their way; dead letters are written before. */
  async write(target, operation, batch, signal) {
    const number = this.#writes;
    this.#writes += 1;
    const { rows, origins, tallies, exceptions } = await this.#chain.run(batch);
    const outcome = new Outcome();
    outcome.rows = batch.rows;
    outcome.origins = origins;
    this.#chain.tally(outcome, tallies);
    for (const exception of exceptions) await this.#exception(outcome, exception, number);
    if (signal?.aborted) throw signal.reason;
    return write(target, operation, rows, signal, outcome);
  }

  async #exception(outcome, exception, batch) {
    const { stage, kind, policy, rows, causes, messages } = exception;
    outcome.exceptions.push({ module: this.#chain.names[stage], kind, policy: policy.tag, rows, causes, messages });
    if (policy.tag !== 'dead-letter') return;
    const { table: source, operation } = this.#context;
    const table = this.#letters.get(policy.val);
    const sent = await table.append(letters(this.#chain, exception, { source, operation, batch }));
    sent.check();
  }
}
