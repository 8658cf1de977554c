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
.bar, main, footer { max-width: 1280px; margin: 0 auto; padding: 0 1.5rem; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem 1.5rem; padding-top: .8rem;
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
.findings { table-layout: fixed; }
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
[hidden] { display: none !important; }
@media (max-width: 860px) {
  .bar, main, footer { padding-left: .9rem; padding-right: .9rem; }
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
  let timer = 0;
  const say = (state, text) => {
    live.dataset.state = state;
    if (live.textContent !== text) live.textContent = text;
  };
  const applyFilter = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of document.querySelectorAll('main tbody tr')) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
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
    old.replaceWith(fresh);
    document.title = page.title;
    applyFilter();
    if (href) {
      const again = fresh.querySelector('a[href="' + CSS.escape(href) + '"]');
      if (again) again.focus({preventScroll: true});
    }
  };
  const refresh = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
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
  filter.addEventListener('input', applyFilter);
  filter.hidden = false;
  live.hidden = false;
  applyFilter();
  document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
  say('up', 'Live');
  timer = setTimeout(refresh, pause);
})();
)js";
}

}  // namespace hostnet
