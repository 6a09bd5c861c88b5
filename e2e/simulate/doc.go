// Package simulate runs the real planner, ledger, keys, keeper and store against the simulated Strava in virtual
// time: months in seconds. Only the network, the clock and the people are invented.
//
// A [Scenario] is data: who the athletes are, how they live, what goes wrong and when, and which bounds must hold.
// [Run] plays it and gives a [Result]: the calls made by kind, the least that could have done, the calls refused, and
// how long each kind of change on Strava took until readers saw it. A [Chaos] is a scenario drawn from a seed, with
// faults, kills, edits and clocks that jump, for properties that must hold whatever happens.
//
// Two things are watched all the time, whatever the scenario. Nothing wrong is ever shown: each value that a reader
// sees was true on Strava once. And nothing gets poorer: what a reader has seen is only replaced by what is newer.
//
// docs/simulation.md shows a full run and how to read it.
package simulate
