package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"musette/store"
	"musette/web"
)

type athleteInviteCmd struct {
	settings
	Name    string `placeholder:"NAME" help:"who it is for, for your own eyes"`
	Expires string `default:"7d" placeholder:"TIME" help:"how long it is good, such as 24h or 2d; seven days if left out"`
	Revoke  string `placeholder:"ID" help:"take an invite back, by its id from musette athlete list"`
}

func (athleteInviteCmd) Help() string {
	return `musette athlete invite --name Jo
musette athlete invite --name Jo --expires 24h
musette athlete invite --revoke 5f1c0a9b7d3e2468`
}

// The least and the most that an invite lasts.
const leastInvite, mostInvite = time.Minute, 90 * 24 * time.Hour

func (c *athleteInviteCmd) Run(ctx context.Context, a *app) error {
	lasts, err := parseDelay(c.Expires)
	if err != nil || lasts < leastInvite || lasts > mostInvite {
		return misused("write a time from 1m to 90d, such as 24h", "--expires: `%s` can't be", plain(c.Expires))
	}
	if c.Revoke != "" {
		return c.revoke(ctx, a)
	}
	st, err := a.store(ctx)
	if err != nil {
		return err
	}
	address, err := a.serverAddress(ctx, st)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(c.Name)
	if name == "" {
		name = "an athlete"
	}
	now := a.now()
	code, invite, err := web.NewInvite(ctx, st, name, now, now.Add(lasts))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(a.out, address+web.InvitePath+code); err != nil {
		return err
	}
	a.say("one athlete connects with this link, until %s, while `musette serve` runs; it is shown only now\n"+
		"`musette athlete invite --revoke %s` takes it back", invite.ExpiresAt.Local().Format("2006-01-02 15:04"), invite.ID)
	return nil
}

func (c *athleteInviteCmd) revoke(ctx context.Context, a *app) error {
	st, err := a.existingStore(ctx)
	if err != nil {
		return err
	}
	err = web.RevokeInvite(ctx, st, c.Revoke, a.now())
	if errors.Is(err, store.ErrNotFound) {
		return failed("`musette athlete list` shows the open ones; one that was used or is too old opens nothing", "there is no open invite `%s`", plain(c.Revoke))
	}
	if err != nil {
		return err
	}
	a.say("the invite %s opens nothing any more", plain(c.Revoke))
	return nil
}

// sayInvites names the invites that nobody has used yet.
func (a *app) sayInvites(ctx context.Context, st *store.Store) error {
	open, err := web.Invites(ctx, st, a.now())
	if notDamage(err) != nil {
		return err
	}
	for _, i := range open {
		a.say("an invite is open until %s: %s (%s)", i.ExpiresAt.Local().Format("2006-01-02 15:04"), plain(i.Name), i.ID)
	}
	return nil
}
