// Package keeper carries plans out: it fetches what plan says, accepts or refuses what came, and records it.
//
// [Keeper.Step] does all the keeping there is. One step reads the situation from the store, asks plan.Next and takes
// the chosen calls off the quota's ledger in one transaction, makes the calls, and writes their results in another:
//
//	situation ──► plan.Next ──► reserve ──► call Strava ──► record
//	└───────── one transaction ────────┘    (no lock held)  (another)
//
// It returns when to step again. [Keeper.Run] wraps it in a timer for a server, [Keeper.Sync] in a loop that ends
// when nothing is due, and a simulation may wrap it in virtual time. Nothing is remembered between steps but the
// results that the store couldn't take yet: a keeper that is killed goes on where it was, and repeats at most the
// calls that were in flight.
//
// On one store one keeper leads, by lease; each of its transactions checks that the lease is still its own.
package keeper
