// Keeps the page of how things stand up to date: it is fetched again from time to time, and what changed is put in its
// place. Without this script the page is complete; it only doesn't change by itself.
(() => {
  'use strict';
  const every = 15000;
  const main = document.getElementById('status');
  let told = main.innerHTML;

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
      window.musette.tell();
    } catch { /* it is tried again */ }
    busy = false;
  };
  setInterval(look, every);
  document.addEventListener('visibilitychange', look);
})();
