// Modules tried out in the page: chosen or dropped, set up, run on the rows as they come, and put on the write path.

import * as api from './api.js';
import { columnsOf, columnsSql } from './cells.js';
import { command } from './command.js';
import { diagram } from './diagram.js';
import { at, count, make, put, tell } from './dom.js';
import { tally } from './fates.js';
import { figure, short } from './flows.js';
import { form } from './form.js';
import { Plot } from './plot.js';
import { Runner } from './runner.js';

const FIGURES = [['kept', 'kept'], ['out', 'left out'], ['refused', 'refused'], ['failed', 'failed']];
const LONGEST = 16 << 20;
const POLICIES = [['fail', 'end the flow'], ['drop', 'leave them out'], ['pass', 'let them pass as they are'], ['dead-letter', 'write them to a table of their own']];

export class Bench {
  /** `session` gives the rules; `changed` is called when there is another chain, or none. */
  constructor(session, changed) {
    this.session = session;
    this.changed = changed;
    this.stages = [];
    this.number = 0;
    this.figures = Object.fromEntries(FIGURES.map(([mark, label]) => [mark, figure(mark, label)]));
    at('figures').replaceChildren(...FIGURES.map(([mark]) => this.figures[mark].element));
    at('add').addEventListener('click', () => this.choose(at('stock').value));
    at('file').addEventListener('change', event => this.give(event.target.files).finally(() => { event.target.value = ''; }));
    at('deploy').addEventListener('submit', event => this.deploy(event));
    at('sink').addEventListener('input', () => this.say());
    at('copy').addEventListener('click', () => this.copy());
    this.takeDrops(at('try'));
  }

  /** Reads which stock modules there are. */
  async begin() {
    this.stock = await api.get('/modules');
    at('stock').append(...this.stock.map(module => make('option', { value: module.name, title: module.summary }, module.name)));
  }

  /** Begins anew with another table. */
  table(table) {
    this.end();
    this.source = table;
    this.stages = [];
    at('try').hidden = !table || table.keyed;
    at('sink').value = '';
    this.choice();
  }

  takeDrops(place) {
    const over = event => {
      if (![...event.dataTransfer.types].includes('Files')) return;
      event.preventDefault();
      at('drop').classList.add('over');
    };
    place.addEventListener('dragover', over);
    place.addEventListener('dragenter', over);
    place.addEventListener('dragleave', () => at('drop').classList.remove('over'));
    place.addEventListener('drop', event => {
      event.preventDefault();
      at('drop').classList.remove('over');
      this.give(event.dataTransfer.files);
    });
    // A file that misses the place is not opened in place of the page.
    for (const name of ['dragover', 'drop']) document.addEventListener(name, event => event.preventDefault());
  }

  async choose(name) {
    if (!name) return tell(at('try-problem'), 'Choose a stock module first.');
    await this.make(`/transpile?stock=${encodeURIComponent(name)}`, undefined, name, undefined);
  }

  async give(files) {
    for (const file of files) {
      if (file.size > LONGEST) tell(at('try-problem'), `${file.name} is longer than 16 MiB; no module is.`);
      else await this.make(`/transpile?name=${encodeURIComponent(file.name.replace(/\.wasm$/, ''))}`, file, file.name, file.name);
    }
  }

  async make(path, body, name, file) {
    tell(at('try-problem'), null);
    at('try').setAttribute('aria-busy', 'true');
    try {
      const made = await api.send('POST', path, body);
      if (made.inert.length > 0) {
        tell(at('try-problem'), `${made.name} imports ${made.inert[0]}, which a page does not have; it can run on the command line.`);
        return;
      }
      const required = made.parameters?.required?.length > 0;
      this.stages.push({ key: (this.number += 1), made, file, stock: file ? undefined : made.name, config: required ? null : {}, policy: 'fail', letters: '' });
      this.choice(this.stages.length - 1);
    } catch (error) {
      tell(at('try-problem'), `${name}: ${error.message}`);
    } finally {
      at('try').removeAttribute('aria-busy');
    }
  }

  /** Shows the chain, and the settings of one of its modules, and opens it. */
  choice(picked) {
    this.picked = picked;
    this.settings(this.stages[picked], picked !== undefined);
    this.reopen(0);
  }

  settings(stage, focus) {
    const place = at('settings');
    if (!stage) return place.replaceChildren();
    const columns = columnsOf(this.source.schema).map(column => column.name);
    const made = form(stage.made.name, stage.made.parameters, stage.config ?? {}, columns, config => {
      stage.config = config;
      this.reopen(300);
    });
    const letters = make('input', { 'aria-label': 'Table for the rows that it refuses', placeholder: 'table', spellcheck: 'false', hidden: stage.policy !== 'dead-letter' });
    letters.value = stage.letters;
    const policy = make('select', {}, POLICIES.map(([value, text]) => make('option', { value }, text)));
    policy.value = stage.policy;
    const set = () => {
      [stage.policy, stage.letters] = [policy.value, letters.value];
      letters.hidden = policy.value !== 'dead-letter';
      this.reopen(300);
    };
    policy.addEventListener('change', set);
    letters.addEventListener('input', set);
    made.element.querySelector('legend').after(make('p', { class: 'hint' }, stage.made.summary ?? ''));
    made.element.append(make('div', { class: 'fields' }, make('label', {}, 'Rows that it refuses', policy), letters));
    place.replaceChildren(made.element);
    made.update();
    if (focus) made.element.querySelector('input, select, textarea')?.focus();
  }

