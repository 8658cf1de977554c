#include "agent/render/html/page_assets.h"

namespace hostnet {

std::string_view page_style() {
  return R"css(
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --text: #1a1f26; --muted: #5a6472; --line: #dfe3e8; --link: #0b57a4;
  --stripe: #fafbfc; --critical: #b42318; --critical-back: #fdecea; --warning: #855600;
  --warning-back: #fff4d6; --info: #1d4f91; --info-back: #e8f1fc; --good: #05603a;
  --good-back: #e3f7ec; --plain-back: #eef0f3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1217; --card: #161b22; --text: #e4e8ed; --muted: #98a2af; --line: #2a323c;
    --link: #7ab7ff; --stripe: #1a2029; --critical: #ffa198; --critical-back: #43191a;
    --warning: #f2c55c; --warning-back: #3a2c0b; --info: #9ecbff; --info-back: #152a45;
    --good: #7ee2a8; --good-back: #0f3322; --plain-back: #242b35;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -99em; }
.skip:focus { left: 1em; top: .5em; background: var(--card); padding: .3em .7em; }
body > header { background: var(--card); border-bottom: 1px solid var(--line); }
header > .bar, main, footer { max-width: 1280px; margin: 0 auto; padding: 0 1.5rem; }
header > .bar { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem 1.5rem; padding-top: .8rem;
  padding-bottom: .8rem; }
.brand { font-weight: 650; color: var(--text); letter-spacing: -.01em; }
nav { display: flex; gap: .25rem; flex-wrap: wrap; }
nav a { padding: .2rem .65rem; border-radius: 6px; color: var(--muted); }
nav a:hover { background: var(--plain-back); text-decoration: none; }
nav a[aria-current] { background: var(--plain-back); color: var(--text); font-weight: 600; }
.live { display: flex; align-items: center; gap: 1rem; margin-left: auto; color: var(--muted);
  font-size: .87rem; }
#live::before { content: ""; display: inline-block; width: .55em; height: .55em; margin-right: .45em;
  border-radius: 50%; background: var(--muted); }
#live[data-state=up]::before { background: #1f9d5b; }
#live[data-state=down] { color: var(--critical); font-weight: 600; }
#live[data-state=down]::before { background: var(--critical); border-radius: 0; }
#filter { font: inherit; width: 13em; padding: .22rem .6rem; color: var(--text);
  background: var(--page); border: 1px solid var(--line); border-radius: 6px; }
main { padding-top: 1.4rem; padding-bottom: 1.5rem; }
h1 { font-size: 1.45rem; line-height: 1.25; margin: 0 0 .25rem; letter-spacing: -.015em;
  overflow-wrap: anywhere; }
h1 + section { margin-top: .8rem; }
.meta { color: var(--muted); margin: 0 0 1.1rem; font-size: .9rem; }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: .8rem; margin: 0 0 1.2rem;
  padding: 0; list-style: none; }
.figures li { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: .7rem 1rem; }
.figures b { display: block; font-size: 1.6rem; line-height: 1.2; font-weight: 650;
  font-variant-numeric: tabular-nums; }
.figures span { color: var(--muted); font-size: .87rem; }
.figures .bad { border-color: var(--critical); }
.figures .bad b { color: var(--critical); }
.notice { border: 1px solid var(--line); border-left: 4px solid var(--warning); border-radius: 8px;
  background: var(--card); padding: .75rem 1rem; margin: 0 0 1.2rem; }
.notice h2 { font-size: 1rem; margin: 0 0 .25rem; color: var(--warning); }
.notice ul { margin: 0; padding-left: 1.2rem; }
.notice p { margin: 0; }
.notice.critical { border-left-color: var(--critical); }
.notice.critical h2 { color: var(--critical); }
details.notice { border-left-color: var(--line); color: var(--muted); }
summary { cursor: pointer; }
details[open] > summary { margin-bottom: .4rem; }
section { margin: 0 0 1.5rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; padding: .85rem 1rem .7rem; font-size: 1.08rem; font-weight: 650; }
caption .count { color: var(--muted); font-weight: 400; margin-left: .35em; }
caption .more { float: right; font-weight: 400; font-size: .87rem; }
th { text-align: left; font-weight: 600; font-size: .8rem; color: var(--muted); padding: .4rem 1rem;
  background: var(--stripe); border-top: 1px solid var(--line); white-space: nowrap; }
