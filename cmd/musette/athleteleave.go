package main

import (
	"context"
	"errors"

	"musette/web"
)

// leave is how an athlete leaves by the page: the same as `musette athlete remove`, with a receipt for them. It may be
// called by several goroutines.
func (s *site) leave() web.LeaveFunc {
	a, st, tokens := s.app, s.store, s.app.openTokens
	why := error(nil)
	if tokens == nil {
		why = errors.New("this server has no tokens")
	}
	return func(ctx context.Context, id int64) (web.Receipt, error) {
		list, err := a.athletes(ctx, st)
		if err != nil {
			return web.Receipt{}, err
		}
		who := listedAthlete{ID: id}
		for _, l := range list {
			if l.ID == id {
				who = l
			}
		}
		rec, unfinished, err := a.removeAthlete(ctx, st, tokens, why, who)
		if err != nil {
			return web.Receipt{}, err
		}
		if unfinished != nil {
			a.log.Error("files still hold what an athlete who has left had here; it is tried again at the next start", "error", unfinished)
		}
		r := web.Receipt{
			Name: rec.Name, At: rec.At.Time, Activities: rec.Activities, Snapshots: len(rec.Snapshots), Tokens: rec.Tokens,
			Strava: rec.Strava, Unfinished: unfinished != nil,
			Left: []string{
				"Copies of backups that whoever runs this page has made elsewhere.",
				"A salted hash of your number, with the time. It recognises you should an old backup come back, and says nothing else.",
			},
		}
		for _, n := range rec.Rows {
			r.Rows += n
		}
		if st.Path() == "" {
			r.Left = append(r.Left, "The database's own log and backups, until it clears them.")
		}
		return r, nil
	}
}
