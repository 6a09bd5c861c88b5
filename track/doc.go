// Package track works on the points of a route: the polyline text that Strava sends,
// lengths, bounds, and fewer points for a drawing. It is pure: no I/O, no clock, no
// imports beyond the standard library.
//
// Coordinates are WGS 84 degrees. A point that is not on Earth (see [Point.Valid]) is
// passed over by every function that takes points, so one broken sample never spoils a
// sum, a box or a line. No function changes its argument or returns memory shared with it.
package track
