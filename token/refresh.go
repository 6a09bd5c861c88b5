package token

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"musette"
	"musette/store"
	"musette/strava"
)

const (
	// leaseTTL frees a grant on Postgres whose process was killed in a refresh.
	// It must be longer than the slowest call to Strava. On SQLite the kernel
	// frees it at once.
	leaseTTL = time.Minute
	// leasePoll is how often a lease held elsewhere is asked for again.
	leasePoll = 200 * time.Millisecond
	// leaseWait is how long: a dead holder's time and some more.
	leaseWait = leaseTTL + 30*time.Second
	// writeLimit bounds writing down what Strava answered.
	writeLimit = 15 * time.Second
	// refusedFor is how long Strava isn't asked again about tokens that it
	// refused. A new pair, or a new process, asks at once.
	refusedFor = time.Hour
)

var errClosed = errors.New("token: closed")

// Access returns an access token of the grant that is good for five more
// minutes, refreshing first if need be. It waits for a refresh by another
// goroutine or process, and uses its outcome. A *[ReconnectError] means that a
// person must act; any other error is a failed try that left all as it was,
// with the kinds of [strava.KindOf] ([strava.KindInactive] among them) or
// those of the store. If ctx ends, a refresh that has begun goes on.
func (t *Tokens) Access(ctx context.Context, grantID string) (strava.Secret, error) {
	return t.token(ctx, grantID, "")
}

// Renew is Access after a 401: it refreshes unless the stored access token is
// already another one than the rejected. Strava hands out the rejected token
// again while it has more than an hour left; then Strava is at fault, not the
// grant, and the answer is that token.
func (t *Tokens) Renew(ctx context.Context, grantID string, rejected strava.Secret) (strava.Secret, error) {
	return t.token(ctx, grantID, rejected)
}

func (t *Tokens) token(ctx context.Context, grantID string, rejected strava.Secret) (strava.Secret, error) {
	k, err := t.look(ctx, grantID)
	if err != nil {
		return "", err
	}
	if t.usable(k, rejected) {
		return k.pair.Access, nil
	}
	flight := t.flights.DoChan(grantID+"\x00"+rejected.Reveal(), func() (any, error) {
		if !t.begin() {
			return strava.Secret(""), errClosed
		}
		defer t.running.Done()
		return t.refresh(grantID, rejected)
	})
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("wait for new tokens: %w", ctx.Err())
	case r := <-flight:
		return r.Val.(strava.Secret), r.Err
	}
}

// begin reports whether a refresh may begin, which running.Done then ends.
func (t *Tokens) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.running.Add(1)
	return true
}

// known is a grant as it is stored.
type known struct {
	row     store.Grant
	pair    pair
	damaged bool // the row's pair doesn't open, though its key is ours
}

func (t *Tokens) usable(k known, rejected strava.Secret) bool {
	return !k.damaged && k.pair.good(t.now()) && k.pair.Access != rejected
}

// look reads a grant. That nothing can be done with it is a *ReconnectError.
func (t *Tokens) look(ctx context.Context, grantID string) (known, error) {
	var k known
	err := t.store.View(ctx, func(tx *store.Tx) (err error) {
		k.row, err = grantOf(ctx, tx, grantID)
		return err
	})
	if err != nil {
		return known{}, fmt.Errorf("read the tokens: %w", err)
	}
	if unreadable(k.row.Scopes) {
		return known{}, &ReconnectError{Cause: CauseScope, GrantID: grantID, AthleteID: k.row.AthleteID, Text: textScope}
	}
	k.pair, err = t.seals.openPair(grantID, k.row.Sealed)
	switch {
	case errors.Is(err, errOtherKey):
		return known{}, t.reconnect(k.row, &ReconnectError{Cause: CauseKey, Text: textKey})
	case err != nil:
		k.damaged = true
	case k.row.Cause == textKey: // a process with another key was here
		t.judge(&k.row)
		t.note(k.row)
	}
	return k, nil
}

// refresh gets a new pair under the grant's lease, or finds that somebody has.
func (t *Tokens) refresh(grantID string, rejected strava.Secret) (strava.Secret, error) {
	ctx, cancel := context.WithTimeout(t.ctx, leaseWait)
	defer cancel()
	var theirs strava.Secret
	lease, err := t.lease(ctx, grantID, func() bool {
		k, err := t.look(ctx, grantID)
		if err != nil || !t.usable(k, rejected) {
			return false
		}
		theirs = k.pair.Access
		return true
	})
	if err != nil {
		return "", fmt.Errorf("refresh the tokens: %w", err)
	}
	if lease == nil {
		return theirs, nil
	}
	defer t.release(lease)

	if err := t.saveUnsaved(grantID); err != nil {
		return "", err
	}
	k, err := t.look(ctx, grantID)
	if err != nil {
		return "", err
	}
	if t.usable(k, rejected) {
		return k.pair.Access, nil
	}
	if err := t.refusalOf(k.row); err != nil {
		return "", err
	}
	return t.ask(ctx, lease, k)
}

