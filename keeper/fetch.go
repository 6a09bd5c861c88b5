package keeper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"musette"
	"musette/quota"
	"musette/store"
	"musette/strava"
)

// photoSizePX asks for the largest picture there is.
const photoSizePX = 5000

// commentPage is Strava's own page size: larger ones are undocumented.
const commentPage = 30

// listPage is the most that Strava allows.
const listPage = 200

var (
	errNoRoom      = errors.New("no quota is left to finish")
	errUnknownPart = errors.New("this version doesn't know how to fetch it")
)

// job is one part to fetch, with its reserved call.
type job struct {
	state  musette.PartState
	grant  store.Grant
	ticket quota.Ticket
	probe  bool    // of a host that is down
	list   listing // of a walk or sweep
}

// result is what became of a job. err is nil if the document, or the page, came.
type result struct {
	job
	at    time.Time
	body  []byte           // of a part of an activity, or of the athlete
	page  []strava.Summary // of a listing
	who   *strava.Athlete  // of the athlete part
	used  strava.Secret    // the token that the last call had
	err   error
	spent []spent
	even  time.Time // since when our clock has gone evenly, as the answers up to this one tell
	// doubt is why an answer isn't believed, found when it is recorded.
	doubt error
}

// spent is one call made, or not made after all, with what its answer taught.
type spent struct {
	id     string // of the call, in the log; "" if none was made
	ticket quota.Ticket
	news   quota.News
	asked  time.Time // when it was made
	at     time.Time
}

// fetchAll makes the calls at the same time and waits for all of them. Nothing is locked meanwhile.
func (k *Keeper) fetchAll(ctx context.Context, jobs []job) []result {
	results := make([]result, len(jobs))
	var wg sync.WaitGroup
	for i, j := range jobs {
		wg.Go(func() { results[i] = k.fetch(ctx, j) })
	}
	wg.Wait()
	return results
}

// fetch makes one job's call with a token that works. A 401 is worth one refresh and one repetition; a probe of a host
// that is down is one call, whatever it says: the next probe has the new token.
func (k *Keeper) fetch(ctx context.Context, j job) result {
	r := result{job: j}
	access, err := k.Tokens.Access(ctx, j.grant.ID)
	if err != nil {
		r.err, r.at = &tokenError{err}, k.Now()
		r.spent = append(r.spent, spent{ticket: j.ticket, news: quota.News{Unsent: true}, at: r.at})
		return r
	}
	ticket := j.ticket
	k.call(ctx, &r, access, ticket)
	if strava.KindOf(r.err) != strava.KindUnauthorized {
		return r
	}
	if access, err = k.Tokens.Renew(ctx, j.grant.ID, access); err != nil {
		r.err = &tokenError{err}
		return r
	}
	if j.probe {
		r.err = &refusedError{r.err}
		return r
	}
	if ticket, err = k.another(ctx, j.state.Class); err != nil {
		return r // the 401 stands; the token is new, so the next try has it
	}
	k.call(ctx, &r, access, ticket)
	if strava.KindOf(r.err) == strava.KindUnauthorized {
		r.err = &refusedError{r.err}
	}
	return r
}

// another reserves one more call for a job under way.
func (k *Keeper) another(ctx context.Context, c musette.Class) (t quota.Ticket, err error) {
	err = k.Store.Update(ctx, k.lease, func(tx *store.Tx) error {
		g, err := k.gate(ctx, tx)
		if err != nil {
			return err
		}
		var ok bool
		if g.Ledger, t, ok = g.Ledger.Reserve(k.Now(), c); !ok {
			return errNoRoom
		}
		return g.write(ctx, tx)
	})
	return t, err
}

