// Package musette is the domain: what an activity is, which documents it is made of, and how a reader's view
// follows from them.
//
// Documents go in, views come out. A [Document] is the bytes of one [Part] exactly as they came; [Derive] turns the
// documents of one activity into the [Activity] that readers see. Nothing here reads a clock, a file or the network:
// everything is a function of its arguments, so that the same documents give the same view on every machine, in any
// order, as often as asked.
//
// The rooms around it: strava fetches documents, plan decides which, store keeps them, feed serves the views.
package musette
