package token

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"musette"
	"musette/store"
	"musette/strava"
)

// Config says what Tokens work with. Store, Strava, Key and Dir are required.
type Config struct {
	Store  *store.Store
	Strava *strava.Client
	Key    Key
	Dir    string   // the data directory; sealed copies go to tokens/ in it
	Scopes []string // needed; what of them is missing is noted on a grant
	Now    func() time.Time
	Log    *slog.Logger
}

// Tokens keep the grants. They are safe for use by several goroutines, and
// several processes may have Tokens on one store.
type Tokens struct {
	store  *store.Store
	strava *strava.Client
	seals  *sealer
	copies copies
	needed []string
	now    func() time.Time
	log    *slog.Logger

	flights singleflight.Group
	ctx     context.Context // of refreshes: callers come and go, an answer must be kept
	cancel  context.CancelFunc

	mu      sync.Mutex // never held over I/O
	closed  bool
	running sync.WaitGroup
	unsaved map[string]*renewal // by grant: pairs that the store would not take yet
	refused map[string]*refusal // by grant: what Strava will not accept
}

// New returns Tokens that [Tokens.Close] must end. It does no I/O.
func New(c Config) (*Tokens, error) {
	switch {
	case c.Store == nil:
		return nil, errors.New("token: the store is missing")
	case c.Strava == nil:
		return nil, errors.New("token: the Strava client is missing")
	case c.Dir == "":
		return nil, errors.New("token: the data directory is missing")
	}
	seals, err := newSealer(c.Key)
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Tokens{
		store: c.Store, strava: c.Strava, seals: seals, copies: copies{filepath.Join(c.Dir, "tokens")},
		needed: c.Scopes, now: func() time.Time { return c.Now().UTC() }, log: c.Log,
		ctx: ctx, cancel: cancel, unsaved: map[string]*renewal{}, refused: map[string]*refusal{},
	}, nil
}

// Format writes only what it is, whatever the verb: pairs may be waiting in it.
func (t *Tokens) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "token.Tokens") }

// Close waits for refreshes that have called Strava, so that their answers are
// written, and writes what the store would not take before. Close it before
// the store.
func (t *Tokens) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.running.Wait()

	t.mu.Lock()
	ids := slices.Collect(maps.Keys(t.unsaved))
	t.mu.Unlock()
	var errs []error
	for _, id := range ids {
		errs = append(errs, t.saveUnsaved(id))
	}
	return errors.Join(errs...)
}

// takenIn names the setting with the SHA-256 of the last STRAVA_REFRESH_TOKEN
// taken in. It outlives the grant made of it: an athlete who has left must not
// come back by a restart.
const takenIn = "token_taken_in"

// TakeIn makes a grant of a refresh token from the configuration, and reports
// whether it did: only where it is not the one last taken in, since the pair
// may have moved on from it. The grants there are stay; of the same athlete's,
// [Tokens.Bind] keeps the new one.
func (t *Tokens) TakeIn(ctx context.Context, refresh strava.Secret) (bool, error) {
	refresh = strava.Secret(strings.TrimSpace(refresh.Reveal()))
	if refresh == "" {
		return false, nil
	}
	sum := sha256.Sum256([]byte(refresh.Reveal()))
	print := hex.EncodeToString(sum[:])
	last := ""
	err := t.store.View(ctx, func(tx *store.Tx) (err error) {
		last, err = tx.Setting(ctx, takenIn)
		return err
	})
	if err != nil || last == print {
		return false, err
	}
	p := pair{Refresh: refresh}
	g := store.Grant{ID: newID(), TakenIn: print, State: musette.StateOK, UpdatedAt: t.now()}
	if g.Sealed, err = t.seals.sealPair(g.ID, p); err != nil {
		return false, err
	}
	// Two processes starting at once on Postgres must not both take it in.
	lease, err := t.lease(ctx, "taken-in", func() bool { return false })
	if err != nil {
		return false, fmt.Errorf("take in STRAVA_REFRESH_TOKEN: %w", err)
	}
	defer t.release(lease)
	taken := false
	var gone []string
	err = t.store.Update(ctx, lease, func(tx *store.Tx) error {
		taken, gone = false, nil
		last, err := tx.Setting(ctx, takenIn)
		if err != nil || last == print {
			return err
		}
		// A token taken in before that never worked for anybody is superseded.
		grants, err := goodGrants(ctx, tx)
		if err != nil {
			return err
		}
		for _, old := range grants {
			if old.TakenIn != "" && old.AthleteID == 0 && old.State == musette.StateReconnect {
				gone = append(gone, old.ID)
				if err := tx.DeleteGrant(ctx, old.ID); err != nil {
					return err
				}
			}
		}
		taken = true
		return errors.Join(tx.PutGrant(ctx, g), tx.PutSetting(ctx, takenIn, print))
	})
	if err != nil {
		return false, fmt.Errorf("take in STRAVA_REFRESH_TOKEN: %w", err)
	}
	if taken {
		t.log.Info("STRAVA_REFRESH_TOKEN taken in", "grant", g.ID)
	}
	t.forget(gone)
	return taken, nil
}

