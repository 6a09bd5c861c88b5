// Walks the API below the address in the first argument with the token in TOKEN, as a program made for Strava would,
// and prints what it found.
const strava = require('strava-v3')
const { setBaseURL } = require('strava-v3/axiosUtility')

async function main () {
  setBaseURL(process.argv[2] + '/')
  const client = new strava.client(process.env.TOKEN)
  const found = { athlete: await client.athlete.get({}), pages: [], comments: {}, streams: {}, laps: {}, names: {} }
  for (let page = 1; ; page++) {
    const list = await client.athlete.listActivities({ page, per_page: 25 })
    if (list.length === 0) break
    found.pages.push(list.map(a => a.id))
    for (const a of list) {
      if (a.comment_count > 0 && Number.isSafeInteger(a.id)) found.comments[a.id] = (await client.activities.listComments({ id: a.id, page: 1, per_page: 200 })).map(c => c.text)
    }
  }
  for (const id of found.pages[0].filter(Number.isSafeInteger).slice(0, 3)) {
    found.names[id] = (await client.activities.get({ id, include_all_efforts: true })).name
    found.laps[id] = (await client.activities.listLaps({ id })).length
    const set = await client.streams.activity({ id, keys: 'time,distance,latlng', key_by_type: true })
    found.streams[id] = Object.fromEntries(Object.entries(set).map(([type, s]) => [type, s.data.length]))
  }
  found.stats = (await client.athletes.stats({ id: found.athlete.id })).all_run_totals.count
  found.limit = client.rateLimiting.readShortTermLimit
  try {
    await client.activities.get({ id: 1 })
  } catch (e) {
    found.missing = [e.statusCode, e.data.message]
  }
  console.log(JSON.stringify(found))
}

main().catch(e => { console.error(e); process.exit(1) })
