package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"musette/store"
)

// The scopes of a key. ScopeAdmin includes the others.
const (
	ScopeRead    = "read"    // everything under GET
	ScopeRefresh = "refresh" // asking for something to be fetched anew
	ScopeAdmin   = "admin"   // the operator's
)

const (
	keyPrefix   = "musette_" // of the keys that we make, so that a scanner for leaked secrets can tell them
	codeLasts   = time.Hour
	sessionDays = 30
)

// HashKey returns what is kept of a key, session or code. They are long and random, so one SHA-256 is enough.
func HashKey(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// NewKey makes a named key and keeps its hash. The key itself is returned, and nowhere else. athleteID 0 is every
// athlete; expires may be zero.
func NewKey(ctx context.Context, st *store.Store, name string, scopes []string, athleteID int64, now, expires time.Time) (key string, err error) {
	key, row := makeKey(name, scopes, athleteID, now, expires)
	err = st.Update(ctx, nil, func(tx *store.Tx) error { return tx.PutKey(ctx, row) })
	if err != nil {
		return "", fmt.Errorf("keeping the new key: %w", err)
	}
	return key, nil
}

func makeKey(name string, scopes []string, athleteID int64, now, expires time.Time) (key string, row store.AccessKey) {
	key = keyPrefix + secret(32)
	return key, store.AccessKey{
		ID: newID(), Kind: store.KeyKind, Name: name, Hash: HashKey(key), Scopes: scopes, AthleteID: athleteID,
		CreatedAt: now, ExpiresAt: expires,
	}
}

// firstMade is the setting that says that the first key was made. It outlives the key: one that was revoked doesn't
// come back.
const firstMade = "first_key"

// FirstKey makes the operator's key of a store that never had any, and returns "" where there was one: of servers
// that start together, one makes it.
func FirstKey(ctx context.Context, st *store.Store, now time.Time) (key string, err error) {
	made, row := makeKey("operator", []string{ScopeRead, ScopeRefresh, ScopeAdmin}, 0, now, time.Time{})
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		key = ""
		before, err := tx.Setting(ctx, firstMade)
		if err != nil || before != "" {
			return err
		}
		keys, err := tx.Keys(ctx)
		if err != nil || slices.ContainsFunc(keys, func(k store.AccessKey) bool { return k.Kind == store.KeyKind }) {
			return err
		}
		key = made
		return errors.Join(tx.PutKey(ctx, row), tx.PutSetting(ctx, firstMade, "made"))
	})
	if err != nil {
		return "", fmt.Errorf("keeping the first key: %w", err)
	}
	return key, nil
}

// NewCode makes a code that signs its bearer in once, as the operator, within an hour. The link is the server's
// address with /login?code= and the code.
func NewCode(ctx context.Context, st *store.Store, now time.Time) (code string, err error) {
	code = secret(24)
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		return tx.PutKey(ctx, store.AccessKey{
			ID: newID(), Kind: store.CodeKind, Name: "one-time link", Hash: HashKey(code), Scopes: []string{ScopeAdmin},
			CreatedAt: now, ExpiresAt: now.Add(codeLasts),
		})
	})
	if err != nil {
		return "", fmt.Errorf("keeping the one-time code: %w", err)
	}
	return code, nil
}

func secret(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// newID returns an id that a command line takes as it is: hex never begins with a dash.
func newID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails: see crypto/rand
	return hex.EncodeToString(b)
}

// A keyring looks keys up, and remembers the ones it found, so that who is signed in stays so while the database is
// away.
type keyring struct {
	store *store.Store
	env   [32]byte
	now   func() time.Time
	fresh time.Duration // how long a found key isn't asked for again

	mu     sync.Mutex
	found  map[[32]byte]foundKey
	failed time.Time // when a key could last not be looked up
}

type foundKey struct {
	key   store.AccessKey
	at    time.Time
	asked time.Time // when somebody began to look it up anew; zero once that has come back
}