// TakeInAgain lets STRAVA_REFRESH_TOKEN be taken in though it was before, if
// all grants were lost with a damaged database: it is the only way back without
// a person. Where anybody has left, it could be theirs, and stays as it is.
func TakeInAgain(ctx context.Context, tx *store.Tx) error {
	grants, err := goodGrants(ctx, tx)
	if err != nil || len(grants) > 0 {
		return err
	}
	left, err := tx.Departures(ctx)
	if err != nil || len(left) > 0 {
		return err
	}
	return tx.PutSetting(ctx, takenIn, "")
}

// Add stores the grant of an OAuth exchange and returns its id. scopes are the
// callback's, or nil to go by the answer's. If the answer names the athlete
// the grant is bound at once. A grant that allows no reading of activities is
// a [ReconnectError] with [CauseScope], and nothing is stored or replaced.
func (t *Tokens) Add(ctx context.Context, g *strava.Grant, scopes []string) (grantID string, err error) {
	if scopes == nil {
		scopes = g.Scopes
	}
	id := newID()
	if unreadable(scopes) {
		return "", &ReconnectError{Cause: CauseScope, GrantID: id, AthleteID: athleteOf(g), Text: textScope}
	}
	sealed, err := t.seals.sealPair(id, pairOf(g, time.Time{}, t.now()))
	if err != nil {
		return "", err
	}
	row := store.Grant{ID: id, Sealed: sealed, Scopes: scopes, UpdatedAt: t.now()}
	t.judge(&row)
	// The code that this came from works once: keep the answer in both places.
	fileErr := t.copies.write(id, sealed)
	var gone []string
	err = t.store.Update(ctx, nil, func(tx *store.Tx) error {
		if athlete := athleteOf(g); athlete != 0 {
			return t.bind(ctx, tx, row, athlete, &gone)
		}
		return tx.PutGrant(ctx, row)
	})
	if err != nil {
		_ = t.copies.remove(id) // no row would ever lead to it
		return "", fmt.Errorf("store a new grant: %w", err)
	}
	t.warnCopy(id, fileErr)
	t.forget(gone)
	return id, nil
}

func athleteOf(g *strava.Grant) int64 {
	if g.Athlete == nil {
		return 0
	}
	return g.Athlete.ID
}

// Bind notes whose grant it is, and what was granted if scopes is not nil. An
// older grant of the same athlete is removed, unless the new one allows no
// reading of activities. Scopes that a call finds missing later are told by
// binding again with what is left.
func (t *Tokens) Bind(ctx context.Context, grantID string, athleteID int64, scopes []string) error {
	var gone []string
	err := t.store.Update(ctx, nil, func(tx *store.Tx) error {
		row, err := grantOf(ctx, tx, grantID)
		if err != nil {
			return err
		}
		if scopes != nil {
			row.Scopes = scopes
			t.judge(&row)
		}
		row.UpdatedAt = t.now()
		return t.bind(ctx, tx, row, athleteID, &gone)
	})
	if err != nil {
		return fmt.Errorf("bind grant %s to athlete %d: %w", grantID, athleteID, err)
	}
	t.forget(gone)
	return nil
}

