//go:build race

package simulate_test

// underRace says that everything takes ten times as long.
const underRace = true
