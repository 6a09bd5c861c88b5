package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"musette/keeper"
	"musette/strava"
	"musette/token"
	"musette/web"
)

// A connector makes grants of athletes' answers, for `musette connect` and for the page. It may be used by several
// goroutines.
type connector struct {
	strava *strava.Client
	tokens *token.Tokens
	scopes []string // that are asked for
}

// A connection is a grant that is kept.
type connection struct {
	web.Connected
	allowed []string // nil: Strava didn't say
}

// finish turns an answer into a grant that is kept; of nobody but one athlete, if only isn't 0. What Strava or the
// athlete had against it is a [*web.NotConnected].
func (c *connector) finish(ctx context.Context, answer consentAnswer, only int64) (connection, error) {
	switch answer.refusal {
	case "":
	case "access_denied":
		return connection{}, &web.NotConnected{Why: web.WhyDenied}
	default:
		return connection{}, &web.NotConnected{Why: web.WhyRefused, Err: fmt.Errorf("refused by Strava: %s", plain(answer.refusal))}
	}
	grant, _, err := c.strava.Exchange(ctx, answer.code.Reveal())
	if err != nil {
		return connection{}, &web.NotConnected{Why: whyNot(err), Err: err}
	}
	done := connection{allowed: answer.scopes}
	if done.allowed == nil {
		done.allowed = grant.Scopes
	}
	if done.allowed != nil {
		if len(token.Missing([]string{"activity:read"}, done.allowed)) > 0 {
			return connection{}, &web.NotConnected{Why: web.WhyScopes, Allowed: done.allowed}
		}
		done.Missing = token.Missing(c.scopes, done.allowed)
	}
	if grant.Athlete != nil {
		done.AthleteID = grant.Athlete.ID
		done.Name = strings.TrimSpace(grant.Athlete.First + " " + grant.Athlete.Last)
	}
	if only != 0 && done.AthleteID != only {
		return connection{}, &web.NotConnected{Why: web.WhyOther}
	}
	if _, err := c.tokens.Add(ctx, grant, done.allowed); err != nil {
		return connection{}, fmt.Errorf("the connection was allowed but can't be kept: %w", err)
	}
	return done, nil
}

// whyNot names what Strava had against a code.
func whyNot(err error) web.Why {
	switch strava.KindOf(err) {
	case strava.KindAthleteLimit:
		return web.WhyLimit
	case strava.KindCode:
		return web.WhyCode
	case strava.KindClientSecret:
		return web.WhySecret
	case strava.KindClientID:
		return web.WhyClient
	case strava.KindInactive:
		return web.WhyInactive
	case strava.KindTransport, strava.KindTimeout, strava.KindCanceled, strava.KindServer, strava.KindBody, strava.KindMismatch, strava.KindRateLimit:
		return web.WhyAway
	}
	return web.WhyRefused
}

// connect is how athletes connect at the page.
func (s *site) connect(k *keeper.Keeper) *web.Connect {
	c := &connector{s.app.openStrava, s.app.openTokens, s.app.cfg.Scopes}
	return &web.Connect{
		Scopes: c.scopes, Retention: s.app.cfg.Policy.Retention,
		Ask: func(redirect, state string, again bool) string {
			return c.strava.AuthorizeURL(strava.AuthorizeOptions{RedirectURI: redirect, Scopes: c.scopes, State: state, Force: again})
		},
		Finish: func(ctx context.Context, query url.Values, only int64) (web.Connected, error) {
			answer, err := parseAnswer(query)
			if err != nil {
				return web.Connected{}, &web.NotConnected{Why: web.WhyRefused, Err: err}
			}
			done, err := c.finish(ctx, answer, only)
			if err == nil {
				k.Wake()
			}
			return done.Connected, err
		},
	}
}

// noConnect says why nobody can connect, "" if that isn't known.
func noConnect(err error) string {
	if errors.Is(err, token.ErrNoKey) {
		return "The key that seals the athletes’ tokens is lost, so nothing new could be sealed. Whoever runs this page puts the former `MUSETTE_SECRET_KEY` or key file back, and starts Musette again."
	}
	return "`STRAVA_CLIENT_ID` and `STRAVA_CLIENT_SECRET` aren’t set, so there is no app to connect to. Whoever runs this page sets them, and starts Musette again."
}
