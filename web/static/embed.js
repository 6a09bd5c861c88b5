// Widgets for other people's pages: <musette-feed>, <musette-activity>, <musette-map> and <musette-totals> show what a
// Musette server publishes. They need nothing but this file, ask nobody but that server, send it no cookie, and put
// what comes from it into the page as text alone. docs/embedding.md has their attributes.
(() => {
  'use strict';
  const own = document.currentScript;
  const home = own && own.src ? new URL(own.src).origin : location.origin;

  // ---- Words and numbers

  const WORDS = {
    en: {
      distance: 'Distance', time: 'Time', climb: 'Climb', pace: 'Pace', speed: 'Speed', of: '{0} of {1}', ofClimb: '{0} of climb',
      activity: 'activity', activities: 'activities', loading: 'Loading', empty: 'Nothing here yet.', route: 'The route of {0}',
      routes: '{0} routes; the latest: {1}', elsewhere: 'and {0} elsewhere', photo: 'Photo from {0}', goal: 'Towards the goal: {0}',
      strava: 'View on Strava', asOf: 'As of {0}.', closed: 'Nothing is public here at the moment.', totalsOnly: 'Only the totals of everything are public here.',
      gone: 'This activity isn’t shown.', which: 'Which activity? The attribute “activity” names its id.',
      away: 'The activities can’t be reached at the moment.', kept: 'The activities can’t be reached at the moment. This is from {0}.',
      refused: 'This page may not read {0} yet: whoever runs that server can add {1} to MUSETTE_ORIGINS.', address: 'The attribute “server” isn’t an address.',
    },
    de: {
      distance: 'Strecke', time: 'Zeit', climb: 'Anstieg', pace: 'Tempo', speed: 'Schnitt', of: '{0} von {1}', ofClimb: '{0} Anstieg',
      activity: 'Aktivität', activities: 'Aktivitäten', loading: 'Wird geladen', empty: 'Hier ist noch nichts.', route: 'Die Strecke von {0}',
      routes: '{0} Strecken; die neueste: {1}', elsewhere: 'und {0} anderswo', photo: 'Foto zu {0}', goal: 'Auf dem Weg zum Ziel: {0}',
      strava: 'Auf Strava ansehen', asOf: 'Stand: {0}.', closed: 'Hier ist zurzeit nichts öffentlich.', totalsOnly: 'Öffentlich sind hier nur die Summen von allem.',
      gone: 'Diese Aktivität wird nicht gezeigt.', away: 'Die Aktivitäten sind gerade nicht erreichbar.', kept: 'Die Aktivitäten sind gerade nicht erreichbar. Stand: {0}.',
    },
    fr: {
      distance: 'Distance', time: 'Temps', climb: 'Dénivelé', pace: 'Allure', speed: 'Vitesse', of: '{0} sur {1}', ofClimb: '{0} de dénivelé',
      activity: 'activité', activities: 'activités', loading: 'Chargement', empty: 'Rien ici pour l’instant.', route: 'Le parcours de {0}',
      routes: '{0} parcours ; le dernier : {1}', elsewhere: 'et {0} ailleurs', photo: 'Photo de {0}', goal: 'Vers l’objectif : {0}',
      strava: 'Voir sur Strava', asOf: 'État du {0}.', closed: 'Rien n’est public ici pour l’instant.', totalsOnly: 'Seuls les totaux sont publics ici.',
      gone: 'Cette activité n’est pas affichée.', away: 'Les activités ne sont pas accessibles pour l’instant.', kept: 'Les activités ne sont pas accessibles pour l’instant. État : {0}.',
    },
    es: {
      distance: 'Distancia', time: 'Tiempo', climb: 'Desnivel', pace: 'Ritmo', speed: 'Velocidad', of: '{0} de {1}', ofClimb: '{0} de desnivel',
      activity: 'actividad', activities: 'actividades', loading: 'Cargando', empty: 'Aún no hay nada aquí.', route: 'El recorrido de {0}',
      routes: '{0} recorridos; el último: {1}', elsewhere: 'y {0} en otro lugar', photo: 'Foto de {0}', goal: 'Hacia el objetivo: {0}',
      strava: 'Ver en Strava', asOf: 'A fecha de {0}.', closed: 'Ahora mismo no hay nada público aquí.', totalsOnly: 'Aquí solo son públicos los totales.',
      gone: 'Esta actividad no se muestra.', away: 'Ahora mismo no se puede llegar a las actividades.', kept: 'Ahora mismo no se puede llegar a las actividades. Datos de {0}.',
    },
  };
  const SPORTS = {
    en: { EBikeRide: 'E-bike ride', EMountainBikeRide: 'E-mountain bike ride', NordicSki: 'Cross-country ski', BackcountrySki: 'Ski tour', RockClimbing: 'Climbing', StandUpPaddling: 'Paddle boarding', HighIntensityIntervalTraining: 'Interval training' },
    de: { Run: 'Lauf', TrailRun: 'Traillauf', VirtualRun: 'Virtueller Lauf', Walk: 'Spaziergang', Hike: 'Wanderung', Ride: 'Radfahrt', MountainBikeRide: 'Mountainbikefahrt', GravelRide: 'Gravelfahrt', VirtualRide: 'Virtuelle Radfahrt', EBikeRide: 'E-Bike-Fahrt', Swim: 'Schwimmen', Rowing: 'Rudern', NordicSki: 'Skilanglauf', WeightTraining: 'Krafttraining', Workout: 'Training' },
    fr: { Run: 'Course à pied', TrailRun: 'Trail', VirtualRun: 'Course virtuelle', Walk: 'Marche', Hike: 'Randonnée', Ride: 'Vélo', MountainBikeRide: 'VTT', GravelRide: 'Gravel', VirtualRide: 'Vélo virtuel', EBikeRide: 'Vélo électrique', Swim: 'Natation', Rowing: 'Aviron', NordicSki: 'Ski de fond', WeightTraining: 'Musculation', Workout: 'Entraînement' },
    es: { Run: 'Carrera', TrailRun: 'Carrera de montaña', VirtualRun: 'Carrera virtual', Walk: 'Caminata', Hike: 'Senderismo', Ride: 'Bicicleta', MountainBikeRide: 'Bicicleta de montaña', GravelRide: 'Gravel', VirtualRide: 'Bicicleta virtual', EBikeRide: 'Bicicleta eléctrica', Swim: 'Natación', Rowing: 'Remo', NordicSki: 'Esquí de fondo', WeightTraining: 'Pesas', Workout: 'Entrenamiento' },
  };
  const FAMILIES = {
    foot: /^(Run|TrailRun|Walk|Hike|VirtualRun|Wheelchair)$/,
    water: /^(Swim|Rowing|VirtualRow|Canoeing|Kayaking|Kitesurf|Sail|StandUpPaddling|Surfing|Windsurf)$/,
    winter: /^(AlpineSki|BackcountrySki|NordicSki|IceSkate|Snowboard|Snowshoe)$/,
    wheel: /^(RollerSki|InlineSkate|Skateboard|Velomobile|Handcycle|.*Ride)$/,
  };
  const family = (sport) => Object.keys(FAMILIES).find((f) => FAMILIES[f].test(sport)) || 'gym';
  const M = 1, KM = 1000, MILE = 1609.344, FOOT = 0.3048, YARD = 0.9144;

  // A voice says numbers, times and sentences in one language and one system of units.
  class Voice {
    constructor(lang, units) {
      try { lang = Intl.getCanonicalLocales(lang || navigator.language)[0]; } catch { lang = ''; }
      this.lang = Object.hasOwn(WORDS, (lang || '').split('-')[0]) ? lang : 'en';
      if (this.lang === 'en') this.lang = 'en-GB';
      const base = this.lang.split('-')[0];
      this.words = { ...WORDS.en, ...WORDS[base] };
      this.sports = SPORTS[base] || SPORTS.en;
      this.miles = units === 'imperial';
    }
    say(key, ...values) { return this.words[key].replace(/\{(\d)\}/g, (_, i) => values[i]); }
    number(n, digits = 0) { return new Intl.NumberFormat(this.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n); }
    count(n) { return `${this.number(n)} ${n === 1 ? this.words.activity : this.words.activities}`; }
    sport(type) {
      const known = this.sports[type] || SPORTS.en[type];
      return known || type.replace(/(?<=.)\p{Lu}/gu, (c) => ' ' + c.toLowerCase());
    }
    // Figures are pairs of a number and its unit.
    long(m) {
      const [per, unit] = this.miles ? [MILE, 'mi'] : [KM, 'km'];
      if (m / per < (this.miles ? 0.095 : 0.9995)) return [this.short(m)];
      return [[this.number(m / per, m / per < 99.95 ? 1 : 0), unit]];
    }
    short(m) { return this.miles ? [this.number(m / FOOT), 'ft'] : [this.number(m / M), 'm']; }
    lengths(m) { return this.miles ? [this.number(m / YARD), 'yd'] : [this.number(m), 'm']; }
    time(s) {
      if (s >= 3600) {
        const minutes = Math.round(s / 60), rest = minutes % 60;
        return [[this.number(Math.floor(minutes / 60)), 'h'], ...(rest ? [[this.number(rest), 'min']] : [])];
      }
      const list = s >= 60 ? [[this.number(Math.floor(s / 60)), 'min']] : [];
      return s % 60 || s < 60 ? [...list, [this.number(s % 60), 's']] : list;
    }
    clock(s) { s = Math.round(s); return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`; }
    plain(figures) { return figures.map((f) => f.join('\u00a0')).join(' '); }
    // day says a local start, "2026-05-22T07:49:27"; one second past midnight is a time that isn't told.
    day(local, long) {
      const at = new Date(local + 'Z');
      if (isNaN(at)) return '';
      const year = at.getUTCFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' };
      const clock = local.endsWith('T00:00:01') || !long ? {} : { hour: '2-digit', minute: '2-digit' };
      return new Intl.DateTimeFormat(this.lang, { weekday: long ? 'long' : undefined, day: 'numeric', month: 'long', ...year, ...clock, timeZone: 'UTC' }).format(at);
    }
    moment(at) {
      const today = new Date(at).toDateString() === new Date().toDateString();
      return new Intl.DateTimeFormat(this.lang, { ...(today ? {} : { day: 'numeric', month: 'long' }), hour: '2-digit', minute: '2-digit' }).format(at);
    }
    // numbers are an activity's distance, its time, and the third that tells most about its kind of sport.
    numbers(a) {
      const w = this.words, list = [], swim = a.sport_type === 'Swim', m = a.distance_m, s = a.moving_s > 0 ? a.moving_s : a.elapsed_s;
      if (m >= 1) list.push([w.distance, swim ? [this.lengths(m)] : this.long(m)]);
      if (s > 0) list.push([w.time, this.time(s)]);
      const climb = [w.climb, [this.short(a.climb_m)]], kind = family(a.sport_type), hilly = kind !== 'water' && a.climb_m > 0 && a.climb_m * 1000 >= 15 * m;
      if (hilly || m < 100 || s < 10) return a.climb_m > 0 ? [...list, climb] : list;
      const per = s / m;
      if (per >= 3.6) return list; // slower than an hour for a kilometre says nothing
      if (swim) return [...list, [w.pace, [[this.clock(per * 100 * (this.miles ? YARD : M)), this.miles ? 'min/100 yd' : 'min/100 m']]]];
      if (kind === 'foot') return [...list, [w.pace, [[this.clock(per * (this.miles ? MILE : KM)), this.miles ? 'min/mi' : 'min/km']]]];
      return [...list, [w.speed, [[this.number(3600 / per / (this.miles ? MILE : KM), 1), this.miles ? 'mph' : 'km/h']]]];
    }
  }

  // ---- Drawing: elements are made by name, what came from elsewhere goes in as text

  const fill = (e, attributes, children) => {
    for (const [k, v] of Object.entries(attributes)) if (v != null && v !== false) e.setAttribute(k, v);
    e.append(...children.filter((c) => c != null && c !== ''));
    return e;
  };
  const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
  const draw = (name, attributes = {}, ...children) => fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
  const figures = (list) => list.flatMap(([n, unit], i) => [i ? ' ' : '', n, '\u00a0', el('span', { class: 'unit' }, unit)]);
  const dotted = (list) => list.filter(Boolean).flatMap((e, i) => (i ? [el('span', { class: 'dot', 'aria-hidden': 'true' }, ' · '), e] : [e]));

  // decode reads a polyline: Google's algorithm, precision 5.
  const decode = (text) => {
    const points = [];
    let i = 0, lat = 0, lng = 0;
    const next = () => {
      let value = 0, shift = 0, b;
      do {
        b = text.charCodeAt(i++) - 63;
        if (!(b >= 0 && b < 64) || shift > 30) return NaN;
        value |= (b & 31) << shift;
        shift += 5;
      } while (b > 31);
      return value & 1 ? ~(value >> 1) : value >> 1;
    };
    while (i < text.length) {
      lat += next();
      lng += next();
      if (isNaN(lat + lng)) break;
      points.push([lat / 1e5, lng / 1e5]);
    }
    return points;
  };

  // flat puts points on a plane whose unit is a degree of latitude, north up, as seen from one of them.
  const flat = (points, [lat0, lng0]) => {
    const narrow = Math.max(0.01, Math.cos(lat0 * Math.PI / 180));
    return points.map(([lat, lng]) => [((lng - lng0 + 540) % 360 - 180) * narrow, lat0 - lat]);
  };
  const extent = (lines) => {
    const e = [Infinity, Infinity, -Infinity, -Infinity];
    for (const line of lines) for (const [x, y] of line) {
      e[0] = Math.min(e[0], x); e[1] = Math.min(e[1], y); e[2] = Math.max(e[2], x); e[3] = Math.max(e[3], y);
    }
    return e;
  };
  // fit scales lines into a box with air around them; little ground is not blown up.
  const fit = (lines, width, height, pad) => {
    const [x0, y0, x1, y1] = extent(lines), least = 0.0009;
    const scale = Math.min((width - 2 * pad) / Math.max(x1 - x0, least), (height - 2 * pad) / Math.max(y1 - y0, least));
    return lines.map((l) => l.map(([x, y]) => [width / 2 + (x - (x0 + x1) / 2) * scale, height / 2 + (y - (y0 + y1) / 2) * scale]));
  };
  // simplify leaves out bends smaller than so many pixels (Douglas and Peucker).
  const simplify = (line, least) => {
    const keep = new Set([0, line.length - 1]), open = [[0, line.length - 1]];
    while (open.length) {
      const [a, b] = open.pop(), [ax, ay] = line[a], dx = line[b][0] - ax, dy = line[b][1] - ay, length = dx * dx + dy * dy;
      let most = least, at = 0;
      for (let i = a + 1; i < b; i++) {
        const px = line[i][0] - ax, py = line[i][1] - ay, along = length ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
        const off = Math.hypot(px - along * dx, py - along * dy);
        if (off > most) { most = off; at = i; }
      }
      if (at) { keep.add(at); open.push([a, at], [at, b]); }
    }
    return line.filter((_, i) => keep.has(i));
  };
  const path = (line) => 'M' + line.map(([x, y]) => `${+x.toFixed(1)} ${+y.toFixed(1)}`).join('L');

  const routeOf = (a) => (a.map && typeof a.map.polyline === 'string' ? decode(a.map.polyline) : []);
  // A route has no dots at its ends: what is public doesn't show where it began and ended.
  const route = (a, title, width) => {
    const points = routeOf(a);
    if (!points.length) return null;
    const [line] = fit([flat(points, points[0])], width, 360, 44);
    return draw('svg', { viewBox: `0 0 ${width} 360`, role: 'img' }, draw('title', {}, title), draw('path', { d: path(simplify(line, 1.3)), class: 'line' }));
  };

  const STYLE = new CSSStyleSheet();
  STYLE.replaceSync(`
:host { display: block; }
:host([hidden]) { display: none; }
.w {
  all: initial; display: block; container-type: inline-size; color-scheme: inherit;
  --ink: var(--musette-ink, light-dark(#1f2328, #eceef0)); --soft: var(--musette-soft, light-dark(#5b626b, #a9b0b8));
  --card: var(--musette-card, light-dark(#fffefc, #24272b)); --ground: var(--musette-ground, light-dark(#f6f5f1, #1b1d20));
  --rule: var(--musette-rule, light-dark(#e0dcd3, #363a40)); --accent: var(--musette-accent, light-dark(#00639c, #7cc7ff));
  --radius: var(--musette-radius, 12px); --gap: var(--musette-gap, 12px);
  --route: var(--musette-route, light-dark(#33373d, #dcdfe4));
  color: var(--ink); overflow-wrap: anywhere; font-variant-numeric: tabular-nums;
  font: 15px/24px var(--musette-font, -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif);
}
.w.light { color-scheme: light; } .w.dark { color-scheme: dark; } .w.auto { color-scheme: light dark; }
.foot { --route: var(--musette-route, light-dark(#1e7a3c, #74d48f)); }
.wheel { --route: var(--musette-route, light-dark(#2456c4, #8ab4ff)); }
.water { --route: var(--musette-route, light-dark(#0a7080, #5ccfdf)); }
.winter { --route: var(--musette-route, light-dark(#6b4bc4, #b9a3ff)); }
.gym { --route: var(--musette-route, light-dark(#9b2f77, #f09ccf)); }
*, ::before, ::after { box-sizing: border-box; }
h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
ul { list-style: none; display: grid; gap: var(--gap); }
li { min-width: 0; }
a { color: inherit; }
h3 a, figcaption a { text-decoration: none; }
h3 a { display: block; padding: 12px 0; margin: -12px 0; }
figcaption a { display: inline-block; padding: 12px 0; margin: -12px 0; }
h3 a:hover, figcaption a:hover { text-decoration: underline; text-underline-offset: 3px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.card { display: flex; flex-direction: column; height: 100%; padding: 16px; background: var(--card); border: 1px solid var(--rule); border-radius: var(--radius); overflow: hidden; }
.meta, .note, figcaption { font-size: 13px; line-height: 20px; color: var(--soft); }
.sport { color: var(--route); font-weight: 600; }
h3 { font-size: 18px; line-height: 24px; font-weight: 700; text-wrap: balance; margin-top: 4px; }
.numbers { display: flex; flex-wrap: wrap; gap: 4px 24px; margin-top: 8px; }
dt { font-size: 13px; line-height: 16px; color: var(--soft); }
dd { font-size: 18px; line-height: 24px; font-weight: 600; white-space: nowrap; }
.unit { font-size: 13px; font-weight: 400; color: var(--soft); letter-spacing: 0; }
.media { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); grid-template-rows: minmax(0, 1fr); gap: 4px; margin: 16px -16px 0; aspect-ratio: 5 / 3; overflow: hidden; }
.media > * { display: block; width: 100%; height: 100%; min-height: 0; background: var(--ground); }
.media img { object-fit: cover; }
.line, .thin { fill: none; stroke: var(--route); stroke-width: 5; stroke-linecap: round; stroke-linejoin: round; }
.text { white-space: pre-wrap; margin-top: 12px; max-width: 64ch; }
.short .text { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
.comments { gap: 4px; margin-top: 12px; padding-top: 12px; border-top: 1px solid var(--rule); }
.comments b { font-weight: 600; margin-right: 4px; }
.source { margin: auto 0 -12px; padding-top: 4px; font-size: 13px; }
.source a { display: inline-flex; align-items: center; min-height: 44px; font-weight: 600; text-decoration: underline 2px #fc5200; text-underline-offset: 4px; }
.bare .numbers { margin: 16px -16px -16px; padding: 20px 16px; background: var(--ground); gap: 12px 28px; flex: 1; align-content: center; }
.bare .numbers dd { font-size: 24px; line-height: 28px; font-weight: 700; color: var(--route); }
.bare .text { margin-top: 28px; }
.bare .source { padding-top: 16px; margin-bottom: -12px; }
.map { padding: 0; }
.map svg { display: block; width: 100%; height: auto; background: var(--ground); }
.thin { stroke-width: 1.6; stroke-opacity: .55; }
.map .line { stroke-width: 3.2; }
figcaption { padding: 12px 16px; }
figcaption b { color: var(--ink); font-weight: 600; }
.far { font-size: 18px; line-height: 40px; color: var(--soft); }
.far strong { font-size: 36px; font-weight: 700; letter-spacing: -0.02em; color: var(--ink); margin-right: 4px; }
.bar { height: 12px; margin: 8px 0; border-radius: 6px; overflow: hidden; background: var(--rule); }
.bar div { height: 100%; border-radius: 6px; background: var(--route); }
.note { padding: 8px 0 0; }
.note:empty { display: none; }
.only .note { padding: 20px 16px; font-size: 15px; line-height: 24px; background: var(--card); border: 1px solid var(--rule); border-radius: var(--radius); }
@container (min-width: 460px) {
  .card:not(.map, .totals) { padding: 20px; }
  .media { margin: 16px -20px 0; }
  .bare .numbers { margin: 16px -20px -20px; padding: 24px 20px; }
  .totals { padding: 20px 24px; }
}
@container (min-width: 700px) {
  ul.cards { grid-template-columns: 1fr 1fr; }
  .card:not(.short) > .media { aspect-ratio: 5 / 2; }
}
@media (forced-colors: active) { .bar div { forced-color-adjust: none; } .card { border: 1px solid CanvasText; } }
`);

  // ---- Asking: widgets of one server share one look at what has changed there

  const EVERY = 60e3, SELDOM = 15 * 60e3, PATIENCE = 20e3, BEYOND = 9007199254740991;
  const sources = new Map();

  class Source {
    constructor(base) {
      Object.assign(this, { base, widgets: new Set(), seen: null, pause: EVERY, timer: 0, looked: 0 });
    }
    static of(base) {
      if (!sources.has(base)) sources.set(base, new Source(base));
      return sources.get(base);
    }
    join(w) { this.widgets.add(w); if (!this.timer) this.rest(); }
    leave(w) { this.widgets.delete(w); if (!this.widgets.size) this.stop(); }
    stop() { clearTimeout(this.timer); this.timer = 0; }
    // rest plans the next look, at no certain time, so that a thousand pages don't come at once.
    rest() {
      this.stop();
      this.looked = Date.now();
      this.timer = setTimeout(() => this.look(), this.pause * (0.9 + Math.random() / 5));
    }
    // wake goes on where a page that was hidden is seen again.
    wake() {
      if (!this.widgets.size) return;
      if (document.hidden) this.stop();
      else if (Date.now() - this.looked >= this.pause) this.look();
      else this.rest();
    }
    async look() {
      this.stop();
      if (!this.widgets.size || document.hidden) return;
      try {
        const now = await this.get('/v1/changes', this.seen ? { since: this.seen.next, epoch: this.seen.epoch } : { since: BEYOND });
        const moved = !this.seen || now.reset || now.epoch !== this.seen.epoch || now.next !== this.seen.next;
        this.seen = { epoch: now.epoch, next: now.next };
        this.pause = EVERY;
        for (const w of this.widgets) if (moved || w.trouble) w.load();
      } catch (e) {
        this.pause = Math.min(SELDOM, Math.max(this.pause * 2, (e.after || 0) * 1000));
        for (const w of this.widgets) w.fail(e);
      }
      this.rest();
    }
    async get(where, values = {}) {
      const url = new URL(where, this.base);
      for (const [k, v] of Object.entries(values)) if (v != null && v !== '') url.searchParams.set(k, v);
      const ask = { credentials: 'omit', cache: 'no-cache', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(PATIENCE) };
      let r;
      try {
        r = await fetch(url, ask);
      } catch (e) {
        // A server that answers, but not to this page, can be told from one that is away.
        const there = await fetch(new URL('/embed.js', this.base), { ...ask, mode: 'no-cors', signal: AbortSignal.timeout(PATIENCE) }).then(() => true, () => false);
        throw there && this.base !== location.origin ? { refused: true } : {};
      }
      if (r.ok) return r.json();
      const problem = await r.json().catch(() => ({}));
      throw { status: r.status, detail: String(problem.detail || ''), after: Number(r.headers.get('Retry-After')) };
    }
  }
  document.addEventListener('visibilitychange', () => { for (const s of sources.values()) s.wake(); });

  // ---- The elements

  const FILTERS = ['type', 'from', 'to', 'athlete'];

  class Widget extends HTMLElement {
    static observedAttributes = ['server', 'limit', 'activity', 'units', 'lang', 'theme', ...FILTERS];

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      root.adoptedStyleSheets = [STYLE];
      this.body = el('div');
      this.note = el('p', { class: 'note', role: 'status' });
      this.frame = el('div', { class: 'w', part: 'frame' }, this.body, this.note);
      root.append(this.frame);
      this.turn = 0;
    }
    connectedCallback() { this.begin(); }
    disconnectedCallback() { if (this.source) this.source.leave(this); this.source = null; }
    attributeChangedCallback() {
      if (!this.source || this.begun) return;
      this.begun = true; // several attributes at once are one change
      queueMicrotask(() => { this.begun = false; if (this.isConnected) this.begin(); });
    }
    begin() {
      this.voice = new Voice(this.getAttribute('lang') || (this.closest('[lang]') || {}).lang, this.getAttribute('units'));
      const theme = this.getAttribute('theme');
      this.frame.className = 'w ' + (['light', 'dark', 'auto'].includes(theme) ? theme : '');
      this.frame.lang = this.voice.lang;
      if (this.source) this.source.leave(this);
      let base;
      try { base = new URL(this.getAttribute('server') || home, location.href).origin; } catch { /* said below */ }
      if (!/^https?:/.test(base || '')) { this.say(this.voice.words.address); return; }
      this.source = Source.of(base);
      this.source.join(this);
      if (!this.data) this.say(this.voice.words.loading + ' …');
      this.load();
    }
    // refresh asks the server now.
    refresh() { return this.source ? this.load() : undefined; }
    async load() {
      const turn = ++this.turn;
      try {
        const data = await this.ask(this.source);
        if (turn !== this.turn) return;
        [this.data, this.at, this.trouble] = [data, Date.now(), false];
        this.show(data, this.voice);
        const old = data.as_of && Date.now() - new Date(data.as_of) > 48 * 3600e3;
        this.say(old ? this.voice.say('asOf', this.voice.moment(new Date(data.as_of))) : '');
      } catch (e) {
        if (turn === this.turn) this.fail(e);
      }
    }
    // fail says what is wrong. What was shown stays, unless it may not be shown any more.
    fail(e) {
      const v = this.voice;
      this.trouble = true;
      if ([400, 401, 404].includes(e.status) || e.words) { this.body.replaceChildren(); this.data = null; }
      const filtered = FILTERS.some((f) => this.getAttribute(f));
      this.say(e.words || (e.refused ? v.say('refused', this.source.base, location.origin)
        : e.status === 401 ? (this instanceof Totals && filtered ? v.words.totalsOnly : v.words.closed)
          : e.status === 404 ? v.words.gone : e.status === 400 ? e.detail
            : this.data ? v.say('kept', v.moment(this.at)) : v.words.away));
    }
    say(text) {
      if (this.note.textContent !== text) this.note.textContent = text;
      this.frame.classList.toggle('only', !this.body.hasChildNodes());
    }
    // search asks for activities. Where there are none at all, though they add up to something, totals alone are public.
    async search(source, values) {
      const found = await source.get('/v1/feed', values);
      if (found.activities.length) return found;
      const [any, totals] = await Promise.all([source.get('/v1/feed', { limit: 1 }), source.get('/v1/totals')]);
      return { ...found, only: !any.activities.length && totals.count > 0 };
    }
    nothing(only, v) { this.body.replaceChildren(el('p', { class: 'card' }, only ? v.words.totalsOnly : v.words.empty)); }
    filters() { return Object.fromEntries(FILTERS.map((f) => [f, this.getAttribute(f)])); }
  }

  const link = (href, text, attributes = {}) => el('a', { href, target: '_blank', rel: 'noopener noreferrer', ...attributes }, text);

  // ours is a picture's address if the server itself has it: nobody else is asked.
  const ours = (address, base) => {
    try {
      const url = new URL(address, base);
      return url.origin === base ? url.href : '';
    } catch { return ''; }
  };
  const onStrava = (a) => {
    try {
      const url = new URL(a.links.strava);
      return url.protocol === 'https:' && url.hostname === 'www.strava.com' ? url.href : '';
    } catch { return ''; }
  };
  const nameOf = (a, v) => a.name.trim() || v.sport(a.sport_type);

  // card is one activity; brief leaves out what a list has no room for.
  const card = (a, v, base, brief) => {
    const name = nameOf(a, v), strava = onStrava(a);
    const photo = a.photos.map((p) => [ours(p.url, base), p.caption]).find(([url]) => url);
    const media = [photo && el('img', { src: photo[0], alt: photo[1].trim() || v.say('photo', name), loading: 'lazy', part: 'photo' }), route(a, v.say('route', name), photo ? 300 : 600)].filter(Boolean);
    return el('article', { class: `card ${family(a.sport_type)} ${brief ? 'short' : ''} ${media.length ? '' : 'bare'}`, part: 'card', 'aria-labelledby': 'n' + a.id },
      el('p', { class: 'meta' }, ...dotted([el('span', { class: 'sport' }, v.sport(a.sport_type)), el('time', { datetime: a.start }, v.day(a.start_local, true))])),
      el('h3', { id: 'n' + a.id, dir: 'auto', part: 'name' }, link(`${base}/a/${a.id}`, name)),
      el('dl', { class: 'numbers', part: 'numbers' }, ...v.numbers(a).map(([label, f]) => el('div', {}, el('dt', {}, label), el('dd', {}, ...figures(f))))),
      media.length ? el('div', { class: 'media', part: 'media' }, ...media) : null,
      a.description ? el('p', { class: 'text', dir: 'auto', part: 'text' }, a.description) : null,
      !brief && a.comments.length ? el('ul', { class: 'comments' }, ...a.comments.map((c) => el('li', {}, el('b', { dir: 'auto' }, c.author), ' ', el('span', { dir: 'auto' }, c.text)))) : null,
      strava ? el('p', { class: 'source' }, link(strava, v.words.strava, { 'aria-describedby': 'n' + a.id })) : null);
  };

  // arrange makes the children of a list these, and moves none that stays: what has the focus keeps it.
  const arrange = (parent, nodes) => {
    for (const old of [...parent.children]) if (!nodes.includes(old)) old.remove();
    nodes.forEach((n, i) => { if (parent.children[i] !== n) parent.insertBefore(n, parent.children[i] || null); });
  };

  class Feed extends Widget {
    ask(source) { return this.search(source, { ...this.filters(), limit: this.getAttribute('limit') || 6 }); }
    show({ activities, only }, v) {
      if (!activities.length) { this.cards = null; this.nothing(only, v); return; }
      const before = this.cards || new Map(), dress = `${v.lang} ${v.miles} ${this.source.base} `;
      this.cards = new Map(activities.map((a) => {
        const key = dress + JSON.stringify(a), old = before.get(a.id);
        return [a.id, old && old.key === key ? old : { key, item: el('li', {}, card(a, v, this.source.base, true)) }];
      }));
      if (!this.list || !this.list.isConnected) this.body.replaceChildren(this.list = el('ul', { class: 'cards', part: 'list' }));
      this.list.setAttribute('aria-label', v.count(activities.length));
      arrange(this.list, [...this.cards.values()].map((c) => c.item));
    }
  }

  class Activity extends Widget {
    async ask(source) {
      const id = this.getAttribute('activity') || '';
      if (!/^\d{1,19}$/.test(id)) throw { words: this.voice.words.which };
      return source.get('/v1/activities/' + id);
    }
    show(a, v) { this.body.replaceChildren(card(a, v, this.source.base, false)); }
  }

  const NEAR = 0.9; // degrees of latitude, 100 km: what is further apart is on another map

  class RouteMap extends Widget {
    ask(source) { return this.search(source, { has: 'map', ...this.filters(), limit: this.getAttribute('limit') || 100 }); }
    show({ activities, only }, v) {
      const all = activities.map((a) => ({ a, points: routeOf(a) })).filter((r) => r.points.length);
      if (!all.length) { this.nothing(only, v); return; }
      // The map is of where most of the routes are; of several such places, where the latest is.
      let near = [];
      for (const { points } of all) {
        const there = all.filter((r) => Math.hypot(...flat([r.points[0]], points[0])[0]) < NEAR);
        if (there.length > near.length) near = there;
      }
      const lines = fit(near.map((r) => flat(r.points, near[0].points[0])), 640, 400, 32), latest = near[0].a, name = nameOf(latest, v);
      const picture = draw('svg', { viewBox: '0 0 640 400', role: 'img' }, draw('title', {}, v.say('routes', v.number(near.length), name)),
        ...lines.map((l, i) => draw('path', { class: `${i ? 'thin' : 'line'} ${family(near[i].a.sport_type)}`, d: path(simplify(l, 0.8)) })).reverse());
      const others = all.length - near.length;
      this.body.replaceChildren(el('figure', { class: 'card map', part: 'card' }, picture, el('figcaption', {}, ...dotted([
        el('b', { dir: 'auto' }, link(`${this.source.base}/a/${latest.id}`, name)), el('span', {}, v.day(latest.start_local)), el('span', {}, v.plain(v.long(latest.distance_m))),
        others ? el('span', {}, v.say('elsewhere', v.number(others))) : null]))));
    }
  }

  class Totals extends Widget {
    async ask(source) {
      const [totals, status] = await Promise.all([source.get('/v1/totals', this.filters()), source.get('/v1/status')]);
      return { ...totals, as_of: status.as_of };
    }
    show(t, v) {
      const per = v.miles ? MILE : KM, unit = v.miles ? 'mi' : 'km', goal = t.goal_m > 0;
      // Rounded down, and in one unit: a goal is reached when it is.
      const far = goal || t.distance_m >= 10 * per ? [v.number(Math.floor(t.distance_m / per)), unit] : v.long(t.distance_m)[0];
      const end = v.number(t.goal_m / per), words = v.say('of', far[0], `${end}\u00a0${unit}`), share = Math.min(1, t.distance_m / t.goal_m);
      const hours = t.moving_s >= 36000 ? [[v.number(Math.round(t.moving_s / 3600)), 'h']] : v.time(t.moving_s);
      const [before, after] = v.words.of.split('{0}').map((s) => s.replace('{1}', `${end}\u00a0${unit}`));
      this.body.replaceChildren(el('div', { class: 'card totals ' + (t.by_type.length ? family(t.by_type[0].type) : ''), part: 'card' },
        el('p', { class: 'far' }, before.trim(), el('strong', { part: 'figure' }, far[0]), goal ? after : '\u00a0' + far[1]),
        goal ? el('div', { class: 'bar', part: 'bar', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': Math.floor(share * 100), 'aria-valuetext': words, 'aria-label': v.say('goal', words) }, share > 0 ? this.filled(share) : null) : null,
        el('p', { class: 'meta' }, ...dotted([el('span', {}, v.count(t.count)), t.moving_s > 0 ? el('span', {}, v.plain(hours)) : null,
          t.climb_m > 0 ? el('span', {}, v.say('ofClimb', v.plain([v.short(t.climb_m)]))) : null]))));
    }
    filled(share) {
      const e = el('div', { part: 'progress' });
      e.style.width = `max(6px, ${share * 100}%)`; // by script, which a page's policy on styles lets be
      return e;
    }
  }

  const html = document.documentElement, alone = html.hasAttribute('data-frame');
  if (alone && !html.lang) html.lang = new Voice().lang;

  for (const [name, element] of [['musette-feed', Feed], ['musette-activity', Activity], ['musette-map', RouteMap], ['musette-totals', Totals]]) {
    if (!customElements.get(name)) customElements.define(name, element);
  }

  // A page of ours in a frame tells the page around it how high it is. That is all it tells.
  if (alone && parent !== window) {
    new ResizeObserver(() => parent.postMessage({ musette: 'height', height: Math.ceil(html.getBoundingClientRect().height) }, '*')).observe(html);
  }
})();