// bind stores the row as the athlete's and collects the grants it replaces.
func (t *Tokens) bind(ctx context.Context, tx *store.Tx, row store.Grant, athleteID int64, gone *[]string) error {
	*gone = nil
	row.AthleteID = athleteID
	if !unreadable(row.Scopes) {
		grants, err := goodGrants(ctx, tx)
		if err != nil {
			return err
		}
		for _, old := range grants {
			if old.AthleteID == athleteID && old.ID != row.ID {
				*gone = append(*gone, old.ID)
				if err := tx.DeleteGrant(ctx, old.ID); err != nil {
					return err
				}
			}
		}
	}
	return tx.PutGrant(ctx, row)
}

// Remove deletes a grant and its sealed file: the athlete has left. Strava is
// not told; see [strava.Client.Revoke]. An unknown grant is no error.
func (t *Tokens) Remove(ctx context.Context, grantID string) error {
	err := t.store.Update(ctx, nil, func(tx *store.Tx) error { return tx.DeleteGrant(ctx, grantID) })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("remove grant %s: %w", grantID, err)
	}
	t.mu.Lock()
	delete(t.unsaved, grantID)
	delete(t.refused, grantID)
	t.mu.Unlock()
	if err := t.copies.remove(grantID); err != nil {
		return fmt.Errorf("remove the sealed copy of grant %s: %w", grantID, err)
	}
	return nil
}

// Worked says that Strava accepted this access token of the grant. Once that
// is the newest one, the previous pair is dropped. It writes only then.
func (t *Tokens) Worked(ctx context.Context, grantID string, access strava.Secret) error {
	err := t.store.View(ctx, func(tx *store.Tx) error {
		row, err := grantOf(ctx, tx, grantID)
		if err == nil && !t.proves(row, access) {
			err = errNothing
		}
		return err
	})
	if err == nil {
		err = t.store.Update(ctx, nil, func(tx *store.Tx) error {
			row, err := grantOf(ctx, tx, grantID)
			if err != nil || !t.proves(row, access) {
				return err
			}
			row.Previous = nil
			return tx.PutGrant(ctx, row)
		})
	}
	if err != nil && !errors.Is(err, errNothing) {
		return fmt.Errorf("note that the tokens of grant %s work: %w", grantID, err)
	}
	return nil
}

var errNothing = errors.New("nothing to do")

// proves reports whether the access token's success makes the previous pair
// needless.
func (t *Tokens) proves(row store.Grant, access strava.Secret) bool {
	if len(row.Previous) == 0 {
		return false
	}
	p, err := t.seals.openPair(row.ID, row.Sealed)
	return err == nil && p.Access == access
}

// judge sets state and cause from the scopes.
func (t *Tokens) judge(row *store.Grant) {
	row.State, row.Cause = musette.StateOK, ""
	if unreadable(row.Scopes) {
		row.State, row.Cause = musette.StateReconnect, textScope
	} else if len(row.Scopes) > 0 {
		row.Cause = missingText(Missing(t.needed, row.Scopes))
	}
}

// forget drops what is left of grants whose rows are gone.
func (t *Tokens) forget(ids []string) {
	for _, id := range ids {
		t.mu.Lock()
		delete(t.unsaved, id)
		delete(t.refused, id)
		t.mu.Unlock()
		t.log.Info("an older grant was replaced", "grant", id)
		if err := t.copies.remove(id); err != nil {
			t.log.Warn("the sealed copy of a replaced grant could not be removed", "grant", id, "error", err)
		}
	}
}

// warnCopy logs that a copy could not be written, which nothing waits for:
// the store has the pair.
func (t *Tokens) warnCopy(grantID string, err error) {
	if err != nil {
		t.log.Warn("the sealed copy of the tokens could not be written; the store has them", "grant", grantID, "error", err)
	}
}

// grantOf returns one grant, or store.ErrNotFound. A damaged row is in the way
// only of its own grant.
func grantOf(ctx context.Context, tx *store.Tx, id string) (store.Grant, error) {
	g, err := tx.Grant(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return g, fmt.Errorf("grant %s: %w", id, err)
	}
	return g, err
}

// goodGrants returns the grants whose rows are sound.
func goodGrants(ctx context.Context, tx *store.Tx) ([]store.Grant, error) {
	grants, err := tx.Grants(ctx)
	if _, damaged := errors.AsType[*store.DamageError](err); damaged {
		err = nil
	}
	return grants, err
}

// newID returns 128 random bits as hex.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func validID(id string) bool {
	b, err := hex.DecodeString(id)
	return err == nil && len(b) == 16
}
