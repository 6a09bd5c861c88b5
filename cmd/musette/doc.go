// Command musette keeps a complete, durable copy of athletes' Strava activities and serves it.
//
// Every command has a file of its own. What they share: config.go (where each setting comes from), wire.go (which
// rooms a command opens, and closes again), problem.go (what a person reads when something is wrong, and the exit
// code), progress.go (the one line that moves) and help.go.
//
// The rules of the terminal: results go to stdout, everything for people to stderr; lower case, no full stops;
// "musette: " before errors, and what to do in the line after; colours only on a terminal and without NO_COLOR.
// Exit codes: 0 done, 1 failed, 2 wrong usage or a bad setting, 3 ended in a named state other than ok.
package main
