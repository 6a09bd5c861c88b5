// Package stravatest is a Strava to develop and test against: an
// [http.Handler] with the paths, JSON, OAuth, limits, errors and webhooks of
// the Strava API, v3, and with athletes whose seasons are invented from a
// seed.
//
// [New] makes a server, [Server.Listen] or an httptest.Server puts it on the
// network, and [Server.Transport] serves it without one. What it shows can
// be changed while it runs ([Server.AddActivity], [Server.Rename],
// [Server.Delete] and so on), each change sending the events that Strava
// would send. What goes wrong is switched with [Server.AddFault], undocumented
// behaviour with [Quirks]. What a client did is seen in [Server.Calls], and
// what it should have found in [Server.Activities].
//
// Time is the caller's: with a [Clock], quota windows, token lifetimes,
// events and latency move only when the test says so.
//
// Everything is decided by the seed and the order of calls: the same test
// sees the same ids, names, tokens and faults each time.
//
// Tests of this package hold each answer against Strava's own specification,
// and against a list of where recorded answers differ from that. README.md
// says what is certain and what is guessed.
package stravatest
