// Package quota is the ledger of calls: how many Strava still allows, in both of its windows and under both of its
// limits, and how much of that each class of call may take.
//
// A [Ledger] is a value. Its methods are pure: they take the time and give back a new ledger, so that a caller can
// read it from a store, reserve a call and write it back only if nobody else has written meanwhile. That is how
// several processes share one quota.
//
// Strava counts in fixed windows, the clock's quarter hours and the UTC day, by its own clock. So does the ledger:
// it follows the Date of the answers, not the local clock, which may be an hour off or jump. It starts with the least that Strava gives (100 reads a
// quarter, 1,000 a day; 200 and 2,000 overall) and learns the true limits and usage from the headers. A header that
// is missing or malformed is no news.
//
//	read   ┌ quarter ┐ ┌ day ┐      a call counts in all four;
//	overall└─────────┘ └─────┘      the tightest one decides
//
// Each class of call leaves the reserves of the classes above it alone. Reserves shrink to nothing towards the end
// of a window, so that no call is left unused.
package quota
