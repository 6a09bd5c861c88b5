package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"musette"
	"musette/keeper"
	"musette/store"
)

type statusCmd struct {
	settings
	JSON   bool `help:"one line of JSON"`
	Server bool `help:"only whether the server on MUSETTE_ADDR answers, for health checks; opens no database"`
}

func (statusCmd) Help() string {
	return `musette status
musette status --json | jq .quota
musette status --server`
}

func (c *statusCmd) Run(ctx context.Context, a *app) error {
	if c.Server {
		return a.askServer(ctx)
	}
	st, err := a.storeToRead(ctx)
	if err != nil {
		return err
	}
	s, err := keeper.ReadStatus(ctx, st, a.now(), 0, a.judge())
	if err != nil {
		return err
	}
	a.addUnwritten(ctx, &s)
	if c.JSON {
		return writeStatus(a, s)
	}
	aside, err := keeper.Quarantined(ctx, st, quarantinedShown)
	if err != nil {
		return err
	}
	t := statusText(s, a.now())
	for _, e := range aside {
		t.row("quarantined", fmt.Sprintf("%s of %d: %s; `musette sync %d` tries it again", e.Part, e.ActivityID, plain(e.Message), e.ActivityID))
	}
	return t.write(a.out)
}

// writePatience is how long a status may wait for others who write.
const writePatience = 2 * time.Second

// addUnwritten says in a status that nothing can be written now, which nobody could have written into the store. A data
// directory that only this user can't write is no matter.
func (a *app) addUnwritten(ctx context.Context, s *musette.Status) {
	ctx, done := context.WithTimeout(ctx, writePatience)
	defer done()
	st, err := a.existingStore(ctx)
	if err == nil {
		err = st.Writable(ctx)
	}
	if errors.Is(err, store.ErrDiskFull) || a.cfg.DatabaseURL != "" && errors.Is(err, store.ErrReadOnly) {
		awayFor(err).onto(s, nil)
	}
}

// serverPatience is how long a server may take to say that it serves.
const serverPatience = 5 * time.Second

// askServer asks the server on this machine whether it has something to serve, be it from memory alone.
func (a *app) askServer(ctx context.Context) error {
	ctx, done := context.WithTimeout(ctx, serverPatience)
	defer done()
	address := "http://" + reachable(a.cfg.Addr) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy
	resp, err := client.Do(req)
	if err != nil {
		return failed("`musette serve` starts it; MUSETTE_ADDR says where", "no server answers: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return failed("wait a moment, it may still be starting", "%s answered %s", address, resp.Status)
	}
	_, err = fmt.Fprintln(a.out, "ok")
	return err
}

// quarantinedShown is how many of what is set aside are named.
const quarantinedShown = 20

// statusText is the status for people: the state in a sentence, then what is here, then the quota.
func statusText(s musette.Status, now time.Time) *table {
	t := &table{}
	t.row("state", string(s.State)+orElse(": "+s.Cause, s.Cause == ""))
	if s.Since != nil && !well(s.State) {
		t.row("since", moment(*s.Since, now))
	}
	if s.Until != nil {
		t.row("until", moment(*s.Until, now))
	}
	if s.Advice != "" {
		t.row("advice", s.Advice)
	}
	for _, w := range s.Warnings {
		t.row("warning", w.Name+": "+w.Cause)
		if w.Since != nil {
			t.row("since", moment(*w.Since, now))
		}
		t.row("advice", w.Advice)
	}
	if s.AsOf != nil {
		t.row("as of", moment(*s.AsOf, now))
	} else {
		t.row("as of", "the list is not complete yet")
	}
	if s.NextCall != nil {
		t.row("next call", moment(*s.NextCall, now))
	}
	if s.ETA != nil {
		t.row("all here", moment(*s.ETA, now))
	}
	for _, a := range s.Athletes {
		t.row("athlete", fmt.Sprintf("%s, %d activities%s", named(a), a.Activities,
			orElse(": "+troubled(a, now), a.State == musette.StateOK)))
		for _, part := range musette.ActivityParts {
			if n := a.Parts[part]; n != (musette.PartCount{}) {
				t.row("  "+string(part), counts(n))
			}
		}
	}
	t.row("quota read", window(s.Quota.Read))
	t.row("quota overall", window(s.Quota.Overall))
	for _, e := range s.LastErrors {
		what := cmp.Or(string(e.Part), e.Kind)
		if e.ActivityID != 0 {
			what += " of " + strconv.FormatInt(e.ActivityID, 10)
		}
		t.row("last error", fmt.Sprintf("%s, %s: %s", moment(e.At, now), what, plain(e.Message)))
	}
	return t
}

// named is the athlete's name with the id, or the id alone while the name isn't known.
func named(a musette.Athlete) string {
	if name := strings.TrimSpace(plain(a.Name)); name != "" {
		return fmt.Sprintf("%s (%d)", name, a.ID)
	}
	return strconv.FormatInt(a.ID, 10)
}

// troubled says what is wrong with one athlete's mirror; what to do about it the cause says, or the line above.
func troubled(a musette.Athlete, now time.Time) string {
	text := string(a.State)
	if a.Since != nil {
		text += " since " + moment(*a.Since, now)
	}
	return text + orElse(", "+a.Cause, a.Cause == "")
}

func counts(n musette.PartCount) string {
	line := fmt.Sprintf("%d here", n.Have)
	for _, c := range []struct {
		n    int
		word string
	}{{n.Due, "to come"}, {n.Failed, "given up"}, {n.Quarantined, "unusable"}} {
		if c.n > 0 {
			line += fmt.Sprintf(", %d %s", c.n, c.word)
		}
	}
	return line
}

func window(w musette.Windows) string {
	return fmt.Sprintf("%d of %d this quarter hour, %d of %d today", w.Quarter.Used, w.Quarter.Limit, w.Day.Used, w.Day.Limit)
}

func orElse(text string, leaveOut bool) string {
	if leaveOut {
		return ""
	}
	return text
}

// moment is a time as people say it: with the day only if it isn't today.
func moment(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return t.Format("2 January 15:04")
}
