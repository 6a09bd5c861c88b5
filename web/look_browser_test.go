package web

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"testing"
	"time"

	"musette"
	"musette/feed"
	"musette/store"
)

// errorsSeen are what a browser reports of pages that say that something is wrong.
var errorsSeen = []string{"status of 40", "status of 429", "status of 50"}

// A sight is a page to look at, and what is done there first.
type sight struct {
	name, path string
	do, until  string // a script, and what is then true
}

// seeAll looks at pages of a site, one after the other.
func (r *reader) seeAll(s *site, sights []sight) {
	r.t.Helper()
	for _, x := range sights {
		r.name(x.name)
		r.open(s.url(x.path))
		if x.do != "" {
			eval[any](r, x.do+"; null")
		}
		if x.until != "" {
			r.waitFor(x.until)
		}
		r.lookAt(x.name)
	}
}

// odd are activities whose texts are hard to set: without a gap, from right to left, of pictures, without a name.
func odd(athlete int64) []*musette.Activity {
	say := func(s string) *string { return &s }
	at := func(i int) time.Time { return seasonNow.Add(time.Duration(-i) * time.Hour) }
	long := longest
	list := []*musette.Activity{
		{
			ID: 81, Name: longest, SportType: "Run" + longest[:40], DistanceM: 123456789, MovingS: 123456789, ClimbM: 12345678, Description: &long,
			Comments: []musette.Comment{{Author: longest, Text: longest}},
		},
		{
			ID: 82, Name: rightToLeft, SportType: "Run", DistanceM: 5012, MovingS: 1580, ClimbM: 31, Description: say("יום יפה, 5 ק״מ."),
			Map: &musette.Map{Polyline: "_p~iF~ps|U_ulLnnqC_mqNvxq`@"}, Comments: []musette.Comment{{Author: "נועה", Text: "כל הכבוד!"}},
		},
		{ID: 83, Name: colourful, SportType: "Ride", DistanceM: 42195, MovingS: 5400, ClimbM: 401, Description: say("🚴💨")},
		{ID: 84, Name: "", SportType: "WeightTraining", MovingS: 2700},
		{ID: 85, Name: "Rain outside", SportType: "Yoga", MovingS: 1800},
		{ID: 86, Name: "Lengths", SportType: "Swim", DistanceM: 1500, MovingS: 1800},
	}
	for i, a := range list {
		a.AthleteID, a.Start, a.Visibility, a.Source = athlete, musette.At(at(i)), "everyone", musette.SourceAPI
		a.StartLocal = at(i).Format(localWall)
	}
	return list
}

// What an owner sees: each page, with everything in it and with nothing.
func TestBrowserLooksAtEveryPage(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{goalM: 3_000_000, streams: true})
	for i, a := range s.season.Activities[:16] {
		m := fromSeason(s.season, a)
		s.put(m)
		m.ID, m.Start, m.Photos = m.ID+1, musette.At(m.Start.AddDate(-1, -i/2, 0)), nil // the year before
		m.StartLocal = m.Start.Format(localWall)
		s.put(m)
	}
	rich := s.rich()
	ride := *rich
	ride.ID, ride.SportType, ride.Name, ride.Photos, ride.Comments, ride.Laps = 78, "VirtualRide", "Watopia", nil, nil, nil
	ride.Map = nil
	s.put(&ride)
	one := "/a/" + strconv.FormatInt(rich.ID, 10)
	r := newReader(t, 390)
	r.forgive = errorsSeen
	r.seeAll(s, []sight{
		{name: "feed", path: "/"},
		{name: "filter", path: "/", do: `document.querySelector(".find details").open = true`},
		{name: "found", path: "/?q=run&type=Run&has=map"},
		{name: "wrong", path: "/?from=yesterday"},
		{name: "none", path: "/?q=zzzz"},
		{name: "activity", path: one, do: `document.querySelectorAll("details").forEach((d) => { d.open = true; })`},
		{name: "viewer", path: one, do: `document.querySelector(".gallery a").click()`, until: `document.querySelector("dialog[open] img").naturalWidth`},
		{name: "virtual", path: "/a/78"},
		{name: "map", path: "/map", do: `document.querySelectorAll("details").forEach((d) => { d.open = true; })`},
		{name: "totals", path: "/totals"},
		{name: "tables", path: "/totals", do: `document.querySelectorAll("details").forEach((d) => { d.open = true; })`},
		{name: "docs", path: "/docs"},
		{name: "missing", path: "/a/1"},
		{name: "badcursor", path: "/?cursor=nonsense"},
		{
			name: "miles", path: "/units", do: `fetch("/units", { method: "POST", body: new URLSearchParams({ units: "imperial", back: "/" }) }).then(() => { location = "/"; })`,
			until: `location.pathname === "/" && document.querySelector(".card")`,
		},
		{name: "milestotals", path: "/totals"},
	})

	strange := newSite(t, siteOptions{})
	strange.put(odd(strange.season.Athlete.ID)...)
	r.seeAll(strange, []sight{
		{name: "odd", path: "/"},
		{name: "oddtotals", path: "/totals"},
		{name: "oddmap", path: "/map"},
		{name: "longest", path: "/a/81"},
		{name: "righttoleft", path: "/a/82"},
		{name: "indoors", path: "/a/85"},
	})

	empty := newSite(t, siteOptions{})
	r.seeAll(empty, []sight{
		{name: "empty", path: "/"},
		{name: "emptymap", path: "/map"},
		{name: "emptytotals", path: "/totals"},
		{name: "emptystatus", path: "/status"},
		{name: "emptyme", path: "/me"},
	})
}

