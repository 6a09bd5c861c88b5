// Package strava is a client for the Strava API v3 that does one thing per
// call and hides nothing.
//
// Every call makes exactly one HTTP request and returns three things: the
// decoded value, an [Answer] with what was on the wire (status, bytes, the
// server's date, the rate-limit headers), and an error. It never retries,
// never sleeps and never refreshes a token by itself: Strava's limits are
// small and shared by all athletes of an application, so the program has to
// know about each request. Waiting and trying again are its own decisions.
//
//	client, err := strava.New(strava.WithApp(id, secret))
//	...
//	grant, _, err := client.Refresh(ctx, refreshToken) // store grant before using it
//	...
//	detail, answer, err := client.Activity(ctx, grant.AccessToken, 19412345678, strava.ActivityOptions{})
//
// # Bytes and fields
//
// The structs hold the few members that most programs need, and Raw: the
// document's, or list element's, bytes exactly as they came. Keep those to
// lose nothing; take other members from them.
//
// Decoding expects what Strava really sends. Measures may be 0 in one
// activity, 0.0 in the next, null or absent in a third; they are *float64.
// Ids are exact up to int64. upload_id may be larger and is a text. Unknown
// members, repeated names and broken UTF-8 do no harm. Times are UTC, but
// start_date_local is left as the text it is, since its Z is false.
//
// An answer is accepted only if it is the document that was asked for: with
// status 200 but "{}", another activity's id, or an id that is missing, 0 or
// beyond int64, the call fails with [KindMismatch]; a web page, a list in
// place of an object or a body that breaks off with [KindBody].
//
// # Errors
//
// Each failure is an [*Error], whose [Kind] says what to do:
//
//	KindTransport, KindTimeout, KindServer, KindBody, KindMismatch   try again later
//	KindRateLimit                      be quiet until the window ends: see Quota.Exceeded
//	KindUnauthorized                   refresh the token, once
//	KindRefreshToken, KindScope        the athlete must connect again
//	KindInactive, KindAthleteLimit, KindClientID, KindClientSecret   the application's owner must act
//	KindGone                           deleted or private, perhaps only just now
//	KindNotFound, KindForbidden, KindPayment, KindBadRequest         don't repeat as it is
//	KindCanceled                       the caller's own doing
//
// [KindOf] finds the kind in a wrapped error. A cancelled context is also
// found with errors.Is(err, context.Canceled), one that ran out with
// context.DeadlineExceeded.
//
// Beware of KindGone and KindNotFound: neither proves a deletion. A private
// activity looks the same, a new one may not be readable for a moment, and
// streams of an activity entered by hand are not found.
//
// # Limits
//
// [Answer].Quota holds what the headers of this one answer said. Missing and
// malformed headers leave a [Pair] unknown, which is no news and never zero.
// Token calls are not known to carry them.
//
// # Secrets
//
// Tokens and the client secret are of type [Secret], which prints as *** with
// every fmt verb, in slog and in JSON. They travel in the Authorization
// header or a form body, never in an address, but for one thing that Strava
// wants so: listing and deleting push subscriptions put client id and secret
// into the query. No error repeats them. Redirects are not followed.
package strava