const (
	maxFound      = 1000
	lookupTimeout = 3 * time.Second
	// lookupFresh is for Postgres, which may be far away: what is revoked in another process stays good that long.
	lookupFresh = 2 * time.Second
	// knownTimeout and failedFor are for keys that are remembered, where the database hangs: one reader waits so long,
	// the others not at all until it is asked again. The feed finds out meanwhile whether it is away.
	knownTimeout = time.Second
	failedFor    = 15 * time.Second
)

// rememberAll reads all keys, so that their bearers are known while the database is away though they haven't come before.
func (k *keyring) rememberAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var all []store.AccessKey
	err := k.store.View(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Keys(ctx)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrCorrupt) { // a damaged one is nobody's; the others are good
		return fmt.Errorf("reading the keys: %w", err)
	}
	for _, key := range all {
		if key.Kind == store.KeyKind || key.Kind == store.SessionKind {
			k.remember(key.Hash, foundKey{key: key})
		}
	}
	return nil
}

func newKeyring(st *store.Store, env [32]byte, now func() time.Time) *keyring {
	k := &keyring{store: st, env: env, now: now, found: map[[32]byte]foundKey{}}
	if st.Kind() == "postgres" {
		k.fresh = lookupFresh
	}
	return k
}

// errNoKey says that a key is unknown, revoked or expired: nobody needs to know which.
var errNoKey = errors.New("no such key")

// lookup returns the good key with a hash, or errNoKey. Any other error means that it can't be known now. away says
// that the database is known to be away, so that what is remembered is used at once.
func (k *keyring) lookup(ctx context.Context, hash [32]byte, away bool) (store.AccessKey, error) {
	if k.env != [32]byte{} && subtle.ConstantTimeCompare(hash[:], k.env[:]) == 1 {
		return store.AccessKey{ID: "environment", Kind: store.KeyKind, Hash: hash, Scopes: []string{ScopeAdmin}}, nil
	}
	now := k.now()
	old, known, ask := k.recall(hash, away, now)
	if !ask {
		return k.good(old.key, now)
	}
	patience := lookupTimeout
	if known {
		patience = knownTimeout
	}
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var key store.AccessKey
	err := k.store.View(within, func(tx *store.Tx) (err error) {
		key, err = tx.KeyByHash(within, hash)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		k.forget(hash)
		return store.AccessKey{}, errNoKey
	case err != nil && known:
		if ctx.Err() == nil { // else it is the asker who has gone
			k.mu.Lock()
			k.failed = now
			k.mu.Unlock()
		}
		return k.good(old.key, now)
	case err != nil:
		return store.AccessKey{}, fmt.Errorf("looking up a key: %w", err)
	}
	k.remember(hash, foundKey{key: key, at: now})
	return k.good(key, now)
}

// recall returns what is remembered of a key, and whether it is to be looked up: not while the database is away, nor while
// what is remembered is fresh enough, or somebody else looks it up already.
func (k *keyring) recall(hash [32]byte, away bool, now time.Time) (old foundKey, known, ask bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old, known = k.found[hash]
	switch {
	case !known:
		return old, false, true
	case away, now.Sub(k.failed) < failedFor, now.Sub(old.at) < k.fresh, k.fresh > 0 && now.Sub(old.asked) < knownTimeout:
		return old, true, false
	}
	k.found[hash] = foundKey{key: old.key, at: old.at, asked: now}
	return old, true, true
}

func (k *keyring) good(key store.AccessKey, now time.Time) (store.AccessKey, error) {
	if !key.RevokedAt.IsZero() || key.Expired(now) {
		return store.AccessKey{}, errNoKey
	}
	return key, nil
}

func (k *keyring) remember(hash [32]byte, f foundKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for h := range k.found { // any one makes room
		if len(k.found) < maxFound {
			break
		}
		delete(k.found, h)
	}
	k.found[hash] = f
}

func (k *keyring) forget(hash [32]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.found, hash)
}