// What strangers see, where everything is published, where totals are, and where nothing is.
func TestBrowserLooksAtWhatStrangersSee(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{goalM: 3_000_000, closed: true, publish: everything})
	for _, a := range s.season.Activities[:12] {
		s.put(fromSeason(s.season, a))
	}
	rich := s.rich()
	r := newReader(t, 390)
	r.forgive = errorsSeen
	r.seeAll(s, []sight{
		{name: "public", path: "/"},
		{name: "publicone", path: "/a/" + strconv.FormatInt(rich.ID, 10)},
		{name: "publicmap", path: "/map"},
		{name: "publictotals", path: "/totals"},
		{name: "publiclogin", path: "/login"},
		{name: "publicme", path: "/me"},
		{name: "uninvited", path: "/connect"},
		{name: "badinvite", path: "/connect?invite=wrong"},
	})
	for range triesAllowed {
		s.get("/connect?invite=wrong")
	}
	r.seeAll(s, []sight{{name: "toomany", path: "/connect?invite=wrong"}})

	totals := newSite(t, siteOptions{goalM: 3_000_000, closed: true, publish: feed.Publish{Mode: feed.PublishAggregate, API: true}}).fill()
	r.seeAll(totals, []sight{{name: "totalsonly", path: "/"}, {name: "totalsonlytotals", path: "/totals"}, {name: "totalsonlymap", path: "/map"}})

	off := newSite(t, siteOptions{closed: true}).fill()
	code, err := NewCode(t.Context(), off.store, seasonNow)
	if err != nil {
		t.Fatal(err)
	}
	r.seeAll(off, []sight{
		{name: "private", path: "/"},
		{name: "onetime", path: "/login?code=" + code},
		{name: "refused", path: "/login", do: `document.getElementById("key").value = "no-such-key-at-all"; document.querySelector("form").submit()`, until: `document.querySelector("[role=alert]")`},
	})

	starting, err := New(Config{Feed: feed.New(feed.Config{Store: off.store}), Store: off.store, Open: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(starting.Close)
	off.http.Config.Handler = starting
	r.seeAll(off, []sight{{name: "onemoment", path: "/"}})
}

// How things stand, in every state that there is.
func TestBrowserLooksAtEveryState(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{goalM: 3_000_000})
	var list []*musette.Activity
	for _, a := range s.season.Activities[:3] {
		list = append(list, fromSeason(s.season, a))
	}
	s.put(list...)
	r := newReader(t, 390)
	for _, state := range states() {
		state.edit(&s.status)
		s.look()
		r.seeAll(s, []sight{{name: "status-" + state.name, path: "/status"}})
		if state.name == "limited" || state.name == "lapsed" || state.name == "lostkey" { // quiet, amber and red
			r.seeAll(s, []sight{{name: "feed-" + state.name, path: "/"}})
		}
	}
}

