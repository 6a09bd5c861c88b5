package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/keeper"
	"musette/store"
)

type deletionsCmd struct {
	List   deletionsListCmd   `cmd:"" help:"activities that seem deleted on Strava, too many at once to be believed"`
	Accept deletionsAcceptCmd `cmd:"" help:"ask Strava for them: those that it doesn't have are deleted"`
	Reject deletionsRejectCmd `cmd:"" help:"keep them, for their owner's eyes only"`
}

type deletionsListCmd struct {
	settings
	JSON bool `help:"one JSON array"`
}

func (deletionsListCmd) Help() string {
	return `musette deletions list
musette deletions list --json | jq -r '.[].id'`
}

// A deletion is one as it is shown.
type deletion struct {
	ID        int64            `json:"id,string"`
	AthleteID int64            `json:"athlete_id,string"`
	Name      string           `json:"name"`
	Start     musette.Instant  `json:"start"`
	Since     musette.Instant  `json:"since"` // when it first seemed deleted
	From      *musette.Instant `json:"from"`  // the starts that the listing covered; null: no end
	To        *musette.Instant `json:"to"`
	State     string           `json:"state"` // waiting, accepted, kept
	local     string
}

func (c *deletionsListCmd) Run(ctx context.Context, a *app) error {
	st, err := a.storeToRead(ctx)
	if err != nil {
		return err
	}
	list, err := readDeletions(ctx, st)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(a, list)
	}
	if len(list) == 0 {
		a.say("no deletions wait")
		return nil
	}
	t := &table{}
	t.row("id", "start", "since", "state", "name")
	for _, d := range list {
		t.row(strconv.FormatInt(d.ID, 10), d.local, moment(d.Since.Time, a.now()), d.State, plain(d.Name))
	}
	return t.write(a.out)
}

func readDeletions(ctx context.Context, st *store.Store) ([]deletion, error) {
	list := []deletion{}
	err := st.View(ctx, func(tx *store.Tx) error {
		found, err := tx.Deletions(ctx, 0)
		if damage := notDamage(err); damage != nil {
			return damage
		}
		for _, f := range found {
			row, err := tx.Activity(ctx, f.AthleteID, f.ActivityID)
			if err := notDamage(err); err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			list = append(list, shownDeletion(f, row))
		}
		return nil
	})
	return list, err
}

func shownDeletion(f store.Deletion, row store.Activity) deletion {
	var view musette.Activity
	_ = json.Unmarshal(row.View, &view) // a view that can't be read leaves the name out
	d := deletion{
		ID: f.ActivityID, AthleteID: f.AthleteID, Name: view.Name, Start: musette.At(row.Start), Since: musette.At(f.FoundAt),
		From: instantOrNil(f.From), To: instantOrNil(f.To), State: "waiting", local: localMinute(&view),
	}
	switch f.Decision {
	case store.DeletionAccepted:
		d.State = "accepted"
	case store.DeletionRejected:
		d.State = "kept"
	}
	return d
}

func instantOrNil(t time.Time) *musette.Instant {
	if t.IsZero() {
		return nil
	}
	i := musette.At(t)
	return &i
}

// notDamage passes over damaged rows: the good ones beside them are shown.
func notDamage(err error) error {
	if _, damaged := errors.AsType[*store.DamageError](err); damaged {
		return nil
	}
	return err
}

// chosen are the deletions that a command is about.
type chosen struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"ids from musette deletions list"`
	All bool    `help:"all that wait"`
}

func (c *chosen) check(command string) error {
	if c.All == (len(c.IDs) > 0) {
		return misused("`musette deletions list` shows them", "write either ids or --all after musette deletions %s", command)
	}
	return nil
}

// decide carries the decision out.
func (c *chosen) decide(ctx context.Context, a *app, f func(context.Context, *store.Store, []int64, time.Time) (int, error)) (n int, err error) {
	st, err := a.existingStore(ctx)
	if err != nil {
		return 0, err
	}
	n, err = f(ctx, st, c.IDs, a.now())
	if no, ok := errors.AsType[*keeper.NoDeletionError](err); ok {
		return 0, failed("nothing was changed; `musette deletions list` shows those that wait", "no deletion of activity %d waits", no.ActivityID)
	}
	return n, err
}

type deletionsAcceptCmd struct {
	settings
	chosen
}

func (deletionsAcceptCmd) Help() string {
	return `musette deletions accept 19403555631
musette deletions accept --all`
}

func (c *deletionsAcceptCmd) Run(ctx context.Context, a *app) error {
	if err := c.check("accept"); err != nil {
		return err
	}
	n, err := c.decide(ctx, a, keeper.AcceptDeletions)
	if err != nil {
		return err
	}
	a.say("accepted %s · Strava is asked for each by `musette serve`, or the next `musette sync`", activitiesInWords(n))
	return nil
}

type deletionsRejectCmd struct {
	settings
	chosen
}

func (deletionsRejectCmd) Help() string {
	return `musette deletions reject 19403555631
musette deletions reject --all`
}

func (c *deletionsRejectCmd) Run(ctx context.Context, a *app) error {
	if err := c.check("reject"); err != nil {
		return err
	}
	n, err := c.decide(ctx, a, keeper.RejectDeletions)
	if err != nil {
		return err
	}
	a.say("kept %s · only you see them now; `musette deletions accept ID` lets one go after all", activitiesInWords(n))
	return nil
}

func activitiesInWords(n int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, map[bool]string{true: "activity", false: "activities"}[n == 1]))
}
