// On a page that says "one moment": leads on as soon as the server has something to show.
setInterval(async () => {
  try {
    const r = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (r.status !== 503) location.replace(location.href);
  } catch { /* it is tried again */ }
}, 5000);
