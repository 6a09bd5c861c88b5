package simulate

import (
	"fmt"
	"math"
	"slices"
	"time"

	"musette/strava/stravatest"
)

// Scenarios returns all that `make simulate` plays, chance apart.
func Scenarios() []Scenario {
	list := []Scenario{backfill(2000), quietMonth(2000, false), quietMonth(2000, true), edits(2000), regrets(2000), team(1000, 3)}
	for _, o := range outages {
		list = append(list, badDay(o, 300, false), badDay(o, 300, true))
	}
	return append(list, inactive())
}

// SmallScenarios are the same with fewer activities and athletes, for every test run. Their bounds are as much lower.
func SmallScenarios() []Scenario {
	list := []Scenario{backfill(300), quietMonth(300, false), quietMonth(300, true), edits(500), regrets(400), team(50, 3)}
	for i, o := range outages {
		list = append(list, badDay(o, 60, i%2 == 1))
	}
	return append(list, inactive())
}

// stock is what an athlete with n activities has in the scenarios: 2,000 with 400 and 300.
func stock(n int) Stock { return Stock{Activities: n, Photos: n / 5, Comments: n * 3 / 20} }

// pages is how many calls list n activities, the one included that shows that there are no more.
func pages(n int) int { return n/listPage + 1 }

// listPage is how many activities a call lists at most.
const listPage = 200

func backfill(n int) Scenario {
	old := stock(n)
	least := 1 + pages(n) + n + old.Photos + old.Comments
	return Scenario{
		Name: "first backfill", About: fmt.Sprintf("%d activities, %d with photos, %d with comments, at the limits of a new app.", n, old.Photos, old.Comments),
		Seed: 11, Old: old, Days: 3, After: 1,
		Bounds: []Bound{
			{"calls until all is visible", float64(1 + pages(n)), func(r *Result) float64 { return float64(r.facts.visibleAfter) }},
			{"calls over the least, polls and rechecks apart", 1.02, overLeast},
			{"refused calls", 0, refused},
			{"days until all is complete", float64((least + 999) / 1000), func(r *Result) float64 { return r.facts.completeDays }},
		},
	}
}

func quietMonth(n int, webhooks bool) Scenario {
	sc := Scenario{
		Name: "quiet month", About: fmt.Sprintf("2 new activities a day on top of %d, no webhooks.", n),
		Seed: 12, Old: stock(n), Mirrored: true, Days: 30, After: 9,
		Life: Life{PerDay: 2, LateText: 0.5, Photos: 0.2, Comments: 0.3},
		Bounds: []Bound{
			{"calls a day, rechecks and sweeps included", 14 - sweeps(n), perDay},
			{"refused calls", 0, refused},
			{"descriptions served later than the rechecks promise", 0, late},
		},
	}
	if webhooks {
		sc.Name, sc.About, sc.Webhooks = "quiet month with webhooks", "The same, and Strava sends events.", true
		sc.Bounds[0].Most = 11 - sweeps(n)
		sc.Bounds = append(sc.Bounds, Bound{"seconds until a new activity is complete", 60, worst("new activity, complete")})
	}
	return sc
}

// sweeps is how many calls a day fewer n activities are worth than 2,000 are.
func sweeps(n int) float64 { return float64(pages(2000)-pages(n)) / 7 }

