// Package torture ill-treats the built program for as long as it takes to believe in it: it is killed, its database
// stopped, its files bent, while others read from it. Every test has two lengths. Without more it is a shortened one
// of some seconds, so that `go test` always runs it; MUSETTE_TORTURE=full, which `make torture` sets, is the whole of it.
//
// What is random comes from a seed that the test logs; MUSETTE_TORTURE_SEED repeats it. Each test logs one line of
// figures that begins with "report:"; those of the last full run stand in docs/reliability.md.
package torture
