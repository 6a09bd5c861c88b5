// Package web is Musette's HTTP side: the JSON API, signing in, and the page.
//
// Everything that is read comes from a [feed.View] in memory; a reader's request never waits for Strava, and waits
// for the database only to look up a key. Errors of the API are RFC 9457 problems. openapi.yaml describes each route
// and is served as /openapi.json; the tests check every reply against it.
//
// Below /api/v3 the copy answers as Strava itself would, from the store's documents: see strava.go. Their bytes are cut and
// joined, never written anew: see splice.go.
//
// Strava's events come in at /webhook/{secret}: they are checked, kept in the inbox and acknowledged, and that is all;
// see webhook.go. Of package strava only what reads them is used: no call is made from here.
//
// Who asks is decided in one place, [Server.visitor]: a key, a session or nobody. Nobody sees what is published.
package web
