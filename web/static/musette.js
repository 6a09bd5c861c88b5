// Keeps an open page alive: what changes comes from the server as ready HTML and is put in its place. Without this
// script the page is complete; it only doesn't change by itself.
(() => {
  'use strict';
  const feed = document.getElementById('activities');
  if (!feed) return;
  const live = 'live' in feed.dataset; // the first page; older ones get no new activities
  const cards = () => [...feed.querySelectorAll('.card')];
  const told = new Map(cards().map((c) => [c.id, c.outerHTML])); // each card as the server told it

  // A picture that doesn't come leaves no hole: the next takes the large one's place.
  const hide = (img) => {
    const photo = img.closest('.photo'), card = img.closest('.card');
    if (!photo || !card) return;
    (photo.closest('li') || photo).remove();
    const media = card.querySelector('.media'), route = media.querySelector('.route'), next = card.querySelector('.photo');
    const li = next && next.closest('li');
    if (li && !media.querySelector(':scope > .photo')) {
      const { width, height } = next.firstElementChild.attributes;
      media.classList.toggle('portrait', !!width && +height.value > +width.value);
      media.prepend(next);
      li.remove();
    }
    for (const list of card.querySelectorAll('.more, .strip')) if (!list.firstElementChild) list.remove();
    const side = media.querySelector('.side');
    if (side && !side.querySelector('.photo')) {
      if (route) side.replaceWith(route); else side.remove();
      media.classList.remove('shared');
    }
    if (next) return;
    card.classList.remove('both', 'photo');
    card.classList.add(route ? 'route' : 'plain');
    media.className = 'media';
    if (route) media.replaceChildren(route); else media.remove();
  };
  feed.addEventListener('error', (e) => { if (e.target.tagName === 'IMG') hide(e.target); }, true);
  for (const img of feed.querySelectorAll('img')) if (img.complete && !img.naturalWidth && img.currentSrc) hide(img);

  // Two columns without holes: rows of 2 px, of which each card takes as many as it is high.
  const wide = matchMedia('(min-width: 700px)');
  const sized = new ResizeObserver((list) => { for (const e of list) span(e.target); });
  const span = (c) => {
    c.style.gridRowEnd = wide.matches ? `span ${Math.ceil((c.offsetHeight + 24) / 2)}` : '';
  };
  const columns = () => {
    sized.disconnect();
    const list = cards();
    feed.classList.toggle('packed', list.length > 0);
    for (const c of list) { span(c); sized.observe(c); }
  };
  wide.addEventListener('change', columns);
  columns();

  const { localise, tell, today } = window.musette, opened = today();

  // get fetches HTML; null if it isn't there (any more).
  const get = async (path) => {
    const r = await fetch(path, { headers: { Accept: 'text/html' } });
    if (r.status === 404) return null;
    if (!r.ok) throw new Error(`${path}: ${r.status}`);
    const t = document.createElement('template');
    t.innerHTML = await r.text();
    return t.content;
  };
  const head = (fresh) => {
    const old = document.getElementById('top');
    if (!fresh || head.told === fresh.outerHTML) return;
    head.told = fresh.outerHTML;
    old.replaceWith(fresh);
    document.title = fresh.querySelector('h1').textContent;
    tell();
  };
  const drop = (id) => {
    const old = document.getElementById(id);
    if (old) old.remove();
    told.delete(id);
  };
  const newer = (a, b) => a.dataset.start - b.dataset.start || a.id.length - b.id.length || (a.id > b.id ? 1 : -1);
  const put = (fresh, last) => {
    const html = fresh.outerHTML, old = document.getElementById(fresh.id);
    if (told.get(fresh.id) === html) return;
    if (old) {
      const open = [...old.querySelectorAll('details')].map((d) => d.open);
      fresh.querySelectorAll('details').forEach((d, i) => { d.open = !!open[i]; });
    } else if (!live) return;
    const next = cards().find((c) => c !== old && newer(fresh, c) > 0);
    if (!next && !old && !last && document.querySelector('.pages [rel=next]')) return; // it belongs to an older page
    told.set(fresh.id, html);
    if (old) old.remove(); else fresh.classList.add('new');
    localise(fresh);
    feed.insertBefore(fresh, next || null);
    for (const b of feed.querySelectorAll('.blank')) b.remove();
  };

  // Changes are worked off one after the other; many at once are a look at the whole page.
  const waiting = new Set();
  let all = false, busy = false, rest = 0;
  const whole = async () => {
    const page = await get(location.pathname + location.search);
    const fresh = page && page.getElementById('activities');
    if (!fresh || !fresh.querySelector('.card')) { location.reload(); return; }
    feed.dataset.epoch = fresh.dataset.epoch;
    const list = [...fresh.querySelectorAll('.card')], ids = new Set(list.map((c) => c.id));
    for (const c of cards()) if (!ids.has(c.id)) drop(c.id);
    for (const c of list) put(c, true);
    const links = document.querySelector('.pages'), now = page.querySelector('.pages');
    if (links) links.remove();
    if (now) feed.after(now);
    head(page.getElementById('top'));
  };
  const work = async () => {
    if (busy) return;
    busy = true;
    clearTimeout(rest);
    try {
      while (all || waiting.size) {
        if (all || waiting.size > 10) {
          all = false;
          waiting.clear();
          await whole();
        } else {
          for (const id of waiting) {
            const content = await get('/card/' + id);
            if (content) put(content.firstElementChild); else drop('a' + id);
            waiting.delete(id);
          }
          head((await get('/top')).firstElementChild);
        }
        columns();
        await new Promise((done) => setTimeout(done, 1000));
      }
    } catch {
      rest = setTimeout(work, 10000);
    }
    busy = false;
  };

  let source = null, pause = 1000, retry = 0, since = feed.dataset.seq;
  const stop = () => { clearTimeout(retry); if (source) source.close(); source = null; };
  const listen = () => {
    clearTimeout(retry);
    if (source || document.hidden) return;
    source = new EventSource('/v1/events?since=' + since);
    source.onopen = () => { pause = 1000; feed.dataset.state = 'live'; };
    source.onmessage = (e) => {
      const change = JSON.parse(e.data);
      since = change.seq;
      if (!e.lastEventId.startsWith(feed.dataset.epoch + '.')) all = true;
      waiting.add(change.activity);
      work();
    };
    source.addEventListener('reset', (e) => { since = JSON.parse(e.data).seq; all = true; work(); });
    source.addEventListener('status', () => { get('/top').then((c) => head(c.firstElementChild)).catch(() => {}); });
    source.onerror = () => {
      stop();
      retry = setTimeout(listen, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, 60000);
    };
  };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { stop(); return; }
    if (today() !== opened) { location.reload(); return; } // "Today" has become yesterday
    listen();
  });
  addEventListener('pagehide', stop);
  addEventListener('pageshow', listen);
  listen();
})();
