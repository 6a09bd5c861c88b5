package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"musette/store"
	"musette/strava"
	"musette/web"
)

// What a subscription is to us.
const (
	hookOurs       = "ours"
	hookMoved      = "moved"      // ours, at another address than MUSETTE_URL
	hookUnfinished = "unfinished" // ours, but its id isn't kept
	hookForeign    = "foreign"    // Strava has it, and it leads elsewhere
	hookEnded      = "ended"      // we have it, and Strava hasn't
)

var hookAdvice = map[string]string{
	hookMoved:      "`moved`: MUSETTE_URL is another address now; `musette webhook delete`, then `musette webhook create`, if the old one isn't reached any more",
	hookUnfinished: "`unfinished`: `musette webhook create` finishes it",
	hookForeign:    "`foreign`: another program, or another store of Musette's, made it; an app has one subscription, so `musette webhook delete ID` comes before one of ours",
	hookEnded:      "`ended`: Strava has it no more; `musette webhook create` makes another",
}

// hook is a subscription as it is listed.
type hook struct {
	ID        *string    `json:"id"` // null while it is being made
	Callback  string     `json:"callback"`
	CreatedAt *time.Time `json:"created_at"`
	Ours      bool       `json:"ours"`
	State     string     `json:"state"`
}

type webhookListCmd struct {
	settings
	JSON bool `help:"one line of JSON"`
}

func (webhookListCmd) Help() string {
	return `musette webhook list
musette webhook list --json | jq -r '.[].state'`
}

func (c *webhookListCmd) Run(ctx context.Context, a *app) error {
	_, list, rows, err := a.subscriptions(ctx)
	if err != nil {
		return err
	}
	hooks := a.cfg.hooks(list, rows)
	if c.JSON {
		return writeJSON(a, hooks)
	}
	if len(hooks) == 0 {
		a.say("there is no subscription; `musette webhook create` makes one, without one changes are found by looking")
		return nil
	}
	t := &table{}
	t.row("id", "created", "state", "address")
	for _, h := range hooks {
		id, created := "-", "-"
		if h.ID != nil {
			id = *h.ID
		}
		if h.CreatedAt != nil {
			created = day(*h.CreatedAt)
		}
		t.row(id, created, h.State, plain(h.Callback))
	}
	if err := t.write(a.out); err != nil {
		return err
	}
	for _, h := range hooks {
		if advice := hookAdvice[h.State]; advice != "" {
			a.say("%s", advice)
		}
	}
	return nil
}

// hooks puts what Strava has beside what is kept here.
func (c *config) hooks(list []strava.Subscription, rows []store.Subscription) []hook {
	hooks := []hook{}
	add := func(id int64, callback string, created time.Time, state string) {
		h := hook{Callback: web.ShortCallback(callback), Ours: state != hookForeign, State: state}
		if id != 0 {
			text := strconv.FormatInt(id, 10)
			h.ID = &text
		}
		if !created.IsZero() {
			created = created.UTC().Truncate(time.Second)
			h.CreatedAt = &created
		}
		hooks = append(hooks, h)
	}
	matched := map[[32]byte]bool{}
	for _, s := range list {
		state := hookForeign
		if row := rowOf(rows, s); row != nil {
			matched[row.SecretHash] = true
			switch {
			case row.ID != s.ID:
				state = hookUnfinished
			case c.PublicURL != "" && row.PublicURL != c.PublicURL:
				state = hookMoved
			default:
				state = hookOurs
			}
		}
		add(s.ID, s.CallbackURL, s.CreatedAt, state)
	}
	for _, row := range rows {
		switch {
		case matched[row.SecretHash]:
		case row.ID == 0:
			add(0, row.PublicURL+"/webhook/…", row.CreatedAt, hookUnfinished)
		default:
			add(row.ID, row.PublicURL+"/webhook/…", row.CreatedAt, hookEnded)
		}
	}
	return hooks
}

// rowOf returns what is kept here of a subscription that Strava has, nil if it leads elsewhere.
func rowOf(rows []store.Subscription, s strava.Subscription) *store.Subscription {
	hash := web.CallbackHash(s.CallbackURL)
	for i := range rows {
		if rows[i].SecretHash == hash {
			return &rows[i]
		}
	}
	return nil
}

