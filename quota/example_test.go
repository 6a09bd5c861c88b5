package quota_test

import (
	"fmt"
	"time"

	"musette"
	"musette/quota"
)

// A call is reserved before it is made, and settled with what its answer taught.
func ExampleLedger() {
	now := time.Date(2026, 5, 22, 12, 3, 0, 0, time.UTC)
	ledger := quota.New()

	ledger, ticket, ok := ledger.Reserve(now, musette.ClassList)
	fmt.Println("may call:", ok)

	ledger = ledger.Settle(ticket, now, quota.News{ // the answer's headers
		Date:      now,
		ReadLimit: &quota.Pair{Quarter: 100, Day: 1000},
		ReadUsage: &quota.Pair{Quarter: 100, Day: 412}, // somebody else has used this app too
	})
	room := ledger.Room(now, musette.ClassList)
	fmt.Println("calls left:", room.Calls)
	fmt.Println("resets at:", room.Reset.Format(time.TimeOnly))
	fmt.Println("300 more calls take until:", ledger.Finish(now, 300, 0).Format(time.TimeOnly))
	// Output:
	// may call: true
	// calls left: 0
	// resets at: 12:15:00
	// 300 more calls take until: 12:45:00
}
