// A chain of modules before or behind a table: what the rules in the component say is called, and what came of it.

import { schema as toSchema } from '../columns/schema.js';
import { ModuleError, isRefusal, fromEngine, refused } from '../errors.js';
import { refusal, reply } from './module.js';

/** Modules in their places, opened for rows of these columns. */
export class Chain {
  #rules;
  #stages;
  #context;
  #turn = Promise.resolve();

  constructor(rules, stages, context) {
    this.#rules = rules;
    this.#stages = stages;
    this.#context = context;
    /** The columns that come out, as a schema. */
    this.output = undefined;
    /** The columns in front of each module, as schemas. */
    this.inputs = [];
  }

  /** The names of the modules, as errors have them. */
  get names() { return this.#stages.map(stage => stage.name); }

  /**
   * Opens modules for the rows of an operation. What comes out has the columns `output`, where they are given; `table` is
   * `database.table`.
   */
  static async open(rules, modules, { table, operation, input, key = [], output }) {
    const columns = toSchema(input, key);
    const chain = refused(() => new rules.Chain(table, operation, columns, output && toSchema(output, key)));
    const stages = [];
    for (const module of modules) {
      const context = { table, operation, input: refused(() => chain.input()), config: module.configText };
      const instance = await module.instance();
      const plan = opened(module, instance, context);
      const stage = { name: module.name, onError: module.onError, onFailure: module.onFailure };
      const name = refused(() => chain.add(stage, plan));
      stages.push({ module, instance, context, name });
    }
    const made = new Chain(chain, stages, { table, operation });
    made.output = refused(() => chain.finish());
    made.inputs = refused(() => chain.inputs());
    return made;
  }

  /** Runs a batch through the modules, behind those before it. */
  run(batch) {
    const result = this.#turn.then(() => this.#run(batch));
    this.#turn = result.catch(() => {});
    return result;
  }

  async #run(batch) {
    const run = refused(() => this.#rules.run(batch));
    try {
      let next = step(run, undefined);
      while (next.tag === 'call') next = step(run, await this.#call(next.val));
      return next.val;
    } finally {
      run[Symbol.dispose ?? Symbol.for('dispose')]?.();
    }
  }

  async #call({ stage: at, input }) {
    const stage = this.#stages[at];
    if (!stage.instance) {
      // The one before trapped.
      try {
        stage.instance = await stage.module.instance();
        opened(stage.module, stage.instance, stage.context);
      } catch (error) {
        stage.instance = undefined;
        return { tag: 'failed', val: String(error.message) };
      }
    }
    const given = reply(() => stage.instance.apply(input));
    if (given.tag === 'failed') stage.instance = undefined;
    return given;
  }

  /** For each module by its name how many rows it took out: `{ filtered, dropped, deadLettered }`. */
  tally(outcome, tallies) {
    tallies.forEach(({ filtered, dropped, deadLettered }, at) => {
      const name = this.#stages[at].name;
      outcome.filtered[name] = (outcome.filtered[name] ?? 0) + Number(filtered);
      outcome.dropped += Number(dropped);
      outcome.deadLettered += Number(deadLettered);
    });
  }
}

function opened(module, instance, context) {
  try {
    return instance.open(context);
  } catch (error) {
    const why = isRefusal(error) ? refusal(error.payload) : error?.message ?? error;
    throw new ModuleError(`module ${module.name}: ${why}`, { code: 'module', cause: error });
  }
}

/** The next thing to be done; an answer that cannot even be handed over is a failure of the module. */
function step(run, given) {
  try {
    return run.next(given);
  } catch (error) {
    if (isRefusal(error)) throw fromEngine(error.payload);
    if (given?.tag === 'answered' && error instanceof TypeError) return step(run, { tag: 'failed', val: `a wrong answer: ${error.message}` });
    throw error;
  }
}
