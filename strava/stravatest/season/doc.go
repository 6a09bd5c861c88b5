// Package season invents the life of an athlete on Strava: several seasons of
// runs, rides and everything between, with routes, texts, photos and friends.
//
// [Make] turns a seed and a number of activities into a [Season]. It is pure:
// it reads no clock, no file and no environment, and the same [Options] give
// the same season on every platform. The athlete lives in a real town whose
// surroundings are invented: a net of roads and a terrain, both smooth
// functions of the place, from which all routes are drawn. So a favourite loop
// comes back with a few metres of GPS noise, an out-and-back has the same
// profile both ways, and two routes through one valley share its road.
//
// An activity keeps the recipe of its track rather than the track:
// [Activity.Points] draws it on demand, always the same, and all figures of
// the activity (distance, climb, bounds, times) are computed from those points.
//
// Every season of 60 activities or more holds the awkward cases that a client
// has to survive: another time zone in summer, a run across midnight UTC,
// manual and indoor activities, hidden start times, private ones, ids beyond
// 2^53, a sport nobody has heard of, texts with line breaks, quotes and markup,
// a video, and uploads that come days late.
//
// [Landscape] draws the pictures.
package season
