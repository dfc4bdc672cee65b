// The page: tables and their rows as they come, modules tried out on them, flows on the write path.

import * as api from './api.js';
import { Bench } from './bench.js';
import { at, count, make, put, tell } from './dom.js';
import { columnsOfBoth, fates, plain } from './fates.js';
import { follow as followFlows, short } from './flows.js';
import { Grid } from './grid.js';
import { Lookup } from './lookup.js';
import { Session, message } from './session.js';

/** How often tables are asked for, in milliseconds. */
const TABLES = 3000;

const session = new Session();
const grid = new Grid();
const bench = new Bench(session, begin);
const lookup = new Lookup(session);
let tables = [];
let current;
let reading;

function status(state, reason) {
  at('status').dataset.state = state;
  put(at('status'), state === 'open' ? 'connected' : state === 'lost' ? 'no connection' : 'connecting');
  tell(at('problem'), state === 'lost' ? `The node does not answer (${reason}). Trying again.` : null);
}

/** Shows the tables there are, and keeps the focus where it is. */
function showTables() {
  const list = at('tables');
  const known = new Map([...list.children].map(item => [item.dataset.table, item]));
  const items = tables.map(table => {
    const item = known.get(table.path) ?? make('li', { 'data-table': table.path }, make('button', { type: 'button', onclick: () => open(table.path) },
      make('span', { class: 'name' }, short(table.path)), make('span', { class: 'count' }), make('span', { class: 'kind' })));
    put(item.querySelector('.count'), table.rows === undefined ? '' : count(table.rows));
    put(item.querySelector('.kind'), table.keyed ? `rows by key ${table.keys.join(', ')}` : 'rows as appended');
    item.firstElementChild.setAttribute('aria-current', table.path === current?.path);
    return item;
  });
  if (items.some((item, at) => list.children[at] !== item) || items.length !== list.children.length) list.replaceChildren(...items);
  at('tables-none').hidden = tables.length > 0;
}

async function watchTables() {
  for (;;) {
    try {
      tables = await session.tables();
      status('open');
      if (!current && tables.length > 0) open((tables.find(table => !table.keyed) ?? tables[0]).path);
      showTables();
    } catch (error) {
      status('lost', message(error));
    }
    await new Promise(done => setTimeout(done, TABLES));
  }
}

/** Shows another table. */
function open(path) {
  current = tables.find(table => table.path === path);
  put(at('rows-title'), short(path));
  document.title = `${short(path)} · Thalweg`;
  put(at('rows-about'), current.keyed ? 'changes as they come, the newest on top' : 'rows as they come, the newest on top');
  lookup.table(current);
  bench.table(current);
  showTables();
}

/** Reads the table from a little before its end on, through the modules that are tried out. */
async function begin() {
  reading?.abort();
  if (!current) return;
  const turn = (reading = new AbortController());
  const { runner } = bench;
  const columns = columnsOfBoth(current.schema, runner?.output);
  grid.begin(columns, runner ? 'Fate' : current.keyed ? 'Change' : null);
  tell(at('rows-none'), 'There are no rows yet.');
  try {
    for await (const { batch, change } of session.follow(current, turn.signal)) {
      if (batch.rows > 0) tell(at('rows-none'), null);
      if (!runner) {
        grid.add(plain(current.schema, batch, columns, change));
        continue;
      }
      const outcome = await runner.run(batch);
      if (turn.signal.aborted) return;
      bench.count(batch, outcome);
      grid.add(fates(runner, batch, outcome, columns));
    }
  } catch (error) {
    if (turn.signal.aborted) return;
    tell(at('rows-none'), `The rows cannot be read: ${message(error)}`);
    await new Promise(done => setTimeout(done, TABLES));
    if (!turn.signal.aborted) begin();
  }
}

at('pause').addEventListener('click', () => {
  const paused = !grid.paused;
  at('pause').setAttribute('aria-pressed', paused);
  put(at('pause'), paused ? 'Go on' : 'Pause');
  grid.pause(paused);
});
setInterval(() => bench.draw(), 500);

try {
  const about = await api.get('/about');
  session.node = about.node;
  put(at('node'), `node ${about.node}`);
  followFlows(status);
  await bench.begin();
  watchTables();
} catch (error) {
  status('lost', message(error));
}