  /** Opens the chain anew, after a little while in which more may change. */
  reopen(wait) {
    clearTimeout(this.due);
    at('result').setAttribute('aria-busy', 'true');
    this.draw();
    this.due = setTimeout(() => this.open(), wait);
  }

  async open() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.end();
    const stages = this.stages.map(stage => ({ ...stage, name: stage.made.name, entry: stage.made.entry }));
    const ready = stages.length > 0 && stages.every(stage => stage.config);
    at('result').hidden = !ready;
    if (!ready) return this.changed();
    if (!at('sink').value) at('sink').value = `${short(this.source.path)}_${stages.at(-1).name}`.replace(/[^A-Za-z0-9_.-]/g, '_');
    try {
      const runner = await Runner.open(await this.session.rules(), this.source.path, this.source.schema, stages);
      if (turn !== this.turn) return runner.end();
      tell(at('try-problem'), null);
      this.runner = runner;
      at('result').removeAttribute('aria-busy');
      this.counts = { read: 0, kept: 0, out: 0, refused: 0, failed: 0, at: stages.map(() => 0) };
      this.plot = new Plot(at('try-plot'), FIGURES.map(([mark]) => mark));
      this.say();
    } catch (error) {
      if (turn !== this.turn) return;
      tell(at('try-problem'), error.message);
      at('result').hidden = true;
    }
    this.changed();
  }

  end() {
    this.runner?.end();
    this.runner = undefined;
  }

  /** Counts what became of a batch. */
  count(batch, outcome) {
    const found = tally(batch, outcome);
    for (const name of Object.keys(found)) this.counts[name] += found[name];
    outcome.tallies.forEach((tally, at) => { this.counts.at[at] += Number(tally.filtered); });
  }

  /** Shows the counts; called now and then. */
  draw() {
    if (!this.source) return;
    const counts = this.runner && this.counts;
    if (counts) {
      this.plot.add(performance.now(), FIGURES.map(([mark]) => counts[mark]));
      FIGURES.forEach(([mark], at) => this.figures[mark].update(counts[mark], this.plot.rates[at]));
    }
    diagram(at('chain'), [
      { name: short(this.source.path), what: counts ? `${count(counts.read)} rows read` : 'rows as they come' },
      ...this.stages.map((stage, place) => ({
        name: stage.made.name,
        what: counts ? `${count(counts.at[place])} left out` : stage.config ? '' : 'to be set up',
        module: true,
        pick: () => this.choice(place),
        remove: () => {
          this.stages.splice(place, 1);
          this.choice(this.stages.length ? Math.max(0, place - 1) : undefined);
        },
      })),
      { name: this.stages.length ? 'this page' : 'shown below', what: counts ? `${count(counts.kept)} rows shown` : '' },
    ], Boolean(counts) && this.plot.rates.some(rate => rate > 0));
  }

  policyOf(stage) {
    return stage.policy === 'dead-letter' ? `dead-letter:${stage.letters || `${short(this.source.path)}_refused`}` : stage.policy;
  }

  say() {
    const sink = at('sink').value || 'TABLE';
    put(at('command'), command(this.session.node, {
      source: short(this.source.path),
      sink,
      columns: this.runner?.changes ? columnsSql(this.source.schema) : undefined,
      modules: this.stages.map(stage => ({ name: stage.made.name, file: stage.file, config: stage.config ?? {}, policy: this.policyOf(stage) })),
    }));
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(at('command').textContent);
      put(at('copy'), 'Copied');
    } catch {
      getSelection().selectAllChildren(at('command'));
      put(at('copy'), 'Selected');
    }
    setTimeout(() => put(at('copy'), 'Copy'), 2000);
  }

  async deploy(event) {
    event.preventDefault();
    const flow = {
      source: this.source.path,
      sink: at('sink').value.trim(),
      create: true,
      modules: this.stages.map(stage => ({
        ...(stage.stock ? { stock: stage.stock } : { id: stage.made.id }),
        name: stage.made.name,
        config: stage.config,
        'on-error': this.policyOf(stage),
        'on-failure': this.policyOf(stage),
      })),
    };
    at('put').disabled = true;
    try {
      const { id } = await api.send('POST', '/flows', JSON.stringify(flow));
      tell(at('try-problem'), null);
      at('flows').dataset.begun = id;
    } catch (error) {
      tell(at('try-problem'), error.message);
    } finally {
      at('put').disabled = false;
    }
  }
}