// call makes one call and notes what it spent.
func (k *Keeper) call(ctx context.Context, r *result, access strava.Secret, ticket quota.Ticket) {
	var answer *strava.Answer
	began := k.Now()
	r.used = access
	id := r.state.ActivityID
	r.err = nil
	switch r.state.Part {
	case musette.PartComments:
		k.fetchComments(ctx, r, access, ticket)
		return
	case musette.PartAthlete:
		r.who, answer, r.err = k.Strava.Athlete(ctx, access)
		r.body = bodyOf(answer)
	case musette.ListWalk, musette.ListPoll, musette.ListSweep:
		r.page, answer, r.err = k.Strava.Activities(ctx, access, r.list.options(k.Now()))
	case musette.PartDetail:
		_, answer, r.err = k.Strava.Activity(ctx, access, id, strava.ActivityOptions{})
		r.body = bodyOf(answer)
	case musette.PartPhotos:
		_, answer, r.err = k.Strava.Photos(ctx, access, id, photoSizePX)
		r.body = bodyOf(answer)
	case musette.PartStreams:
		_, answer, r.err = k.Strava.Streams(ctx, access, id)
		r.body = bodyOf(answer)
	default:
		r.err, r.at = errUnknownPart, k.Now()
		r.spent = append(r.spent, spent{ticket: ticket, news: quota.News{Unsent: true}, at: r.at})
		return
	}
	k.spend(r, ticket, answer, began)
}

func bodyOf(a *strava.Answer) []byte {
	if a == nil {
		return nil
	}
	return a.Body
}

// fetchComments reads pages until all counted comments are in, or an empty page says that there are no more; how long
// a page is says nothing. They are one document. Each page is a call with a reservation of its own; without room for
// one the part stays as due as it was.
func (k *Keeper) fetchComments(ctx context.Context, r *result, access strava.Secret, ticket quota.Ticket) {
	body, n, cursor, seen := []byte{'['}, 0, "", map[string]bool{}
	for {
		began := k.Now()
		page, answer, err := k.Strava.Comments(ctx, access, r.state.ActivityID,
			strava.CommentOptions{PageSize: commentPage, AfterCursor: cursor})
		r.err = err
		if k.spend(r, ticket, answer, began); err != nil {
			return
		}
		for _, c := range page {
			if n++; n > 1 {
				body = append(body, ',')
			}
			body = append(body, c.Raw...)
		}
		if len(page) == 0 || n >= int(r.state.Wanted) {
			break
		}
		cursor = page[len(page)-1].Cursor
		if cursor == "" || seen[cursor] { // no way on
			break
		}
		seen[cursor] = true
		if ticket, err = k.another(ctx, r.state.Class); err != nil {
			r.err = err
			return
		}
	}
	r.body = append(body, ']')
}

// spend notes a call that was made.
func (k *Keeper) spend(r *result, ticket quota.Ticket, answer *strava.Answer, began time.Time) {
	id := fmt.Sprintf("%s-%d", k.run, k.calls.Add(1))
	r.at = k.Now()
	r.spent = append(r.spent, spent{id, ticket, news(answer, r.err), began, r.at})
	made := Call{Class: r.state.Class, Result: strava.KindOf(r.err), Took: max(0, r.at.Sub(began))}
	status := 0
	if answer != nil {
		status = answer.Status
	}
	k.Log.Debug("call", "call", id, "part", r.state.Part, "activity", r.state.ActivityID, "athlete", r.state.AthleteID,
		"class", made.Class.String(), "kind", string(made.Result), "status", status, "took", made.Took)
	if k.Called != nil {
		k.Called(made)
	}
}

// calls are the ids of the calls that were made, as the log has them.
func (r *result) calls() (ids []string) {
	for _, s := range r.spent {
		if s.id != "" {
			ids = append(ids, s.id)
		}
	}
	return ids
}

func news(a *strava.Answer, err error) quota.News {
	var n quota.News
	if a != nil {
		n.Date = a.Date
		n.OverallLimit, n.OverallUsage = pair(a.Quota.OverallLimit), pair(a.Quota.OverallUsage)
		n.ReadLimit, n.ReadUsage = pair(a.Quota.ReadLimit), pair(a.Quota.ReadUsage)
	}
	if e, ok := errors.AsType[*strava.Error](err); ok && e.Kind == strava.KindRateLimit {
		n.Refused, n.RetryAfter = true, e.RetryAfter
	}
	return n
}

func pair(p strava.Pair) *quota.Pair {
	if !p.Known {
		return nil
	}
	return &quota.Pair{Quarter: p.Quarter, Day: p.Day}
}
