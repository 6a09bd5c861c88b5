// Keeps the page alive: what changes is fetched from the server as ready HTML and put in its place. Without this
// script the page is complete; it only doesn't change by itself.
(() => {
  'use strict';
  const feed = document.getElementById('activities');
  if (!feed) return;

  // A picture that doesn't come leaves no hole.
  const hide = (img) => {
    const photo = img.closest('.photo'), card = img.closest('.card');
    if (!photo || !card) return;
    const list = photo.closest('ul'), media = card.querySelector('.media');
    (photo.closest('li') || photo).remove();
    if (list && !list.firstElementChild) list.remove();
    if (card.querySelector('.photo')) return;
    const route = media.querySelector('.route');
    card.classList.remove('both', 'photo');
    card.classList.add(route ? 'route' : 'plain');
    media.className = 'media';
    if (route) media.replaceChildren(route); else media.remove();
  };
  feed.addEventListener('error', (e) => { if (e.target.tagName === 'IMG') hide(e.target); }, true);
  for (const img of feed.querySelectorAll('img')) if (img.complete && !img.naturalWidth && img.currentSrc) hide(img);

  // Times: clock times in the reader's own zone, and "4 minutes ago" as it grows old.
  const opened = new Date().toDateString();
  const count = (n, one) => `${n} ${one}${n === 1 ? '' : 's'} ago`;
  const ago = (s) => s < 60 ? 'just now' : s < 3600 ? count(Math.floor(s / 60), 'minute')
    : s < 172800 ? count(Math.floor(s / 3600), 'hour') : count(Math.floor(s / 86400), 'day');
  const tell = () => {
    for (const t of document.querySelectorAll('time[data-say]')) {
      const at = new Date(t.dateTime);
      if (t.dataset.say === 'ago') { t.textContent = ago((Date.now() - at) / 1000); continue; }
      const o = { hour: '2-digit', minute: '2-digit' };
      if (at.toDateString() !== new Date().toDateString()) Object.assign(o, { day: 'numeric', month: 'long' });
      t.textContent = at.toLocaleString('en-GB', o).replace(' at ', ', ');
    }
  };
  tell();
  setInterval(() => { if (!document.hidden) tell(); }, 30000);

  const get = async (path) => {
    const r = await fetch(path, { headers: { Accept: 'text/html' } });
    if (r.status === 404) return null;
    if (!r.ok) throw new Error(path + ': ' + r.status);
    const t = document.createElement('template');
    t.innerHTML = await r.text();
    return t.content.firstElementChild;
  };

  // Two columns without holes: rows of 4 px, of which each card takes as many as it is high.
  const wide = matchMedia('(min-width: 700px)');
  const sized = new ResizeObserver((list) => { for (const e of list) span(e.target); });
  const span = (c) => {
    c.style.gridRowEnd = wide.matches ? `span ${Math.ceil((c.offsetHeight + 24) / 4)}` : '';
  };
  const columns = () => {
    feed.classList.add('packed');
    sized.disconnect();
    for (const c of feed.querySelectorAll('.card')) { span(c); sized.observe(c); }
  };
  wide.addEventListener('change', columns);
  columns();

  const top = async () => {
    const fresh = await get('/top'), old = document.getElementById('top');
    if (!fresh || fresh.outerHTML === top.last) return;
    top.last = fresh.outerHTML;
    old.replaceWith(fresh);
    tell();
  };

  const newer = (a, b) => a.dataset.start - b.dataset.start || a.id.length - b.id.length || (a.id > b.id ? 1 : -1);

  const card = async (id) => {
    const fresh = await get('/card/' + id), old = document.getElementById('a' + id);
    if (!fresh) { if (old) old.remove(); return; }
    if (old) {
      const open = [...old.querySelectorAll('details')].map((d) => d.open);
      fresh.querySelectorAll('details').forEach((d, i) => { d.open = !!open[i]; });
      if (old.dataset.start === fresh.dataset.start) { old.replaceWith(fresh); columns(); return; }
      old.remove();
    } else if (!('live' in feed.dataset)) return; // an older page gets no new ones
    const cards = [...feed.querySelectorAll('.card')];
    const next = cards.find((c) => newer(fresh, c) > 0);
    if (!next && document.querySelector('.pages [rel=next]')) return; // it belongs on a later page
    const blank = feed.querySelector('.blank');
    if (blank) blank.remove();
    if (!old) fresh.classList.add('new');
    feed.insertBefore(fresh, next || null);
    columns();
  };

  // One change after the other; many at once are a new page.
  const waiting = new Set();
  let busy = false;
  const work = async () => {
    if (busy) return;
    busy = true;
    try {
      while (waiting.size) {
        const ids = [...waiting];
        waiting.clear();
        for (const id of ids) await card(id);
        await top();
      }
    } catch { /* the next change, or the next connection, brings it */ }
    busy = false;
  };

  let source = null, pause = 1000, timer = 0, since = feed.dataset.seq;
  const listen = () => {
    clearTimeout(timer);
    if (source || document.hidden) return;
    source = new EventSource('/v1/events' + (since ? '?since=' + since : ''));
    source.onopen = () => { pause = 1000; };
    source.onmessage = (e) => change(e);
    source.addEventListener('reset', again);
    source.addEventListener('status', () => { top().catch(() => {}); });
    source.onerror = () => {
      stop();
      timer = setTimeout(listen, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, 60000);
    };
  };
  const stop = () => { clearTimeout(timer); if (source) source.close(); source = null; };
  // Everything anew; not more than twice a minute, should an old copy of the page lie between.
  const again = () => { stop(); setTimeout(() => location.reload(), Math.max(0, 30000 - performance.now())); };
  const change = (e) => {
    const c = JSON.parse(e.data);
    if (!e.lastEventId.startsWith(feed.dataset.epoch + '.')) { again(); return; }
    since = c.seq || since;
    if (c.activity && c.activity !== '0') waiting.add(c.activity);
    work();
  };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { stop(); return; }
    if (new Date().toDateString() !== opened) { location.reload(); return; } // "Today" has become yesterday
    tell();
    listen();
    top().catch(() => {});
  });
  addEventListener('pagehide', stop);
  addEventListener('pageshow', listen);
  listen();
})();
