// What every page has: days in the visitor's own language, clock times by their own clock, photos one after the other over
// the page, and addresses without what was left empty. Without this script each page is complete.
(() => {
  'use strict';

  // An activity's day and time stay those of its place; only the words change.
  const language = navigator.language || 'en-GB';
  const localise = (root) => {
    if (/^en(-GB)?$/i.test(language)) return;
    for (const t of root.querySelectorAll('time[data-wall]:not([lang])')) {
      const at = new Date(t.dataset.wall + 'Z');
      if (isNaN(at)) continue;
      const day = { day: 'numeric', month: 'long', timeZone: 'UTC' }, here = new Date(), days = (d) => Math.floor(d / 864e5);
      const past = days(Date.UTC(here.getFullYear(), here.getMonth(), here.getDate())) - days(at);
      if (at.getUTCFullYear() === here.getFullYear() && !('day' in t.dataset)) day.weekday = 'long'; else day.year = 'numeric';
      let words = past === 0 || past === 1 ? new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-past, 'day') : at.toLocaleDateString(language, day);
      words = words.charAt(0).toLocaleUpperCase(language) + words.slice(1);
      if (!('day' in t.dataset) && !t.dataset.wall.endsWith('T00:00:01')) words += ', ' + at.toLocaleTimeString(language, { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' });
      t.lang = language;
      t.textContent = words;
    }
  };
  localise(document);

  // Clock times go by the reader's own clock, and "4 minutes ago" grows old.
  const past = (n, one) => `${n} ${one}${n === 1 ? '' : 's'} ago`;
  const ago = (s) => s < 60 ? 'just now' : s < 3600 ? past(Math.floor(s / 60), 'minute')
    : s < 172800 ? past(Math.floor(s / 3600), 'hour') : past(Math.floor(s / 86400), 'day');
  const today = () => new Date().toDateString();
  const tell = () => {
    for (const t of document.querySelectorAll('time[data-say]')) {
      const at = new Date(t.dateTime);
      if (t.dataset.say === 'ago') { t.textContent = ago((Date.now() - at) / 1000); continue; }
      const form = { hour: '2-digit', minute: '2-digit' };
      if (at.toDateString() !== today()) Object.assign(form, { day: 'numeric', month: 'long' });
      t.textContent = at.toLocaleString('en-GB', form).replace(' at ', ', ');
    }
  };
  tell();
  setInterval(() => { if (!document.hidden) tell(); }, 30000);
  document.addEventListener('visibilitychange', () => { if (!document.hidden) tell(); });

  window.musette = { localise, tell, today };

  // Empty fields don't stand in the address.
  document.addEventListener('submit', (e) => {
    if (!e.target.matches('.find')) return;
    for (const f of e.target.elements) if (f.name && !f.value) f.disabled = true;
  });
  addEventListener('pageshow', () => { for (const f of document.querySelectorAll('.find [disabled]')) f.disabled = false; });

  // Photos of one activity, over the page.
  let viewer, list = [], at = 0, pushed = false;
  const button = (name, label, text) => {
    const b = document.createElement('button');
    b.className = name;
    b.ariaLabel = label;
    b.textContent = text;
    return b;
  };
  const show = (i) => {
    at = (i + list.length) % list.length;
    const [picture, said] = viewer.querySelectorAll('img, p'), of = list[at].querySelector('img');
    picture.src = list[at].href;
    picture.alt = of ? of.alt : '';
    said.textContent = picture.alt + (list.length > 1 ? ` (${at + 1} of ${list.length})` : '');
  };
  const build = () => {
    viewer = document.createElement('dialog');
    viewer.className = 'viewer';
    viewer.ariaLabel = 'Photos';
    const image = document.createElement('img'), said = document.createElement('p');
    image.referrerPolicy = 'no-referrer';
    said.ariaLive = 'polite';
    const shut = button('shut', 'Close', '×'), before = button('before', 'Photo before', '‹'), after = button('after', 'Next photo', '›');
    shut.onclick = () => viewer.close();
    before.onclick = () => show(at - 1);
    after.onclick = () => show(at + 1);
    viewer.append(image, said, before, after, shut);
    viewer.addEventListener('click', (e) => { if (e.target === viewer || e.target === image) viewer.close(); });
    viewer.addEventListener('keydown', (e) => {
      if (e.key === 'ArrowLeft') show(at - 1); else if (e.key === 'ArrowRight') show(at + 1); else return;
      e.preventDefault();
    });
    // A swipe leads to the next one, unless it moves a picture that is zoomed in.
    let from = null;
    viewer.addEventListener('touchstart', (e) => { from = e.touches.length === 1 && visualViewport.scale === 1 ? e.touches[0].clientX : null; }, { passive: true });
    viewer.addEventListener('touchend', (e) => {
      const moved = from === null || list.length < 2 ? 0 : e.changedTouches[0].clientX - from;
      if (Math.abs(moved) > 48) show(moved < 0 ? at + 1 : at - 1);
    });
    viewer.addEventListener('close', () => {
      if (viewer.open) return; // again, meanwhile
      image.removeAttribute('src');
      if (pushed) { pushed = false; history.back(); }
      list[at].focus();
    });
    document.body.append(viewer);
  };
  // The way back closes the photos; it doesn't leave the page below them.
  addEventListener('popstate', () => { pushed = false; if (viewer && viewer.open) viewer.close(); });
  document.addEventListener('click', (e) => {
    const photo = e.target.closest && e.target.closest('a.photo');
    if (!photo || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || e.button || !window.HTMLDialogElement) return;
    e.preventDefault();
    list = [...photo.closest('.card, main').querySelectorAll('a.photo')];
    if (!viewer) build();
    for (const b of viewer.querySelectorAll('.before, .after')) b.hidden = list.length < 2;
    viewer.showModal();
    if (history.state !== 'photos') history.pushState('photos', '');
    pushed = true;
    show(list.indexOf(photo));
  });

  // A finger is wider than a route on a map: the nearest one is meant.
  document.addEventListener('click', (e) => {
    if (!e.target.closest('.routes') || e.target.closest('a')) return;
    for (let far = 4; far <= 20; far += 4) {
      for (let turn = 0; turn < 2 * Math.PI; turn += Math.PI / 8) {
        const there = document.elementFromPoint(e.clientX + far * Math.cos(turn), e.clientY + far * Math.sin(turn));
        const link = there && there.closest('.routes a');
        if (link) { location.assign(link.getAttribute('href')); return; }
      }
    }
  });
})();
