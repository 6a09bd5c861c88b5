// Package e2e tests the whole program as a user runs it. The tests build the real binary once, run it as a process
// against the simulated Strava over HTTP, and look at nothing but what a user sees: output, exit codes, answers,
// pages, files. The simulated Strava runs in the test's own process, so that a test can change the world while the
// program runs, and count the calls that it made.
//
// `make bench` runs this package's benchmark, which prints the table in docs/benchmarks.md.
package e2e
