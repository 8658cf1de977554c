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
  // Caches a row's text: reading it again for each letter typed would be slow.
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
  // By the header pressed last in each section, numbers as numbers; blank cells last.
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
  // A single Tab stop; the arrow keys move from mark to mark.
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
    // Replacing a page of thousands of rows takes a while: not while somebody types.
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
  // Polls often, as an unchanged answer costs next to nothing: changes show at once.
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
      } catch (error) { /* refresh() reports it */ }
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