// edits are changes of every sort, among the newest 200 and among older ones.
func edits(n int) Scenario {
	sc := Scenario{
		Name: "edits", About: "Descriptions edited later, and every other edit to old and new activities; no webhooks.",
		Seed: 14, Old: Stock{Activities: n, Photos: min(n, 400), Comments: min(n, 300)}, Mirrored: true, Days: 14, After: 9,
		Bounds: []Bound{
			{"descriptions served later than the rechecks promise", 0, late},
			{"refused calls", 0, refused},
		},
	}
	const hour = time.Hour
	for d := range 8 {
		sc.Script = append(sc.Script, Act{At: time.Duration(d)*day + 6*hour + 10*time.Minute, Do: Upload})
	}
	sc.Script = append(
		sc.Script,
		Act{At: 10 * hour, Do: Describe, Which: 0},          // some hours old
		Act{At: day + 5*hour, Do: Describe, Which: 0},       // nearly a day
		Act{At: 4*day + 12*hour, Do: Describe, Which: 3},    // three days
		Act{At: 9*day + 12*hour, Do: Describe, Which: 4},    // six days
		Act{At: 2*day + 7*hour, Do: UploadLate, Which: 700}, // days old, so that no poll sees it
	)
	for i, d := range []Deed{Rename, Retype, Crop, AddPhoto, RemovePhotos, AddComment, Hide, Delete, RemoveComments, Show, Narrow} {
		for _, age := range []struct {
			kind  string
			place int
			most  time.Duration
		}{
			{" (newest 200)", 20 + 15*i, 6*hour + time.Minute},
			{" (older)", 230 + 15*i, 7*day + 5*time.Minute},
		} {
			at := time.Duration(i+1)*day + time.Duration(i)*53*time.Minute + time.Duration(age.place)*time.Minute
			switch {
			case d == RemoveComments && age.place > 200:
				age.place = n - 250 // comments are on the oldest 300
			case d == RemoveComments:
				age.place = 20 // finds what AddComment has done
			case d == Show:
				age.place = max(20, age.place-200) // finds what Hide has done, or what was private before
			}
			sc.Script = append(sc.Script, Act{At: at, Do: d, Which: age.place, Kind: string(d) + age.kind})
			if d != Show {
				sc.Bounds = append(sc.Bounds, Bound{"hours until served, " + string(d) + age.kind, age.most.Hours(), hours(worst(string(d) + age.kind))})
			}
		}
	}
	sc.Bounds = append(sc.Bounds, Bound{"hours until complete, a late upload", (7*day + 5*time.Minute).Hours(), hours(worst("late upload, complete"))})
	return sc
}

// regrets are edits that are taken back: before anybody has seen them, after somebody has asked for a refresh, so that
// the list never had them, and after the next poll.
func regrets(n int) Scenario {
	sc := Scenario{
		Name: "edits taken back", About: "Edits of every sort, changed back before or after the next poll; no webhooks.",
		Seed: 18, Old: Stock{Activities: n, Photos: min(n, 400), Comments: min(n, 300)}, Mirrored: true, Days: 8, After: 9,
		Script: []Act{
			{At: 6 * time.Hour, Do: Upload},
			{At: 14 * time.Hour, Do: Describe, Back: 2 * time.Hour, Asked: true}, // only a recheck sees that it has gone again
		},
		Bounds: []Bound{
			{"descriptions served later than the rechecks promise", 0, late},
			{"refused calls", 0, refused},
		},
	}
	for i, d := range []Deed{Rename, Retype, AddPhoto, AddComment, Hide, Narrow} {
		for _, age := range []struct {
			kind  string
			place int
			most  time.Duration
		}{
			{string(d) + " (newest 200)", 20 + 9*i, 6*time.Hour + time.Minute},
			{string(d) + " (older)", 230 + 9*i, 7*day + 5*time.Minute},
		} {
			at := day + time.Duration(i)*67*time.Minute + time.Duration(age.place)*time.Minute
			sc.Script = append(
				sc.Script,
				Act{At: at, Do: d, Which: age.place, Kind: age.kind, Back: time.Hour},
				Act{At: at + day, Do: d, Which: age.place + 60, Kind: age.kind, Back: time.Hour, Asked: true},
				Act{At: at + 2*day, Do: d, Which: age.place + 120, Kind: age.kind, Back: 9 * time.Hour},
			)
			for _, kind := range []string{age.kind, age.kind + ", taken back"} {
				sc.Bounds = append(sc.Bounds, Bound{"hours until served, " + kind, age.most.Hours(), hours(worst(kind))})
			}
		}
	}
	return sc
}

