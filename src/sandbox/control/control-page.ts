/**
 * The page at `/`: instances, route tables, who holds which route. It loads nothing from elsewhere, asks for the state
 * once a second, and marks what has changed.
 */
export const CONTROL_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>vpcast sandbox</title>
<style>
:root { --line: #d5d9e0; --soft: #5c6573; --card: #fff; --page: #f4f6f9; --ink: #171b22; --good: #147a3d; --bad: #b3261e; --warn: #8a5a00; --flash: #ffe58a }
@media (prefers-color-scheme: dark) {
  :root { --line: #2d343f; --soft: #98a3b3; --card: #171b22; --page: #0f1217; --ink: #e8ecf2; --good: #4cc38a; --bad: #ff7b72; --warn: #e3b341; --flash: #5c4a00 }
}
* { box-sizing: border-box }
body { margin: 0; padding: 1.25rem; background: var(--page); color: var(--ink); font: 14px/1.45 system-ui, sans-serif }
h1 { font-size: 1.15rem; margin: 0 0 .15rem }
h2 { font-size: .95rem; margin: 1.4rem 0 .5rem }
p { margin: 0; color: var(--soft) }
main { max-width: 76rem; margin: auto }
.grid { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .85rem; overflow-x: auto }
.card h3 { font-size: .95rem; margin: 0 }
code, td, small { font-family: ui-monospace, monospace; font-size: .85em }
small { color: var(--soft); display: block }
table { border-collapse: collapse; width: 100%; margin-top: .35rem }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .8rem }
td, th { padding: .18rem .6rem .18rem 0; vertical-align: top }
.good { color: var(--good) } .bad { color: var(--bad) } .warn { color: var(--warn) }
.changed { animation: flash 4s ease-out }
@keyframes flash { from { background: var(--flash) } to { background: transparent } }
@media (prefers-reduced-motion: reduce) { .changed { animation: none; outline: 2px solid var(--warn) } }
</style>
</head>
<body>
<main>
<h1>vpcast sandbox</h1>
<p id="about" role="status">connecting…</p>
<h2>Route tables</h2><div class="grid" id="tables"></div>
<div id="panels"></div>
<h2>Instances</h2><div class="grid" id="instances"></div>
<h2>Faults</h2><div class="card" id="faults"></div>
<h2>Last changes</h2><div class="card"><table><tbody id="journal"></tbody></table></div>
</main>
<script>
'use strict';
const byId = (id) => document.getElementById(id);
const seen = new Map();
let isFirst = true;
let lastSeq = 0;

function make(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

/* A node whose text is compared with what it was the last time. */
function watched(key, node) {
  const before = seen.get(key);
  seen.set(key, node.textContent);
  if (!isFirst && before !== node.textContent) node.classList.add('changed');
  return node;
}

function toneOf(word) {
  if (['running', 'active', 'ok'].includes(word)) return 'good';
  if (['stopped', 'terminated', 'blackhole', 'impaired'].includes(word)) return 'bad';
  return 'warn';
}

function row(cells) {
  const line = make('tr');
  line.append(...cells);
  return line;
}

function showTable(table) {
  const card = make('section', undefined, 'card');
  card.append(make('h3', table.name || table.id), make('small', table.id + (table.tags.az ? ' · ' + table.tags.az : '')));
  const grid = make('table');
  grid.append(row(['destination', 'holder', 'state'].map((text) => make('th', text))));
  for (const route of table.routes) {
    const key = table.id + ' ' + route.destination + ' ' + route.origin;
    const line = row([make('td', route.destination), make('td', route.holder), make('td', route.state, toneOf(route.state))]);
    line.title = route.target + ' · ' + route.origin;
    grid.append(watched(key, line));
  }
  card.append(grid);
  return card;
}

function showPanel(panel) {
  const card = make('section', undefined, 'card');
  const grid = make('table');
  grid.append(row(panel.columns.map((text) => make('th', text))));
  for (const cells of panel.rows) {
    grid.append(watched(panel.title + ' ' + cells[0], row(cells.map((text) => make('td', text)))));
  }
  card.append(grid);
  return [make('h2', panel.title), card];
}

function showInstance(instance) {
  const card = make('section', undefined, 'card');
  card.append(make('h3', instance.name || instance.id), make('small', instance.id + ' · ' + instance.availabilityZone));
  const line = make('div');
  line.append(make('span', instance.state, toneOf(instance.state)));
  if (instance.state === 'running') {
    line.append(' · checks ', make('span', instance.status.instance, toneOf(instance.status.instance)));
    line.append(' / ', make('span', instance.status.system, toneOf(instance.status.system)));
  }
  for (const signal of Object.keys(instance.signals)) line.append(' · ', make('span', signal, 'warn'));
  card.append(watched(instance.id, line));
  for (const eni of instance.interfaces) {
    card.append(make('small', eni.privateIp + '  ' + eni.id + (eni.sourceDestCheck ? '  source/dest check on' : '')));
  }
  return card;
}

function showFaults(state) {
  const lines = state.faults.map((fault) => make('div', JSON.stringify(fault), 'warn'));
  if (state.throttling) lines.push(make('div', 'throttling as EC2 does', 'warn'));
  return lines.length ? lines : [make('small', 'none')];
}

function showEntry(entry) {
  const what = [entry.tableId || entry.instanceId || '', entry.destination || ''].join(' ');
  const change = (entry.from || '–') + ' → ' + (entry.to || '–');
  const time = new Date(entry.wallMs).toLocaleTimeString();
  const result = make('td', entry.result, entry.result === 'ok' ? 'good' : 'bad');
  const line = row([...[time, entry.action, what, change].map((text) => make('td', text)), result]);
  if (!isFirst && entry.seq > lastSeq) line.className = 'changed';
  return line;
}

async function fetchJson(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(path + ': ' + response.status);
  return response.json();
}

async function refresh() {
  try {
    const [state, journal] = await Promise.all([fetchJson('/_sandbox/state'), fetchJson('/_sandbox/journal?last=30')]);
    byId('about').textContent = state.region + ' · account ' + state.accountId + ' · ' + location.origin;
    byId('tables').replaceChildren(...state.routeTables.map(showTable));
    byId('panels').replaceChildren(...state.panels.flatMap(showPanel));
    byId('instances').replaceChildren(...state.instances.map(showInstance));
    byId('faults').replaceChildren(...showFaults(state));
    byId('journal').replaceChildren(...journal.reverse().map(showEntry));
    lastSeq = Math.max(lastSeq, ...journal.map((entry) => entry.seq));
    isFirst = false;
  } catch (error) {
    byId('about').textContent = 'no answer: ' + error.message;
  }
  setTimeout(refresh, 1000);
}
refresh();
</script>
</body>
</html>
`;