// ours is rowOf with the rows read.
func ours(ctx context.Context, st *store.Store, s strava.Subscription) (*store.Subscription, error) {
	rows, err := keptSubscriptions(ctx, st)
	return rowOf(rows, s), err
}

func keptSubscriptions(ctx context.Context, st *store.Store) (rows []store.Subscription, err error) {
	err = st.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Subscriptions(ctx)
		return err
	})
	if errors.Is(err, store.ErrCorrupt) {
		err = nil // a damaged row leads nowhere
	}
	return rows, err
}

// subscriptions returns what Strava has and what is kept here.
func (a *app) subscriptions(ctx context.Context) (push pushClient, list []strava.Subscription, rows []store.Subscription, err error) {
	client, err := a.strava()
	if err != nil {
		return push, nil, nil, err
	}
	st, err := a.store(ctx) // one is made if there is none: another machine's subscription can be looked at all the same
	if err != nil {
		return push, nil, nil, err
	}
	push = pushClient{client, st, a.now}
	if list, err = push.list(ctx); err != nil {
		return push, nil, nil, explainPush("Strava can't be asked for its subscriptions", err)
	}
	rows, err = keptSubscriptions(ctx, st)
	return push, list, rows, err
}

type webhookDeleteCmd struct {
	settings
	ID int64 `arg:"" optional:"" help:"the subscription's id from musette webhook list; the one from here if left out"`
}

func (webhookDeleteCmd) Help() string {
	return `musette webhook delete
musette webhook delete 271828    whoever has made it`
}

func (c *webhookDeleteCmd) Run(ctx context.Context, a *app) error {
	push, list, rows, err := a.subscriptions(ctx)
	if err != nil {
		return err
	}
	meant, err := c.meant(list, rows)
	if err != nil {
		return err
	}
	there := false
	if meant != nil {
		err := push.end(ctx, meant.ID)
		there = err == nil
		if err != nil && strava.KindOf(err) != strava.KindNotFound {
			return explainPush(fmt.Sprintf("subscription %d is not ended", meant.ID), err)
		}
	}
	// Strava first, then here: an event that is still on its way is kept until then.
	here, err := a.forgetSubscriptions(ctx, func(row store.Subscription) bool {
		if c.ID != 0 {
			return row.ID == c.ID || meant != nil && row.SecretHash == web.CallbackHash(meant.CallbackURL)
		}
		return true // an app has one subscription at most, and that has gone
	})
	if err != nil {
		return err
	}
	switch {
	case there:
		a.say("subscription %d is ended; from now on changes are found by looking", meant.ID)
	case here:
		a.say("Strava had it no more; it is forgotten here too")
	case c.ID != 0:
		return failed("`musette webhook list` shows what there is", "Strava has no subscription %d of this app", c.ID)
	default:
		a.say("there is no subscription to end")
	}
	return nil
}

// meant finds the subscription at Strava, nil if it has none. Without an id only one of ours is meant.
func (c *webhookDeleteCmd) meant(list []strava.Subscription, rows []store.Subscription) (*strava.Subscription, error) {
	for i, s := range list {
		switch {
		case c.ID == s.ID, c.ID == 0 && rowOf(rows, s) != nil:
			return &list[i], nil
		case c.ID == 0:
			return nil, failed(fmt.Sprintf("`musette webhook delete %d` ends it all the same; whoever made it then gets no more events", s.ID),
				"subscription %d was not made here, it leads to %s", s.ID, plain(web.ShortCallback(s.CallbackURL)))
		}
	}
	return nil, nil
}

// forgetSubscriptions removes rows, and reports whether there were any.
func (a *app) forgetSubscriptions(ctx context.Context, which func(store.Subscription) bool) (some bool, err error) {
	err = a.openStore.Update(ctx, nil, func(tx *store.Tx) error {
		rows, err := tx.Subscriptions(ctx)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
		for _, row := range rows {
			if !which(row) {
				continue
			}
			if err := tx.DeleteSubscription(ctx, row.SecretHash); err != nil {
				return err
			}
			some = true
		}
		return nil
	})
	return some, err
}