// team is many athletes on the quota of one app.
func team(athletes, days int) Scenario {
	return Scenario{
		Name: "team", About: fmt.Sprintf("%d athletes, 0.6 activities a day each, webhooks, %d reads a day.", athletes, 2*athletes),
		Seed: 15, Athletes: athletes, Old: Stock{Activities: 1}, Mirrored: true, Settle: 3 * day, Days: days,
		Life: Life{PerDay: 0.6, Photos: 0.2, Comments: 0.15}, Webhooks: true,
		Limits: stravatest.Limits{OverallQuarter: 200, OverallDay: 4 * athletes, ReadQuarter: 100, ReadDay: 2 * athletes},
		Bounds: []Bound{
			{"calls on a day, rechecks apart", teamCalls(athletes), func(r *Result) float64 { return float64(slices.Max(r.Needed)) }},
			{"share of the day's reads used when a recheck is made", 0.8, func(r *Result) float64 { return 1 - r.facts.spared }},
			{"seconds until a new activity is complete", 600, worst("new activity, complete")},
			{"the worst athlete's mean over the mean of all", 2, func(r *Result) float64 { return r.facts.worstAthlete }},
			{"refused calls", 0, refused},
		},
	}
}

// teamCalls is 1,050 a day for 1,000 athletes. Where there are few, the number of those with photos and comments varies
// more: by three times its standard deviation at most.
func teamCalls(athletes int) float64 {
	n := float64(athletes)
	return 1.05*n + max(0, 3*math.Sqrt(0.6*n*(0.2*0.8+0.15*0.85))-0.05*n)
}

type badness struct {
	name string
	kind stravatest.FaultKind
}

var outages = []badness{
	{"500", stravatest.FaultServerError},
	{"HTML", stravatest.FaultHTML},
	{"truncated answers", stravatest.FaultTruncate},
	{"empty lists", stravatest.FaultEmptyList},
	{"empty objects", stravatest.FaultEmptyObject},
	{"401", stravatest.FaultTokenInvalid},
}

// badDay is a day in which nothing right comes. Within one quarter hour of budget is: with as many calls as a quarter
// allows, 100, and as soon as the next probe, 15 minutes apart at most, has found that Strava is back, which leaves a
// quarter hour for the calls.
func badDay(o badness, n int, webhooks bool) Scenario {
	sc := Scenario{
		Name: "a day of " + o.name, About: "Strava gives nothing but " + o.name + " for a day, then recovers; no webhooks.",
		Seed: 16, Old: stock(n), Mirrored: true, Days: 4, After: 9,
		Life: Life{PerDay: 2, LateText: 0.5, Photos: 0.2, Comments: 0.3},
		Script: []Act{
			{At: day + 70*time.Minute, Do: Break, Fault: stravatest.Fault{Kind: o.kind, For: day}},
			{At: day + 90*time.Minute, Do: Delete, Which: 9},
			{At: day + 3*time.Hour, Do: Rename, Which: 5},
			{At: day + 7*time.Hour, Do: Upload},
			{At: day + 9*time.Hour, Do: AddPhoto, Which: 6},
			{At: day + 10*time.Hour, Do: AddComment, Which: 7},
		},
		Bounds: []Bound{
			{"calls in the day", 150, func(r *Result) float64 { return float64(r.facts.outage.calls) }},
			{"activities lost meanwhile", 0, func(r *Result) float64 { return float64(r.facts.outage.lost) }},
			{"calls until caught up", 100, caughtUp(func(o outage) float64 { return float64(o.catchUp) })},
			{"minutes until caught up", 30, caughtUp(func(o outage) float64 { return o.took.Minutes() })},
			{"refused calls", 0, refused},
		},
	}
	if webhooks {
		sc.Name, sc.About, sc.Webhooks = sc.Name+", with webhooks", "The same, and Strava sends events meanwhile.", true
	}
	return sc
}

func inactive() Scenario {
	return Scenario{
		Name: "inactive", About: "Strava switches the app off for 30 days.",
		Seed: 17, Old: Stock{Activities: 300, Photos: 60, Comments: 50}, Mirrored: true, Days: 34, After: 9,
		Life:   Life{PerDay: 1, LateText: 0.5, Photos: 0.2, Comments: 0.3},
		Script: []Act{{At: 2*day + time.Hour, Do: Break, Fault: stravatest.Fault{Kind: stravatest.FaultInactive, For: 30 * day}}},
		Bounds: []Bound{
			{"calls in the 30 days", 30 + 3, func(r *Result) float64 { return float64(r.facts.outage.calls) }},
			{"activities lost meanwhile", 0, func(r *Result) float64 { return float64(r.facts.outage.lost) }},
			{"hours until caught up", 24.5, caughtUp(func(o outage) float64 { return o.took.Hours() })},
			{"refused calls", 0, refused},
		},
	}
}
