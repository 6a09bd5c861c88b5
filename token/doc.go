// Package token keeps the athletes' keys to Strava: it seals them, refreshes
// them one at a time, and says in plain words when a person has to act.
//
// A grant is what one athlete's consent gave: an access token for six hours
// and a refresh token, the pair. It has a random id of its own, because the
// athlete is known only after the first call ([Tokens.Bind]). Pairs are kept
// sealed with AES-256-GCM, the grant's id as associated data, so that a pair
// can't be moved to another grant; each sealed text also names its key by a
// fingerprint, so that another key is told from a damaged row.
//
// Strava may hand out a new refresh token with each refresh, and then the old
// one is dead at once. So a refresh goes like this:
//
//	lease "token:<grant>" ── read again ── call Strava ── sealed file ── store ── use
//	                         │ somebody else refreshed: use theirs
//
// The pair that got the new one stays in the row as the previous one until
// [Tokens.Worked] says that the new one works. Where Strava refuses the
// current refresh token, the previous one is tried, then the sealed file's.
// A process may be killed at every arrow; only between Strava's answer and the
// first of the two writes can a pair be lost, and only if Strava changed the
// refresh token: that ends in a [ReconnectError].
package token
