// Puts map tiles under the drawn route, with dragging and zooming. Where no tile comes, the drawing stays as it was.
(() => {
  'use strict';
  const hero = document.querySelector('.hero[data-tiles]');
  if (!hero) return;
  const size = 256, mostZoom = +hero.dataset.tiles, ns = 'http://www.w3.org/2000/svg';

  // Google's polyline algorithm, precision 5; places in units of the whole world's square.
  const decode = (text) => {
    const line = [];
    let i = 0, lat = 0, lng = 0;
    const next = () => {
      let shift = 0, n = 0, b;
      do { b = text.charCodeAt(i++) - 63; n |= (b & 31) << shift; shift += 5; } while (b >= 32);
      return n & 1 ? ~(n >> 1) : n >> 1;
    };
    while (i < text.length) {
      lat += next();
      lng += next();
      const s = Math.sin(Math.max(-85, Math.min(85, lat / 1e5)) * Math.PI / 180);
      line.push([lng / 360e5 + 0.5, 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI)]);
    }
    return line;
  };
  const lines = hero.dataset.lines.split(' ').map(decode), all = lines.flat();
  if (!all.length) return;
  const xs = all.map((p) => p[0]), ys = all.map((p) => p[1]);
  const least = (v) => v.reduce((a, b) => Math.min(a, b)), most = (v) => v.reduce((a, b) => Math.max(a, b));
  const box = [least(xs), least(ys), most(xs), most(ys)];

  const make = (name, parent, space) => parent.appendChild(space ? document.createElementNS(space, name) : document.createElement(name));
  const map = document.createElement('div');
  map.className = 'tiled';
  map.tabIndex = 0;
  map.setAttribute('role', 'application');
  map.ariaLabel = 'Map of the route: arrow keys move it, plus and minus zoom';
  const ground = make('div', map);
  ground.className = 'ground';
  const over = make('svg', map, ns);
  over.setAttribute('class', 'over');
  over.setAttribute('aria-hidden', 'true');
  const rim = make('path', over, ns), path = make('path', over, ns);
  rim.setAttribute('class', 'rim');
  const ends = hero.querySelector('circle') ? [all[0], all[all.length - 1]] : [];
  const dots = ends.map((_, i) => {
    const c = make('circle', over, ns);
    c.setAttribute('class', i ? 'e' : 'o');
    c.setAttribute('r', i ? 5 : 6);
    return c;
  });
  const tools = make('div', map);
  tools.className = 'tools';
  const tool = (text, label, by) => {
    const b = make('button', tools);
    b.textContent = text;
    b.ariaLabel = label;
    b.onclick = () => zoomBy(by);
  };
  tool('+', 'Zoom in', 1);
  tool('−', 'Zoom out', -1);
  if (hero.dataset.attribution) {
    const p = make('p', map);
    p.className = 'attribution';
    p.textContent = hero.dataset.attribution;
  }

  let zoom = 0, x = 0, y = 0, fits = 0, came = false, failed = 0; // x and y are the middle, in pixels at this zoom
  const shown = new Map();
  const fit = () => {
    const w = Math.max(64, hero.clientWidth - 64), h = Math.max(64, hero.clientHeight - 64);
    const scale = Math.min(w / Math.max(box[2] - box[0], 1e-9), h / Math.max(box[3] - box[1], 1e-9));
    fits = zoom = Math.max(0, Math.min(mostZoom - 1, Math.floor(Math.log2(scale / size))));
    const world = size * 2 ** zoom;
    x = (box[0] + box[2]) / 2 * world;
    y = (box[1] + box[3]) / 2 * world;
  };
  const place = () => {
    const w = hero.clientWidth, h = hero.clientHeight, left = x - w / 2, top = y - h / 2, world = size * 2 ** zoom, wanted = new Set();
    for (let tx = Math.floor(left / size); tx * size < left + w; tx++) {
      for (let ty = Math.floor(top / size); ty * size < top + h; ty++) {
        if (tx < 0 || ty < 0 || tx >= 2 ** zoom || ty >= 2 ** zoom) continue;
        const key = `${zoom}/${tx}/${ty}`;
        wanted.add(key);
        let t = shown.get(key);
        if (!t) {
          t = new Image(size, size);
          t.alt = '';
          t.draggable = false;
          t.onload = () => { t.classList.add('here'); if (!came) { came = true; hero.classList.add('mapped'); } };
          t.onerror = () => { t.remove(); if (!came && ++failed >= 4) map.remove(); };
          t.src = '/tiles/' + key;
          shown.set(key, t);
          ground.append(t);
        }
        t.style.transform = `translate(${Math.round(tx * size - left)}px, ${Math.round(ty * size - top)}px)`;
      }
    }
    for (const [key, t] of shown) if (!wanted.has(key)) { t.remove(); shown.delete(key); }
    const at = (p) => `${(p[0] * world - left).toFixed(1)} ${(p[1] * world - top).toFixed(1)}`;
    const d = lines.map((line) => 'M' + line.map(at).join('L')).join('');
    path.setAttribute('d', d);
    rim.setAttribute('d', d);
    dots.forEach((c, i) => {
      const [cx, cy] = at(ends[i]).split(' ');
      c.setAttribute('cx', cx);
      c.setAttribute('cy', cy);
    });
  };
  // No further away than the route, nor out of its sight: other tiles aren't to be had.
  const keep = () => {
    const world = size * 2 ** zoom;
    x = Math.max(box[0] * world, Math.min(box[2] * world, x));
    y = Math.max(box[1] * world, Math.min(box[3] * world, y));
  };
  const zoomBy = (by) => {
    const to = Math.max(Math.max(0, fits - 2), Math.min(mostZoom, zoom + by));
    x *= 2 ** (to - zoom);
    y *= 2 ** (to - zoom);
    zoom = to;
    keep();
    place();
  };
  const move = (dx, dy) => { x += dx; y += dy; keep(); place(); };
  map.addEventListener('keydown', (e) => {
    const step = { ArrowLeft: [-64, 0], ArrowRight: [64, 0], ArrowUp: [0, -64], ArrowDown: [0, 64] }[e.key];
    if (step) move(...step); else if (e.key === '+' || e.key === '=') zoomBy(1); else if (e.key === '-') zoomBy(-1); else return;
    e.preventDefault();
  });
  let held = null;
  map.addEventListener('pointerdown', (e) => {
    if (e.target.closest('button') || e.pointerType === 'touch' && !e.isPrimary) return;
    held = [e.clientX, e.clientY];
    map.setPointerCapture(e.pointerId);
  });
  map.addEventListener('pointermove', (e) => {
    if (!held) return;
    move(held[0] - e.clientX, held[1] - e.clientY);
    held = [e.clientX, e.clientY];
  });
  for (const end of ['pointerup', 'pointercancel']) map.addEventListener(end, () => { held = null; });
  map.addEventListener('wheel', (e) => {
    if (!e.ctrlKey && !e.metaKey) return; // a page that scrolls isn't caught by its map
    e.preventDefault();
    zoomBy(e.deltaY < 0 ? 1 : -1);
  }, { passive: false });
  hero.append(map);
  new ResizeObserver(() => { if (!came) fit(); place(); }).observe(hero);
  fit();
  place();
})();
