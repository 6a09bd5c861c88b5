// Package feed is the memory tier: everything that readers ask for is answered from here, in microseconds, whatever
// state the store or Strava is in.
//
// A [View] is the whole cache at one moment: it never changes, and readers share it without a lock. [Feed.Run]
// follows the store's change numbers; for each change it reads that one activity and publishes a new view, which
// shares everything else with the old one. While the store can't be reached, the last view goes on serving and says
// so in its status.
//
//	store ── changes ──► Feed ── View ──► Query, Activity, Totals      (values, for pages)
//	                                 └──► FeedResponse, TotalsResponse (ready bytes, for the API)
//
// Order is by start, newest first, then by id. It is kept in chunks by athlete and month, so that a change costs
// what changed, not what there is.
package feed
