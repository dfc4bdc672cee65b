// What became of the rows of a write.

import { InvalidError, fromEngine } from '../errors.js';

const rowsOf = ({ tag, val }) => (tag === 'span' ? val[1] : val.length);
const moved = ({ tag, val }, by) =>
  tag === 'span' ? { first: val[0] + by, count: val[1] } : { rows: Array.from(val, row => row + by) };

/** What became of the rows of a write. */
export class Outcome {
  /** How many rows were given. */
  rows = 0;
  /** How many went on to the server: all, where no modules stand before the table. */
  produced = 0;
  /** How many the server has. */
  acknowledged = 0;
  /** How many failed. */
  failed = 0;
  /**
   * The fate of each row that went on, in terms of those: `{ first, count }` or `{ rows }`, and `bucket` (`{ partition, bucket }`),
   * `offset` of the first row and `end`, one past the last, or `error` and `mayHaveBeenWritten`.
   */
  fates = [];
  /** For each row that went on the row that it came from; undefined: they are the same. */
  origins;
  /** How many rows each module left out by itself. */
  filtered = {};
  /** How many rows the policy `drop` left out. */
  dropped = 0;
  /** How many rows went to tables of dead letters. */
  deadLettered = 0;
  /** The rows that policies dealt with: `{ module, kind, policy, rows, causes, messages }`. */
  exceptions = [];

  /** The error of the first row that failed, or undefined. */
  get firstError() { return this.fates.find(fate => fate.error)?.error; }

  /** Throws the first error, where a row failed. */
  check() {
    const error = this.firstError;
    if (error) throw error;
    return this;
  }

  /** Fates from the engine, of rows that begin at `first` of the write. */
  add(fates, first) {
    let settled = 0;
    for (const [selection, fate] of fates) {
      const count = rowsOf(selection);
      settled += count;
      const place = moved(selection, first);
      if (fate.tag === 'acknowledged') {
        this.acknowledged += count;
        const { bucket, first: offset, end } = fate.val;
        this.fates.push({ ...place, count, bucket, offset, end });
      } else {
        this.failed += count;
        const { error, mayHaveBeenWritten } = fate.val;
        this.fates.push({ ...place, count, error: fromEngine(error), mayHaveBeenWritten });
      }
    }
    return settled;
  }

  /** All rows of a part failed. */
  fail(first, count, error, mayHaveBeenWritten) {
    if (count <= 0) return;
    this.failed += count;
    this.fates.push({ first, count, error, mayHaveBeenWritten });
  }
}

/** Rows on their way: told by the driver what becomes of them. */
export class Delivery {
  #outcome;
  #first;
  #left;
  #rows;
  #done;

  /** `rows` rows from `first` on; `done` is called once when each has a fate. */
  constructor(outcome, first, rows, done) {
    this.#outcome = outcome;
    this.#first = first;
    this.#rows = rows;
    this.#left = rows;
    this.#done = done;
  }

  settled(fates) {
    this.#left -= this.#outcome.add(fates, this.#first);
    if (this.#left > 0) return false;
    this.#done();
    return true;
  }

  /** They were not taken. */
  failed(error) {
    this.#outcome.fail(this.#first, this.#left, error, false);
    this.#done(error instanceof InvalidError && this.#left === this.#rows ? error : undefined);
  }

  /** The engine broke while they were on their way. */
  broken(error) {
    this.#outcome.fail(this.#first, this.#left, error, true);
    this.#done();
  }
}
