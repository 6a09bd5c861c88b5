package token

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"musette/strava"
)

const (
	// needed is how long an access token handed out must still be good for.
	needed = 5 * time.Minute
	// fresh is how long a new access token is not refreshed for its age,
	// whatever the clocks say.
	fresh = time.Minute
)

// A pair is an access token with the refresh token that gets the next one.
// Access is empty for a refresh token that has not been used yet.
type pair struct {
	Access, Refresh strava.Secret

	ExpiresAt time.Time // of Access, by Strava's clock
	// ObtainedAt is by our clock, and Lifetime what Access had left then by
	// Strava's: together they tell its age where our clock is wrong.
	ObtainedAt time.Time
	Lifetime   time.Duration
}

// pairOf is the pair of a grant as it came. date is the answer's, or zero.
func pairOf(g *strava.Grant, date, now time.Time) pair {
	p := pair{Access: g.AccessToken, Refresh: g.RefreshToken, ExpiresAt: g.ExpiresAt, ObtainedAt: now}
	if !date.IsZero() && !g.ExpiresAt.IsZero() {
		p.Lifetime = max(0, g.ExpiresAt.Sub(date))
	}
	return p
}

// good reports whether the access token can be handed out. A clock that is
// hours off must not cost a refresh per call, so that either way of telling
// the age is enough. Wrong optimism ends at the first 401, in Renew.
func (p pair) good(now time.Time) bool {
	if p.Access == "" {
		return false
	}
	age := now.Sub(p.ObtainedAt)
	return p.ExpiresAt.Sub(now) >= needed ||
		age.Abs() < fresh ||
		age >= 0 && age+needed <= p.Lifetime
}

// pairJSON is what is sealed.
type pairJSON struct {
	Access       string `json:"access_token,omitempty"`
	Refresh      string `json:"refresh_token"`
	ExpiresAtMS  int64  `json:"expires_at_ms,omitempty"`
	ObtainedAtMS int64  `json:"obtained_at_ms,omitempty"`
	LifetimeMS   int64  `json:"lifetime_ms,omitempty"`
}

func (s *sealer) sealPair(grantID string, p pair) ([]byte, error) {
	clear, err := json.Marshal(pairJSON{
		p.Access.Reveal(), p.Refresh.Reveal(), millis(p.ExpiresAt), millis(p.ObtainedAt), p.Lifetime.Milliseconds(),
	})
	if err != nil {
		return nil, fmt.Errorf("a token of grant %s is not valid text", grantID) // err could quote it
	}
	return s.seal(grantID, clear), nil
}

// openPair returns errOtherKey or errDamaged for what it can't open.
func (s *sealer) openPair(grantID string, sealed []byte) (pair, error) {
	clear, err := s.open(grantID, sealed)
	if err != nil {
		return pair{}, err
	}
	var w pairJSON
	if json.Unmarshal(clear, &w) != nil || w.Refresh == "" {
		return pair{}, errDamaged
	}
	return pair{
		strava.Secret(w.Access), strava.Secret(w.Refresh), fromMillis(w.ExpiresAtMS), fromMillis(w.ObtainedAtMS),
		time.Duration(w.LifetimeMS) * time.Millisecond,
	}, nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