td { padding: .65rem 1rem; vertical-align: top; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
td ul, dd ul { margin: 0; padding: 0; list-style: none; }
td li + li, dd li + li { margin-top: .45rem; }
small { display: block; color: var(--muted); font-size: .85rem; }
.port { font-weight: 650; white-space: nowrap; font-variant-numeric: tabular-nums; }
.nowrap { white-space: nowrap; }
.none { color: var(--muted); }
code, .mono { font: .87em/1.5 ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; }
.badge { display: inline-block; padding: .05rem .5rem; border-radius: 99px; font-size: .82rem;
  font-weight: 600; white-space: nowrap; background: var(--plain-back); color: var(--text); }
.badge.critical { background: var(--critical-back); color: var(--critical); }
.badge.warning { background: var(--warning-back); color: var(--warning); }
.badge.info { background: var(--info-back); color: var(--info); }
.badge.good { background: var(--good-back); color: var(--good); }
td .badge { margin: 0 .25rem .15rem 0; }
.findings, .ports { table-layout: fixed; }
.ports th:nth-child(1) { width: 8rem; }
.findings th:nth-child(1) { width: 7.5rem; }
.findings th:nth-child(2) { width: 7rem; }
.findings th:nth-child(3) { width: 22%; }
.findings th:nth-child(6) { width: 5.5rem; }
.empty { padding: .3rem 1rem 1.1rem; margin: 0; color: var(--muted); }
.empty .badge { margin-right: .4em; }
footer { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .87rem;
  padding-bottom: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; margin: 0;
  padding: .4rem 1rem 1rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
.card > h2 { font-size: 1.08rem; margin: 0; padding: .85rem 1rem .5rem; }
.card > h3 { font-size: .9rem; margin: 0; padding: 0 1rem .3rem; color: var(--muted); }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th button::after { content: " ↕"; opacity: .45; }
th[aria-sort=ascending] button::after { content: " ↑"; opacity: 1; }
th[aria-sort=descending] button::after { content: " ↓"; opacity: 1; }
.map { display: block; width: calc(100% - 2rem); margin: 0 1rem .6rem; height: auto;
  background: var(--stripe); border: 1px solid var(--line); }
.band { fill: var(--plain-back); }
.band.well { fill: var(--info-back); }
.band.node { fill: var(--warning-back); }
.band.ephemeral { fill: var(--plain-back); }
.band.reserved { fill: var(--good-back); }
.mark { stroke: var(--card); stroke-width: 1; fill: var(--info); }
.mark.declared { fill: var(--card); stroke: var(--good); stroke-width: 2; }
.mark.both { fill: var(--good); }
.mark.conflict { fill: var(--critical); stroke: var(--text); stroke-width: 1.5; }
.map a:focus { outline: none; }
.map a:focus .mark, .map a:hover .mark { stroke: var(--text); stroke-width: 3; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 0; padding: 0 1rem 1rem;
  list-style: none; font-size: .85rem; color: var(--muted); }
.legend svg { margin-right: .4em; }
.paths { display: flex; flex-wrap: wrap; gap: 1.2rem; padding: .2rem 1rem 1rem; }
.path { max-width: 100%; height: auto; }
.step rect { fill: var(--stripe); stroke: var(--line); }
.step.rule rect { fill: var(--warning-back); stroke: var(--warning); }
.step.nobody rect { fill: var(--critical-back); stroke: var(--critical); }
.step.process rect, .step.goes-to rect { fill: var(--good-back); stroke: var(--good); }
.astray .process rect, .astray .goes-to rect { fill: var(--critical-back);
  stroke: var(--critical); }
.note { fill: var(--critical); font-size: 13px; }
.step text { fill: var(--text); font-size: 13px; }
.step .kind { fill: var(--text); font-size: 11px; opacity: .75; }
.arrow { fill: none; stroke: var(--muted); stroke-width: 1.5; }
.lanes { margin: 0; padding: 0 1rem 1rem; list-style: none; }
.lanes svg { display: block; width: 100%; height: 16px; background: var(--stripe); }
.bar.over { fill: var(--muted); }
.bar.critical { fill: var(--critical); }
.bar.warning { fill: var(--warning); }
.bar.info { fill: var(--info); }
.spark { display: block; width: 96px; height: 22px; }
.spark polyline { fill: none; stroke: var(--link); stroke-width: 1.5; }
.notice small { margin: 0 0 .3rem; }
[hidden] { display: none !important; }
@media (max-width: 860px) {
  header > .bar, main, footer { padding-left: .9rem; padding-right: .9rem; }
  .live { margin-left: 0; width: 100%; justify-content: space-between; }
  .figures { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .figures li { padding: .55rem .8rem; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, td, caption { display: block; }
  tr { border-top: 1px solid var(--line); padding: .6rem .9rem; }
  td { border: 0; padding: .18rem 0; display: grid; grid-template-columns: 6.5rem 1fr; gap: .6rem; }
  td::before { content: attr(data-label); color: var(--muted); font-size: .85rem; }
  td .badge { margin-bottom: 0; }
  td.blank { display: none; }
  #filter { width: 10em; }
}
@media print { nav, .live, footer { display: none; } }
)css";
}

std::string_view page_script() {
  return R"js(
(() => {
  'use strict';
  const live = document.getElementById('live');
  const filter = document.getElementById('filter');
  const pause = 5000;
  const quiet = 1500;
  let timer = 0;
  const say = (state, text) => {
    live.dataset.state = state;
    if (live.textContent !== text) live.textContent = text;
  };
  // What a row says, once: reading it again for each letter typed would be slow.
  const texts = new WeakMap();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  let typed = -1e9;
  const applyFilter = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of document.querySelectorAll('main tbody tr')) {
      const hide = words.length > 0 && !words.every((word) => textOf(row).includes(word));
      if (row.hidden !== hide) row.hidden = hide;
    }
  };
  // By the header that was pressed last in each section, numbers as numbers; blank cells last.
  const order = new Map();
  const collator = new Intl.Collator(undefined, {numeric: true});
  const sortTable = (table, column, down) => {
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => {
      const cell = row.cells[column];
      return {row, blank: cell.classList.contains('blank'), text: cell.textContent};
    });
    keyed.sort((a, b) => a.blank - b.blank || (down ? -1 : 1) * collator.compare(a.text, b.text));
    body.append(...keyed.map((item) => item.row));
    [...table.tHead.rows[0].cells].forEach((head, i) => {
      if (i === column) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
  };
  const makeSortable = (main) => {
    for (const table of main.querySelectorAll('table')) {
      const id = table.closest('section').id;
      [...table.tHead.rows[0].cells].forEach((head, column) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = head.textContent;
        head.replaceChildren(button);
        button.addEventListener('click', () => {
          const down = head.getAttribute('aria-sort') === 'ascending';
          order.set(id, {column, down});
          sortTable(table, column, down);
        });
      });
      const wanted = order.get(id);
      if (wanted) sortTable(table, wanted.column, wanted.down);
    }
  };
  // One stop of the Tab key; the arrows go from mark to mark.
  const makeMapNavigable = (main) => {
    const marks = [...main.querySelectorAll('.map a')];
    if (marks.length === 0) return;
    marks[0].tabIndex = 0;
    marks[0].closest('svg').addEventListener('keydown', (event) => {
      const at = marks.indexOf(document.activeElement);
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      const to = event.key === 'Home' ? 0 : event.key === 'End' ? marks.length - 1 : at + step;
      if (at < 0 || !marks[to]) return;
      event.preventDefault();
      marks[at].tabIndex = -1;
      marks[to].tabIndex = 0;
      marks[to].focus();
    });
  };
  const emptySpark = new DOMParser().parseFromString(
    '<svg class="spark" viewBox="0 0 96 22" role="img"><polyline></polyline></svg>',
    'text/html').querySelector('svg');
  const rate = (bytes) => {
    const units = ['B/s', 'KiB/s', 'MiB/s', 'GiB/s'];
    let unit = 0;
    for (; bytes >= 1024 && unit < units.length - 1; bytes /= 1024) ++unit;
    return (unit ? bytes.toFixed(1) : Math.round(bytes)) + ' ' + units[unit];
  };
  // What each interface carried since the page was opened, from one answer to the next.
  const traffic = new Map();
  const keptRates = 24;
  const showTraffic = (main) => {
    const now = performance.now();
    for (const cell of main.querySelectorAll('.traffic')) {
      const name = cell.closest('tr').querySelector('.name').textContent;
      const received = Number(cell.dataset.received);
      const sent = Number(cell.dataset.sent);
      const known = traffic.get(name) || {rates: []};
      if (known.at) {
        const seconds = (now - known.at) / 1000;
        known.down = Math.max(0, received - known.received) / seconds;
        known.up = Math.max(0, sent - known.sent) / seconds;
        known.rates.push(known.down + known.up);
        known.rates.splice(0, known.rates.length - keptRates);
      }
      Object.assign(known, {at: now, received, sent});
      traffic.set(name, known);
      if (known.rates.length === 0) continue;
      const most = Math.max(1, ...known.rates);
      const points = known.rates.map((value, i) => 4 * i + ',' + (21 - 20 * value / most));
      const words = document.createElement('small');
      words.textContent = 'rx ' + rate(known.down) + ' tx ' + rate(known.up);
      const spark = document.importNode(emptySpark, true);
      spark.setAttribute('aria-label', 'rates since the page was opened, at most ' + rate(most));
      spark.querySelector('polyline').setAttribute('points', points.join(' '));
      cell.append(words, spark);
    }
  };
  const prepare = (main) => {
    makeSortable(main);
    makeMapNavigable(main);
    showTraffic(main);
    applyFilter();
  };
  const replaceMain = (page) => {
    const fresh = page.querySelector('main');
    const old = document.querySelector('main');
    if (!fresh) throw new Error('not the page');
    if (!getSelection().isCollapsed) return;
    for (const open of old.querySelectorAll('details[open][id]')) {
      const same = fresh.querySelector('#' + CSS.escape(open.id));
      if (same) same.open = true;
    }
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const href = focused && focused.getAttribute('href');
    const port = focused && focused.getAttribute('data-port');
    const pressed = focused && focused.closest('th') && {
      section: focused.closest('section').id, column: focused.closest('th').cellIndex};
    old.replaceWith(fresh);
    document.title = page.title;
    prepare(fresh);
    if (pressed) {
      const table = fresh.querySelector('#' + CSS.escape(pressed.section) + ' table');
      const head = table && table.tHead.rows[0].cells[pressed.column];
      if (head) head.querySelector('button').focus({preventScroll: true});
    }
    if (port) {
      const again = fresh.querySelector('.map a[data-port="' + CSS.escape(port) + '"]');
      const first = fresh.querySelector('.map a[tabindex="0"]');
      if (again && first) {
        first.tabIndex = -1;
        again.tabIndex = 0;
        again.focus({preventScroll: true});
      }
    } else if (href) {
      const again = fresh.querySelector('a[href="' + CSS.escape(href) + '"]');
      if (again) again.focus({preventScroll: true});
    }
  };
  const refresh = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    // A page of thousands of rows takes a while to exchange: not while somebody types.
    if (performance.now() - typed < quiet) {
      timer = setTimeout(refresh, quiet);
      return;
    }
    const started = performance.now();
    try {
      const answer = await fetch(location.href, {
        headers: {Accept: 'text/html'}, cache: 'no-store', signal: AbortSignal.timeout(10000)});
      if (!answer.ok) throw new Error('status ' + answer.status);
      replaceMain(new DOMParser().parseFromString(await answer.text(), 'text/html'));
      say('up', 'Live');
    } catch (error) {
      if (live.dataset.state !== 'down') {
        say('down', 'No answer since ' + new Date().toLocaleTimeString() + ', this is the last one');
      }
    }
    timer = setTimeout(refresh, Math.max(pause, 20 * (performance.now() - started)));
  };
  // Asked often, as an unchanged answer costs next to nothing: what changed is there at once.
  const conflicts = new URL('conflicts?format=json',
    new URL(document.querySelector('.brand').getAttribute('href'), location.href));
  const soon = 500;
  let tag = '';
  const ask = async () => {
    if (!document.hidden && live.dataset.state === 'up') {
      try {
        const answer = await fetch(conflicts, {cache: 'no-store',
          headers: tag ? {'If-None-Match': tag} : {}, signal: AbortSignal.timeout(10000)});
        await answer.arrayBuffer();
        const known = tag;
        if (answer.ok) tag = answer.headers.get('ETag') || '';
        if (answer.ok && known) await refresh();
      } catch (error) { /* refresh() says it */ }
    }
    setTimeout(ask, soon);
  };
  filter.addEventListener('input', () => {
    typed = performance.now();
    applyFilter();
  });
  filter.hidden = false;
  live.hidden = false;
  prepare(document.querySelector('main'));
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
  say('up', 'Live');
  timer = setTimeout(refresh, pause);
  ask();
})();
)js";
}

}  // namespace hostnet