// A candidate is a pair whose refresh token may still work.
type candidate struct {
	pair
	sealed []byte
	from   string
}

// candidates are the row's pair, the one before, and the file's, each refresh
// token once.
func (t *Tokens) candidates(row store.Grant) []candidate {
	copied, err := t.copies.read(row.ID)
	if err != nil {
		t.log.Warn("the sealed copy of the tokens could not be read", "grant", row.ID, "error", err)
	}
	var list []candidate
	seen := map[strava.Secret]bool{}
	for _, c := range []candidate{{sealed: row.Sealed, from: "store"}, {sealed: row.Previous, from: "previous"}, {sealed: copied, from: "file"}} {
		c.pair, err = t.seals.openPair(row.ID, c.sealed)
		if err == nil && !seen[c.Refresh] {
			seen[c.Refresh] = true
			list = append(list, c)
		}
	}
	return list
}

// ask calls Strava with one candidate after the other while it says that the
// refresh token is invalid. Any other failure ends the try: it says nothing
// about the tokens.
func (t *Tokens) ask(ctx context.Context, lease *store.Lease, k known) (strava.Secret, error) {
	dead := &ReconnectError{Cause: CauseDamaged, Text: textDamaged}
	for i, c := range t.candidates(k.row) {
		if i > 0 {
			if err := lease.Renew(ctx); err != nil {
				return "", fmt.Errorf("refresh the tokens: %w", err)
			}
			t.log.Warn("Strava refused a refresh token, another is tried", "grant", k.row.ID, "from", c.from)
		}
		// Once the call is made its answer must be kept, whoever stops waiting.
		g, answer, err := t.strava.Refresh(context.WithoutCancel(ctx), c.Refresh)
		if err == nil {
			return t.keep(k.row, c, pairOf(g, answer.Date, t.now()))
		}
		if op := operatorError(err); op != nil {
			return "", t.refuse(k.row, op)
		}
		if strava.KindOf(err) != strava.KindRefreshToken {
			return "", fmt.Errorf("refresh the tokens: %w", err)
		}
		dead = &ReconnectError{Cause: CauseRevoked, Text: textRevoked, Err: err}
	}
	if k.row.TakenIn != "" && k.row.AthleteID == 0 && dead.Cause == CauseRevoked {
		dead.Text = textTakenIn
	}
	return "", t.refuse(k.row, dead)
}

// A refusal is remembered as long as the row holds the same pair.
type refusal struct {
	sealed []byte
	until  time.Time
	err    *ReconnectError
}

func (t *Tokens) refusalOf(row store.Grant) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.refused[row.ID]
	if r == nil || !bytes.Equal(r.sealed, row.Sealed) || !t.now().Before(r.until) {
		return nil
	}
	return r.err
}

// refuse is reconnect for what Strava said, which it need not say again.
func (t *Tokens) refuse(row store.Grant, e *ReconnectError) error {
	err := t.reconnect(row, e)
	t.mu.Lock()
	t.refused[row.ID] = &refusal{sealed: row.Sealed, until: t.now().Add(refusedFor), err: e}
	t.mu.Unlock()
	return err
}

// reconnect completes the error and records it on the grant.
func (t *Tokens) reconnect(row store.Grant, e *ReconnectError) error {
	e.GrantID, e.AthleteID = row.ID, row.AthleteID
	if row.State != musette.StateReconnect || row.Cause != e.Text {
		row.State, row.Cause = musette.StateReconnect, e.Text
		t.note(row)
	}
	return e
}

// note writes the row's state and cause, if the row still holds the same pair.
// That it couldn't is only logged: the caller has the error itself.
func (t *Tokens) note(row store.Grant) {
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	err := t.store.Update(ctx, nil, func(tx *store.Tx) error {
		now, err := grantOf(ctx, tx, row.ID)
		if err != nil || !bytes.Equal(now.Sealed, row.Sealed) {
			return err
		}
		now.State, now.Cause, now.UpdatedAt = row.State, row.Cause, t.now()
		return tx.PutGrant(ctx, now)
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.log.Warn("the state of a grant could not be written", "grant", row.ID, "state", string(row.State), "error", err)
	}
}

// lease gets the lease "token:<name>". While somebody else holds it, done is
// asked; once it says yes, the lease is nil.
func (t *Tokens) lease(ctx context.Context, name string, done func() bool) (*store.Lease, error) {
	holder := "token-" + newID()[:8]
	for {
		lease, err := t.store.Acquire(ctx, "token:"+name, holder, leaseTTL)
		if _, held := errors.AsType[*store.HeldError](err); !held {
			return lease, err
		}
		if done() {
			return nil, nil
		}
		timer := time.NewTimer(leasePoll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("another process is at it: %w", errors.Join(err, ctx.Err()))
		case <-timer.C:
		}
	}
}

// release frees a lease for the next one. If that fails, time will.
func (t *Tokens) release(lease *store.Lease) {
	ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
	defer cancel()
	if err := lease.Release(ctx); err != nil {
		t.log.Debug("a lease could not be released; it will run out", "lease", lease.Name, "error", err)
	}
}