// states are what a deployment can be in.
func states() (list []struct {
	name string
	edit func(*musette.Status)
},
) {
	at := func(d time.Duration) *time.Time { t := seasonNow.Add(d); return &t }
	windows := func(read, overall int) musette.Quota {
		quarter, day := seasonNow.Truncate(15*time.Minute).Add(15*time.Minute), seasonNow.Truncate(24*time.Hour).AddDate(0, 0, 1)
		return musette.Quota{
			Read:    musette.Windows{Quarter: musette.Window{Used: read, Limit: 100, Resets: quarter}, Day: musette.Window{Used: read * 4, Limit: 1000, Resets: day}},
			Overall: musette.Windows{Quarter: musette.Window{Used: overall, Limit: 200, Resets: quarter}, Day: musette.Window{Used: overall * 4, Limit: 2000, Resets: day}},
		}
	}
	parts := func(due, failed int) map[musette.Part]musette.PartCount {
		return map[musette.Part]musette.PartCount{
			musette.PartSummary: {Have: 450}, musette.PartDetail: {Have: 450 - due - failed, Due: due, Failed: failed},
			musette.PartPhotos: {Have: 120, Quarantined: 1}, musette.PartComments: {Have: 88},
		}
	}
	add := func(name string, state musette.State, edit func(*musette.Status)) {
		list = append(list, struct {
			name string
			edit func(*musette.Status)
		}{name, func(st *musette.Status) {
			asOf, next := at(-4*time.Minute), at(2*time.Hour)
			*st = musette.Status{State: state, AsOf: asOf, NextCall: next, Quota: windows(37, 41), Advice: state.Advice(), Athletes: []musette.Athlete{
				{ID: st.Athletes[0].ID, Name: "Nell Ashworth", State: state, Activities: 450, Parts: parts(0, 0)},
			}}
			if state != musette.StateOK && state != musette.StateSyncing {
				st.Since = at(-3 * time.Hour)
			}
			edit(st)
		}})
	}
	add("ok", musette.StateOK, func(st *musette.Status) { st.Pictures = musette.PictureCount{Kept: 312} })
	add("syncing", musette.StateSyncing, func(st *musette.Status) { st.ETA, st.Athletes[0].Parts = at(95*time.Minute), parts(138, 0) })
	add("limited", musette.StateLimited, func(st *musette.Status) {
		st.Until, st.ETA, st.Quota, st.Athletes[0].Parts = at(15*time.Minute), at(26*time.Hour), windows(100, 104), parts(138, 3)
	})
	add("offline", musette.StateOffline, func(st *musette.Status) {
		st.Until, st.Cause = at(8*time.Minute), "Strava doesn't answer as it should: 503 Service Unavailable"
		for i := range 3 {
			st.LastErrors = append(st.LastErrors, musette.LastError{At: *at(time.Duration(-i) * time.Minute), ActivityID: 19403555631, Part: musette.PartDetail, Kind: "server", Message: "Strava answered 503 Service Unavailable with a page instead of an activity"})
		}
	})
	add("held", musette.StateHeld, func(st *musette.Status) {
		st.Athletes[0].Cause = "31 activities seem deleted on Strava, too many at once to be believed; deletions wait for you, everything else goes on"
		st.Cause = st.Athletes[0].Cause
	})
	add("lapsed", musette.StateInactive, func(st *musette.Status) {
		st.Cause = "Strava has switched this app off; its owner's subscription may have lapsed"
	})
	add("lostkey", musette.StateReconnect, func(st *musette.Status) {
		st.Cause = "the athlete's tokens are sealed with another key than `MUSETTE_SECRET_KEY`; set the one they were sealed with, or connect again with `musette connect`; what is stored stays and is served"
		st.Athletes[0].Cause = st.Cause
	})
	add("databaseaway", musette.StateStoreDown, func(st *musette.Status) { st.Cause = "the database can't be reached" })
	add("diskfull", musette.StateDiskFull, func(st *musette.Status) { st.Cause = "there is no space left in the data folder" })
	add("wrongclock", musette.StateOK, func(st *musette.Status) {
		st.Warnings = []musette.Warning{{
			Name: musette.WarningClock, Since: at(-20 * time.Minute), OffS: 7203, Cause: "this machine's clock is 2 hours ahead of Strava's. Calls go by Strava's clock, and nothing stops",
			Advice: "set it right, on Linux with `timedatectl set-ntp true`",
		}}
	})
	add("team", musette.StateOK, func(st *musette.Status) {
		st.Athletes[0].State = musette.StateReconnect
		st.Athletes[0].Since, st.Athletes[0].Cause = at(-50*time.Hour), "the athlete has taken the access back on Strava; they can connect again at /connect"
		for i, name := range []string{longest[:90], rightToLeft, colourful, "Jo"} {
			st.Athletes = append(st.Athletes, musette.Athlete{ID: int64(900 + i), Name: name, State: musette.StateOK, Activities: 1234 * i, Parts: parts(0, 0)})
		}
	})
	return list
}

