package web

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"musette"
)

const (
	statusPath = "/status"
	// athletesNamed is how many athletes the page lists; of more, those with something to say go first.
	athletesNamed = 100
)

func (s *Server) statusRoutes() map[string]methods {
	return map[string]methods{statusPath: {"GET": s.getStatusPage}}
}

// A statusPage says how things stand, to those whose they are.
type statusPage struct {
	shell
	Title    string
	State    []sentence
	Facts    []point
	Parts    []partRow
	Gauges   []gaugeRow
	Athletes []athleteRow
	More     int // athletes who aren't listed
	Errors   []errorRow
	Connect  bool
	Mine     bool // one athlete's
}

// A partRow says how complete one part is.
type partRow struct {
	Name             string
	Have, All        int
	Due, Failed, Bad string
	Says             string
}

// A gaugeRow is one window of the quota.
type gaugeRow struct {
	Name        string
	Used, Limit int
	Says        string
	Full        bool
	Resets      piece
}

type athleteRow struct {
	Name, State string
	To          string
	Activities  string
	Says        []piece
	Bad         bool
}

type errorRow struct {
	At    piece
	About string
	Says  string
}

// getStatusPage shows how things stand: an operator everything, an athlete their own.
func (s *Server) getStatusPage(w http.ResponseWriter, r *http.Request) error {
	if _, err := params(r); err != nil {
		return err
	}
	v, err := s.visitor(r)
	switch {
	case err != nil:
		return err
	case !v.Known:
		return unauthorized("How things stand is for those whose activities are here.")
	case !v.may(ScopeRead):
		return forbidden(ScopeRead)
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	st := view.StatusFor(v.reader())
	page := newStatusPage(&st, v, s.config.Now().UTC())
	page.shell = s.newShell(r, view, v.reader())
	page.Connect = s.config.Connect != nil && v.Session && (v.operator() || st.State == musette.StateReconnect || anyReconnect(st.Athletes))
	b, err := sitePages().write("status", page)
	s.say(w, http.StatusOK, b, err)
	return nil
}

func anyReconnect(all []musette.Athlete) bool {
	for _, a := range all {
		if a.State == musette.StateReconnect {
			return true
		}
	}
	return false
}

func newStatusPage(st *musette.Status, v visitor, now time.Time) statusPage {
	sp := speaker{now, true}
	p := statusPage{Title: "How things stand", State: sp.say(st), Mine: v.Athlete != 0}
	p.facts(st, sp)
	p.parts(st.Athletes)
	p.gauges(&st.Quota, sp)
	if !p.Mine {
		p.athletes(st.Athletes, sp)
	}
	for _, e := range st.LastErrors {
		row := errorRow{At: sp.clock(e.At), Says: asSentence(e.Message), About: partWords[e.Part]}
		if e.ActivityID != 0 {
			row.About = strings.TrimSpace(row.About + " of activity " + strconv.FormatInt(e.ActivityID, 10))
		}
		if row.About == "" {
			row.About = cmp.Or(kindWords[e.Kind], "Strava")
		}
		p.Errors = append(p.Errors, row)
	}
	return p
}

// stateWords say a state in a word or two.
var stateWords = map[musette.State]string{
	musette.StateStoreDown: "The database is away", musette.StateDiskFull: "The disk is full", musette.StateInactive: "The app is switched off",
	musette.StateReconnect: "Needs to connect again", musette.StateOffline: "Strava isn’t answering", musette.StateHeld: "Deletions wait for you",
	musette.StateLimited: "Strava is resting", musette.StateSyncing: "Being fetched", musette.StateOK: "Up to date",
}

// warningWords say a warning in a word or two.
var warningWords = map[string]string{musette.WarningClock: "The clock is wrong", musette.WarningDiskFull: "The disk is full"}

// facts are the state with its cause, and the times.
func (p *statusPage) facts(st *musette.Status, sp speaker) {
	add := func(heading string, pieces ...piece) { p.Facts = append(p.Facts, point{heading, pieces}) }
	state := []piece{text(stateWords[st.State])}
	if st.Since != nil {
		state = append(state, text(", since "), sp.clock(*st.Since))
	}
	if st.Until != nil && st.Until.After(sp.now) {
		state = append(state, text(", until "), sp.clock(*st.Until))
	}
	add("State", state...)
	if st.Cause != "" {
		add("Why", marked(asSentence(st.Cause))...)
	}
	if st.Advice != "" && st.State != musette.StateReconnect { // there the cause names the remedy
		add("What to do", marked(asSentence(st.Advice))...)
	}
	for _, w := range st.Warnings {
		add(warningWords[w.Name], marked(asSentence(w.Cause))...)
		if w.Since != nil {
			add("Since", sp.clock(*w.Since))
		}
		add("What to do", marked(asSentence(w.Advice))...)
	}
	if st.AsOf != nil {
		add("Last complete look", sp.ago(*st.AsOf))
	} else {
		add("Last complete look", text("Not yet"))
	}
	switch {
	case st.NextCall == nil:
		add("Next look at Strava", text("None is planned"))
	case st.NextCall.After(sp.now):
		add("Next look at Strava", sp.clock(*st.NextCall))
	default:
		add("Next look at Strava", text("Now"))
	}
	if st.ETA != nil && st.ETA.After(sp.now) {
		add("All here", text("In "+about(st.ETA.Sub(sp.now))+", at "), sp.clock(*st.ETA))
	} else if st.ETA == nil && st.AsOf != nil && st.State == musette.StateOK {
		add("All here", text("Yes, nothing is missing"))
	}
}

// kindWords say what an error is about that is of no part.
var kindWords = map[string]string{"damage": "The database", "copy": "Copies of snapshots", "backup": "Snapshots", "pictures": "Pictures"}

// partWords name the parts.
var partWords = map[musette.Part]string{
	musette.PartSummary: "Activities", musette.PartDetail: "Details and routes", musette.PartPhotos: "Photos", musette.PartComments: "Comments",
	musette.PartStreams: "Second by second",
}

// parts sums up how complete everything is.
func (p *statusPage) parts(all []musette.Athlete) {
	for _, part := range musette.ActivityParts {
		var sum musette.PartCount
		for _, a := range all {
			c := a.Parts[part]
			sum.Have, sum.Due = sum.Have+c.Have, sum.Due+c.Due
			sum.Failed, sum.Quarantined = sum.Failed+c.Failed, sum.Quarantined+c.Quarantined
		}
		total := sum.Have + sum.Due + sum.Failed + sum.Quarantined
		if total == 0 {
			continue
		}
		row := partRow{Name: partWords[part], Have: sum.Have, All: total, Says: thousands(sum.Have) + " of " + thousands(total)}
		if sum.Have == total {
			row.Says = thousands(total)
		}
		var rest []string
		if sum.Due > 0 {
			rest = append(rest, thousands(sum.Due)+" to come")
		}
		if sum.Failed > 0 {
			rest = append(rest, thousands(sum.Failed)+" failed, tried again later")
		}
		if sum.Quarantined > 0 {
			rest = append(rest, thousands(sum.Quarantined)+" set aside")
		}
		row.Due = strings.Join(rest, ", ")
		p.Parts = append(p.Parts, row)
	}
}

// gauges are both limits in both windows.
func (p *statusPage) gauges(q *musette.Quota, sp speaker) {
	for _, g := range []struct {
		name string
		w    musette.Window
	}{
		{"Reads this quarter hour", q.Read.Quarter},
		{"Reads today", q.Read.Day},
		{"All calls this quarter hour", q.Overall.Quarter},
		{"All calls today", q.Overall.Day},
	} {
		if g.w.Limit <= 0 {
			continue
		}
		p.Gauges = append(p.Gauges, gaugeRow{
			Name: g.name, Used: min(g.w.Used, g.w.Limit), Limit: g.w.Limit, Says: thousands(g.w.Used) + " of " + thousands(g.w.Limit),
			Full: g.w.Used >= g.w.Limit, Resets: sp.clock(g.w.Resets),
		})
	}
}

// athletes lists those there are, first those of whom there is something to say.
func (p *statusPage) athletes(all []musette.Athlete, sp speaker) {
	var good []athleteRow
	for _, a := range all {
		row := athleteRow{
			Name: nameOr(a.Name, "Athlete "+strconv.FormatInt(a.ID, 10)), State: stateWords[a.State], Activities: thousands(a.Activities),
			To: mePath + "?" + meParam + "=" + strconv.FormatInt(a.ID, 10),
		}
		if a.Cause != "" {
			row.Says = marked(asSentence(a.Cause))
		}
		if a.Since != nil {
			row.Says = append(row.Says, text(" Since "), sp.clock(*a.Since), text("."))
		}
		row.Bad = a.State == musette.StateReconnect || a.State == musette.StateHeld
		if row.Bad || a.Cause != "" {
			p.Athletes = append(p.Athletes, row)
		} else {
			good = append(good, row)
		}
	}
	p.Athletes = append(p.Athletes, good...)
	if len(p.Athletes) > athletesNamed {
		p.More, p.Athletes = len(p.Athletes)-athletesNamed, p.Athletes[:athletesNamed]
	}
}
