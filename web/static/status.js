// Keeps the page of how things stand up to date: it is fetched again from time to time, and what changed is put in its
// place. Without this script the page is complete; it only doesn't change by itself.
(() => {
  'use strict';
  const every = 15000;
  const main = document.getElementById('status');
  let told = main.innerHTML;

  // Clock times go by the reader's own clock, and "4 minutes ago" grows old.
  const past = (n, one) => `${n} ${one}${n === 1 ? '' : 's'} ago`;
  const ago = (s) => s < 60 ? 'just now' : s < 3600 ? past(Math.floor(s / 60), 'minute')
    : s < 172800 ? past(Math.floor(s / 3600), 'hour') : past(Math.floor(s / 86400), 'day');
  const tell = () => {
    for (const t of main.querySelectorAll('time[data-say]')) {
      const at = new Date(t.dateTime);
      if (t.dataset.say === 'ago') { t.textContent = ago((Date.now() - at) / 1000); continue; }
      const form = { hour: '2-digit', minute: '2-digit' };
      if (at.toDateString() !== new Date().toDateString()) Object.assign(form, { day: 'numeric', month: 'long' });
      t.textContent = at.toLocaleString('en-GB', form).replace(' at ', ', ');
    }
  };
  tell();

  let busy = false;
  const look = async () => {
    // Nobody's place on the page is lost: not while something in it has the focus, nor while it is out of sight.
    if (busy || document.hidden || main.contains(document.activeElement)) return;
    busy = true;
    try {
      const r = await fetch(location.pathname, { headers: { Accept: 'text/html' } });
      if (r.status === 401) { location.reload(); return; }
      if (!r.ok) throw new Error(r.status);
      const t = document.createElement('template');
      t.innerHTML = await r.text();
      const fresh = t.content.getElementById('status');
      if (fresh && fresh.innerHTML !== told && !main.contains(document.activeElement)) {
        told = fresh.innerHTML;
        main.replaceChildren(...fresh.childNodes);
        main.dataset.fresh = '';
      }
      tell();
    } catch { /* it is tried again */ }
    busy = false;
  };
  setInterval(look, every);
  document.addEventListener('visibilitychange', look);
})();