// Connecting, from the invite to each of its ends, the way a browser goes; then one's own page, with what can be chosen there,
// to the receipt.
func TestBrowserLooksAtConnectingAndLeaving(t *testing.T) {
	t.Parallel()
	var s *site
	ends := map[string]error{"": nil}
	connect := &Connect{
		Scopes: []string{"read", "activity:read_all"},
		Ask: func(redirect, state string, _ bool) string { // Strava says yes at once
			return redirect + "?" + url.Values{"code": {"c"}, "state": {state}}.Encode()
		},
		Finish: func(context.Context, url.Values, int64) (Connected, error) {
			done := Connected{AthleteID: s.season.Athlete.ID, Name: "Nell Ashworth"}
			if ends["missing"] != nil {
				done.Missing = []string{"activity:read_all"}
			}
			return done, ends[""]
		},
	}
	s = newSite(t, siteOptions{closed: true, publish: everything, connect: connect, leave: func(context.Context, int64) (Receipt, error) {
		return Receipt{Name: "Nell", At: seasonNow, Activities: 16, Rows: 1234, Snapshots: 3, Tokens: 1, Strava: "Strava was told.", Left: []string{"A copy that somebody made by hand."}}, nil
	}})
	for _, a := range s.season.Activities[:16] {
		s.put(fromSeason(s.season, a))
	}
	s.put(odd(s.season.Athlete.ID)...)
	r := newReader(t, 390)
	r.forgive = append(errorsSeen, "ERR_")

	invite, _, err := NewInvite(t.Context(), s.store, "Nell", seasonNow, seasonNow.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	answer := `document.querySelector("form[action='/connect']").submit()`
	r.seeAll(s, []sight{{name: "consent", path: "/connect?invite=" + invite}})
	for _, why := range []Why{WhyDenied, WhyScopes, WhyOther, WhyLimit, WhyInactive, WhySecret, WhyCode, WhyAway, WhyRefused} {
		ends[""] = &NotConnected{Why: why, Err: errors.New("as Strava put it")}
		r.seeAll(s, []sight{{name: "connect-" + string(why), path: "/connect?invite=" + invite, do: answer, until: `location.pathname === "/connect/callback" && document.querySelector(".ending h1")`}})
	}
	ends[""], ends["missing"] = nil, errors.New("a box was unticked")
	r.seeAll(s, []sight{{name: "connect-unticked", path: "/connect?invite=" + invite, do: answer, until: `document.querySelector(".lacking")`}})

	// Now the browser is signed in as the athlete.
	zones := []store.Zone{{ID: "1", AthleteID: s.season.Athlete.ID, Name: "My parents’", Lat: 51.5, Lng: -0.1, RadiusM: 400}, {ID: "2", AthleteID: 0, Name: longest[:60], Lat: 51.4, Lng: -0.2, RadiusM: 1200}}
	err = s.store.Update(t.Context(), nil, func(tx *store.Tx) error {
		for _, z := range zones {
			if err := tx.PutZone(t.Context(), z); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(ends, "missing")
	r.seeAll(s, []sight{
		{name: "again", path: "/connect"},
		{name: "me", path: "/me", do: `document.querySelector(".mine .whole button").click()`, until: `document.body.textContent.includes("Hidden by you")`},
		{name: "mechoices", path: "/me", do: `document.querySelectorAll("details").forEach((d) => { d.open = true; })`},
		{name: "mezone", path: "/me", do: `document.querySelectorAll(".mine details form:last-child button")[0].click()`, until: `location.hash`},
		{name: "minestatus", path: "/status"},
		{name: "mistyped", path: "/me", do: `document.getElementById("confirm").value = "go"; document.querySelector("[action='/me/leave']").submit()`, until: `document.querySelector("main > [role=alert]")`},
		{name: "goodbye", path: "/me", do: `document.getElementById("confirm").value = "leave"; document.querySelector("[action='/me/leave']").submit()`, until: `document.querySelector("h1").textContent.startsWith("Goodbye")`},
	})
}
