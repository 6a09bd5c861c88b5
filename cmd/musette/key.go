package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"musette/store"
	"musette/web"
)

type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"make a key, shown once"`
	List   keyListCmd   `cmd:"" help:"list the keys"`
	Revoke keyRevokeCmd `cmd:"" help:"end a key at once"`
}

type keyCreateCmd struct {
	settings
	Name    string   `arg:"" optional:"" default:"key" help:"whose it is or what for, for your own eyes"`
	Scope   []string `default:"read" placeholder:"SCOPE,..." help:"read, refresh, admin; read alone if left out"`
	Athlete int64    `placeholder:"ID" help:"only this athlete's activities; all if left out"`
}

func (keyCreateCmd) Help() string {
	return `musette key create website
musette key create club-app --scope read,refresh --athlete 4242`
}

// keyScopes are what a key may allow: to read, to press refresh, and everything that an operator may.
var keyScopes = []string{web.ScopeRead, web.ScopeRefresh, web.ScopeAdmin}

func (c *keyCreateCmd) Run(ctx context.Context, a *app) error {
	for _, s := range c.Scope {
		if !slices.Contains(keyScopes, s) {
			return misused("write any of "+strings.Join(keyScopes, ", ")+", with commas between", "--scope: there is no scope `%s`", plain(s))
		}
	}
	name := strings.TrimSpace(c.Name)
	if name == "" {
		return misused("name it after who will use it, such as website", "the key needs a name")
	}
	st, err := a.store(ctx)
	if err != nil {
		return err
	}
	if err := c.checkAthlete(ctx, st); err != nil {
		return err
	}
	key, err := web.NewKey(ctx, st, name, c.Scope, c.Athlete, a.now(), time.Time{})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(a.out, key); err != nil {
		return err
	}
	a.say("this key is shown only now; `musette key list` shows its id, `musette key revoke ID` ends it")
	return nil
}

// checkAthlete refuses a key for somebody who isn't here: it would open nothing, and nobody would know why.
func (c *keyCreateCmd) checkAthlete(ctx context.Context, st *store.Store) error {
	if c.Athlete == 0 {
		return nil
	}
	var athletes []store.Athlete
	err := st.View(ctx, func(tx *store.Tx) (err error) {
		athletes, err = tx.Athletes(ctx)
		return err
	})
	if err != nil {
		return err
	}
	var ids []string
	for _, who := range athletes {
		if who.ID == c.Athlete {
			return nil
		}
		ids = append(ids, strconv.FormatInt(who.ID, 10))
	}
	hint := "connect them first, with `musette connect`"
	if len(ids) > 0 && len(ids) <= 20 {
		hint = "there is " + strings.Join(ids, ", ")
	}
	return failed(hint, "there is no athlete %d here", c.Athlete)
}

type keyListCmd struct {
	settings
}

func (keyListCmd) Help() string { return "musette key list" }

func (c *keyListCmd) Run(ctx context.Context, a *app) error {
	st, err := a.storeToRead(ctx)
	if err != nil {
		return err
	}
	keys, err := namedKeys(ctx, st)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		a.say("there are no keys; `musette key create NAME` makes one")
		return nil
	}
	t := &table{}
	t.row("id", "scopes", "athlete", "created", "last used", "state", "name")
	for _, k := range keys {
		athlete, state := "all", "good"
		if k.AthleteID != 0 {
			athlete = strconv.FormatInt(k.AthleteID, 10)
		}
		switch {
		case !k.RevokedAt.IsZero():
			state = "revoked"
		case !k.ExpiresAt.IsZero() && !a.now().Before(k.ExpiresAt):
			state = "expired"
		}
		t.row(k.ID, strings.Join(k.Scopes, ","), athlete, day(k.CreatedAt), day(k.UsedAt), state, plain(k.Name))
	}
	return t.write(a.out)
}

// namedKeys returns the keys that people made, the oldest first; sessions and one-time codes are not theirs to see.
func namedKeys(ctx context.Context, st *store.Store) ([]store.AccessKey, error) {
	var keys []store.AccessKey
	err := st.View(ctx, func(tx *store.Tx) (err error) {
		keys, err = tx.Keys(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(k store.AccessKey) bool { return k.Kind != store.KeyKind })
	slices.SortFunc(keys, func(a, b store.AccessKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return keys, nil
}

// day is a date by this machine's clock, - for never.
func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.DateOnly)
}

type keyRevokeCmd struct {
	settings
	Key string `arg:"" name:"id" help:"the key's id from musette key list, or its name"`
}

func (keyRevokeCmd) Help() string {
	return "musette key revoke k3jd8x2a\nmusette key revoke website"
}

func (c *keyRevokeCmd) Run(ctx context.Context, a *app) error {
	st, err := a.existingStore(ctx)
	if err != nil {
		return err
	}
	keys, err := namedKeys(ctx, st)
	if err != nil {
		return err
	}
	meant := slices.DeleteFunc(slices.Clone(keys), func(k store.AccessKey) bool { return k.ID != c.Key })
	if len(meant) == 0 {
		meant = slices.DeleteFunc(keys, func(k store.AccessKey) bool { return k.Name != c.Key || !k.RevokedAt.IsZero() })
	}
	switch {
	case len(meant) == 0:
		return failed("`musette key list` shows the keys there are", "there is no good key `%s`", plain(c.Key))
	case len(meant) > 1:
		return failed("`musette key list` shows their ids; revoke by id", "%d keys are called `%s`", len(meant), plain(c.Key))
	}
	key := meant[0]
	if key.RevokedAt.IsZero() {
		key.RevokedAt = a.now()
		if err := st.Update(ctx, nil, func(tx *store.Tx) error { return tx.PutKey(ctx, key) }); err != nil {
			return err
		}
	}
	a.say("revoked %s (%s)", key.ID, plain(key.Name))
	return nil
}
