// Package storetest is the one suite that every database must pass: what a store promises, tried through its public
// surface.
package storetest
