package simulate

import (
	"slices"
	"time"

	"musette/strava/stravatest"
)

// Scenarios returns all that `make simulate` plays, chance apart.
func Scenarios() []Scenario {
	list := []Scenario{backfill(), quietMonth(false), quietMonth(true), edits(), team(1000, 1050)}
	for _, o := range outages {
		list = append(list, badDay(o.name, o.kind))
	}
	return append(list, inactive())
}

// SmallScenarios are the same, but for a team that is small enough for every test run.
func SmallScenarios() []Scenario {
	list := Scenarios()
	for i := range list {
		if list[i].Athletes > 1 {
			list[i] = team(50, 75) // chance weighs more where there are few
		}
	}
	return list
}

func backfill() Scenario {
	return Scenario{
		Name: "first backfill", About: "2,000 activities, 400 with photos, 300 with comments, at the limits of a new app.",
		Seed: 11, Old: Stock{Activities: 2000, Photos: 400, Comments: 300}, Days: 3, After: 1,
		Bounds: []Bound{
			{"calls until all is visible", 12, func(r *Result) float64 { return float64(r.facts.visibleAfter) }},
			{"calls over the least, polls and rechecks apart", 1.02, overLeast},
			{"refused calls", 0, refused},
			{"days until all is complete", 3, func(r *Result) float64 { return r.facts.completeDays }},
		},
	}
}

func quietMonth(webhooks bool) Scenario {
	sc := Scenario{
		Name: "quiet month", About: "2 new activities a day on top of 2,000, no webhooks.",
		Seed: 12, Old: Stock{Activities: 2000, Photos: 400, Comments: 300}, Mirrored: true, Days: 30, After: 9,
		Life: Life{PerDay: 2, LateText: 0.5, Photos: 0.2, Comments: 0.3},
		Bounds: []Bound{
			{"calls a day, rechecks and sweeps included", 14, perDay},
			{"refused calls", 0, refused},
			{"descriptions served later than the rechecks promise", 0, late},
		},
	}
	if webhooks {
		sc.Name, sc.About, sc.Webhooks = "quiet month with webhooks", "The same, and Strava sends events.", true
		sc.Bounds[0].Most = 11
		sc.Bounds = append(sc.Bounds, Bound{"seconds until a new activity is complete", 60, worst("new activity, complete")})
	}
	return sc
}

// edits are changes of every sort, among the newest 200 and among older ones.
func edits() Scenario {
	sc := Scenario{
		Name: "edits", About: "Descriptions edited later, and every other edit to old and new activities; no webhooks.",
		Seed: 14, Old: Stock{Activities: 2000, Photos: 400, Comments: 300}, Mirrored: true, Days: 14, After: 9,
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
		Act{At: 2*day + 7*hour, Do: UploadLate, Which: 700}, // days old
	)
	for i, d := range []Deed{Rename, Retype, Crop, AddPhoto, RemovePhotos, AddComment, Hide, Delete, RemoveComments, Show} {
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
				age.place = 1750
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

// team is many athletes on the quota of one app.
func team(athletes int, callsADay float64) Scenario {
	return Scenario{
		Name: "team", About: "Many athletes, 0.6 activities a day each, webhooks, 2 reads a day for each.",
		Seed: 15, Athletes: athletes, Old: Stock{Activities: 1}, Mirrored: true, Settle: 3 * day, Days: 3,
		Life: Life{PerDay: 0.6, Photos: 0.2, Comments: 0.15}, Webhooks: true,
		Limits: stravatest.Limits{OverallQuarter: 400, OverallDay: 4 * athletes, ReadQuarter: 200, ReadDay: 2 * athletes},
		Bounds: []Bound{
			{"calls on a day, rechecks and sweeps apart", callsADay, func(r *Result) float64 { return float64(slices.Max(r.Needed)) }},
			{"share of the day's reads used when a recheck is made", 0.8, func(r *Result) float64 { return 1 - r.facts.spared }},
			{"seconds until a new activity is complete", 600, worst("new activity, complete")},
			{"the worst athlete's mean over the mean of all", 2, func(r *Result) float64 { return r.facts.worstAthlete }},
			{"refused calls", 0, refused},
		},
	}
}

var outages = []struct {
	name string
	kind stravatest.FaultKind
}{
	{"500", stravatest.FaultServerError},
	{"HTML", stravatest.FaultHTML},
	{"truncated answers", stravatest.FaultTruncate},
	{"empty lists", stravatest.FaultEmptyList},
	{"empty objects", stravatest.FaultEmptyObject},
	{"401", stravatest.FaultTokenInvalid},
}

func badDay(name string, kind stravatest.FaultKind) Scenario {
	return Scenario{
		Name: "a day of " + name, About: "Strava gives nothing but " + name + " for a day, then recovers.",
		Seed: 16, Old: Stock{Activities: 300, Photos: 60, Comments: 50}, Mirrored: true, Days: 4, After: 9,
		Life: Life{PerDay: 2, LateText: 0.5, Photos: 0.2, Comments: 0.3},
		Script: []Act{
			{At: day + 70*time.Minute, Do: Break, Fault: stravatest.Fault{Kind: kind, For: day}},
			{At: day + 3*time.Hour, Do: Rename, Which: 5},
			{At: day + 9*time.Hour, Do: Delete, Which: 9},
		},
		Bounds: []Bound{
			{"calls in the day", 150, func(r *Result) float64 { return float64(r.facts.outage.calls) }},
			{"activities lost meanwhile", 0, func(r *Result) float64 { return float64(r.facts.outage.lost) }},
			{"calls until caught up", 100, caughtUp(func(o outage) float64 { return float64(o.catchUp) })},
			{"minutes until caught up", 30, caughtUp(func(o outage) float64 { return o.took.Minutes() })},
			{"refused calls", 0, refused},
		},
	}
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
