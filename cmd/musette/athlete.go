package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"musette"
	"musette/keeper"
	"musette/store"
)

type athleteCmd struct {
	List   athleteListCmd   `cmd:"" help:"list the athletes whose activities are here"`
	Invite athleteInviteCmd `cmd:"" help:"make a link with which one athlete connects, or take one back"`
	Remove athleteRemoveCmd `cmd:"" help:"delete all that is here of an athlete, snapshots included"`
}

type athleteListCmd struct {
	settings
	JSON bool `help:"one JSON array"`
}

func (athleteListCmd) Help() string {
	return `musette athlete list
musette athlete list --json | jq -r '.[].id'`
}

// A listedAthlete is one as it is shown.
type listedAthlete struct {
	ID         int64            `json:"id,string"`
	Name       string           `json:"name"`
	State      musette.State    `json:"state"`
	Cause      string           `json:"cause,omitempty"`
	Activities int              `json:"activities"`
	Since      *musette.Instant `json:"connected_since"` // when they were first seen; null: not yet
	Scopes     *[]string        `json:"scopes"`          // that they granted; null if that isn't known
}

func (c *athleteListCmd) Run(ctx context.Context, a *app) error {
	st, err := a.storeToRead(ctx)
	if err != nil {
		return err
	}
	list, err := a.athletes(ctx, st)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(a, list)
	}
	if len(list) == 0 {
		a.say("no athlete is connected; `musette connect` connects you, `musette athlete invite` makes a link for somebody else")
		return a.sayInvites(ctx, st)
	}
	t := &table{right: []int{2}}
	t.row("id", "state", "activities", "connected since", "scopes", "name")
	for _, who := range list {
		since := "-"
		if who.Since != nil {
			since = who.Since.Local().Format("2006-01-02 15:04")
		}
		t.row(strconv.FormatInt(who.ID, 10), string(who.State), strconv.Itoa(who.Activities), since, scopesInWords(who.Scopes), plain(who.Name))
	}
	if err := t.write(a.out); err != nil {
		return err
	}
	return a.sayInvites(ctx, st)
}

// scopesInWords says so where they aren't known.
func scopesInWords(scopes *[]string) string {
	if scopes == nil {
		return "not known"
	}
	return strings.Join(*scopes, ", ")
}

// grantedScopes are what an athlete has allowed, or nil: a token that was given as a setting doesn't say, and no grant
// allows nothing.
func grantedScopes(g store.Grant) *[]string {
	if len(g.Scopes) == 0 {
		return nil
	}
	return &g.Scopes
}

// athletes are all of them, with the states that the status gives them.
func (a *app) athletes(ctx context.Context, st *store.Store) ([]listedAthlete, error) {
	s, err := keeper.ReadStatus(ctx, st, a.now(), 0, a.judge())
	if err != nil {
		return nil, err
	}
	var rows []store.Athlete
	var grants []store.Grant
	err = st.View(ctx, func(tx *store.Tx) (err error) {
		if rows, err = tx.Athletes(ctx); notDamage(err) != nil {
			return err
		}
		grants, err = tx.Grants(ctx)
		return notDamage(err)
	})
	if err != nil {
		return nil, err
	}
	list := []listedAthlete{}
	for _, who := range s.Athletes {
		l := listedAthlete{ID: who.ID, Name: who.Name, State: who.State, Cause: who.Cause, Activities: who.Activities}
		if i := slices.IndexFunc(rows, func(r store.Athlete) bool { return r.ID == who.ID }); i >= 0 {
			l.Since = instantOrNil(rows[i].FirstSeen)
		}
		if i := slices.IndexFunc(grants, func(g store.Grant) bool { return g.AthleteID == who.ID }); i >= 0 {
			l.Scopes = grantedScopes(grants[i])
		}
		list = append(list, l)
	}
	return list, nil
}

// theAthlete finds one among them.
func theAthlete(list []listedAthlete, id int64) (listedAthlete, error) {
	var ids []string
	for _, who := range list {
		if who.ID == id {
			return who, nil
		}
		ids = append(ids, strconv.FormatInt(who.ID, 10))
	}
	hint := "nothing was changed; there is nobody here"
	if len(ids) > 0 {
		hint = "nothing was changed; `musette athlete list` shows who is here"
	}
	if len(ids) > 0 && len(ids) <= 20 {
		hint = "nothing was changed; there is " + strings.Join(ids, ", ")
	}
	return listedAthlete{}, failed(hint, "there is no athlete %d here", id)
}
