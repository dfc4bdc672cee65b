// Modules on rows, in the page: the rules of a chain are the engine component's, the modules run in threads of their own.

import { columnsSql } from './cells.js';
import { CallError, Sandbox } from './sandbox.js';

/** What an error of the component says. */
export function said(error) {
  const payload = error?.payload;
  if (!payload) return String(error?.message ?? error);
  const code = payload.code ?? payload;
  const value = code.val ?? payload.val;
  if (typeof value === 'string') return value;
  return value?.message ?? code.tag ?? payload.tag ?? String(error);
}

export class Runner {
  /**
   * Loads modules and opens each with the columns that the one before gives. `rules` is the component's `chain`; a stage has `name`,
   * `entry` (where its JavaScript begins), `config` and `policy`.
   */
  static async open(rules, table, schema, stages) {
    const runner = new Runner(schema, stages);
    try {
      // A primary key is the table's, not the rows'.
      const input = { ...schema, primaryKey: new Uint32Array() };
      runner.chain = new rules.Chain(table, 'append', input, undefined);
      for (const stage of stages) await runner.add(table, stage);
      runner.output = runner.chain.finish();
      runner.changes = columnsSql(input) !== columnsSql(runner.output);
    } catch (error) {
      runner.end();
      throw error instanceof StageError ? error : new Error(said(error));
    }
    return runner;
  }

  constructor(schema, stages) {
    this.input = schema;
    this.stages = stages;
    this.sandboxes = [];
    this.opened = [];
  }

  async add(table, stage) {
    try {
      const context = { table, operation: 'append', input: this.chain.input(), config: JSON.stringify(stage.config) };
      const sandbox = await Sandbox.load(stage.entry);
      this.sandboxes.push(sandbox);
      const plan = await sandbox.open(context);
      // What it refuses is shown here, whatever the flow would do about it.
      const policy = { tag: stage.policy === 'pass' ? 'pass' : 'drop' };
      this.chain.add({ name: stage.name, onError: policy, onFailure: policy, answerBytes: undefined, answerRows: undefined }, plan);
      this.opened.push({ stage, context });
    } catch (error) {
      throw new StageError(`${stage.name}: ${said(error)}`, stage);
    }
  }

  /** Runs a batch through all modules: gives the rows that came out, where they came from, and what became of the others. */
  async run(batch) {
    const run = this.chain.run(batch);
    let reply;
    for (;;) {
      const next = run.next(reply);
      if (next.tag === 'done') return next.val;
      reply = await this.call(next.val);
    }
  }

  async call({ stage, input }) {
    try {
      if (this.sandboxes[stage].ended) await this.again(stage);
      return { tag: 'answered', val: await this.sandboxes[stage].apply(input) };
    } catch (error) {
      if (error instanceof CallError && error.refused) return { tag: 'refused', val: error.refused };
      // An instance that failed is not called again.
      this.sandboxes[stage].end();
      return { tag: 'failed', val: said(error) };
    }
  }

  /** A new instance in the place of one that failed. */
  async again(at) {
    const { stage, context } = this.opened[at];
    const sandbox = await Sandbox.load(stage.entry);
    this.sandboxes[at] = sandbox;
    await sandbox.open(context);
  }

  end() {
    for (const sandbox of this.sandboxes) sandbox.end();
  }
}

/** A module that cannot be loaded or does not want its place. */
export class StageError extends Error {
  constructor(text, stage) {
    super(text);
    this.stage = stage;
  }
}
