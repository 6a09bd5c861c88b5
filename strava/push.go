package strava

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// A Subscription is the application's webhook. There is one per application,
// for all its athletes; it can't be changed, only deleted and made anew.
//
// See https://developers.strava.com/docs/webhooks/.
type Subscription struct {
	ID            int64
	ApplicationID int64 // 0 if absent, as in the answer to a creation
	CallbackURL   string
	CreatedAt     time.Time // UTC, zero if absent
	Raw           []byte    // as it came, byte for byte
}

// CreateSubscription subscribes callbackURL (at most 255 characters). Before
// it answers, Strava asks that address to repeat a challenge, so the server
// there must be running: see [AnswerChallenge]. A refusal is KindBadRequest,
// and its Fault says why: "already exists", "not verifiable".
//
// POST /push_subscriptions. Strava wants client id and secret in the form.
func (c *Client) CreateSubscription(ctx context.Context, callbackURL string, verifyToken Secret) (*Subscription, *Answer, error) {
	r := c.push(http.MethodPost, "")
	if c.app == nil {
		return nil, nil, noApp(r.op)
	}
	r.query, r.form = nil, c.credentials()
	r.form.Set("callback_url", callbackURL)
	r.form.Set("verify_token", verifyToken.Reveal())
	r.secrets = append(r.secrets, verifyToken, Secret(callbackURL))
	return fetch(ctx, c, r, func(body []byte) (*Subscription, error) {
		var w wireSubscription
		if err := decodeObject(body, &w); err != nil {
			return nil, err
		}
		s, err := w.subscription(slices.Clone(body))
		return &s, err
	})
}

// Subscriptions lists the application's subscription, or nothing.
//
// GET /push_subscriptions. Strava wants client id and secret in the query;
// they are in no error, but a proxy on the way may log them.
func (c *Client) Subscriptions(ctx context.Context) ([]Subscription, *Answer, error) {
	r := c.push(http.MethodGet, "")
	if c.app == nil {
		return nil, nil, noApp(r.op)
	}
	return fetch(ctx, c, r, func(body []byte) ([]Subscription, error) {
		return decodeList(body, (*wireSubscription).subscription)
	})
}

// DeleteSubscription ends a subscription.
//
// DELETE /push_subscriptions/{id}. Strava wants client id and secret in the
// query, as for [Client.Subscriptions].
func (c *Client) DeleteSubscription(ctx context.Context, id int64) (*Answer, error) {
	r := c.push(http.MethodDelete, "/"+strconv.FormatInt(id, 10))
	if c.app == nil {
		return nil, noApp(r.op)
	}
	return c.do(ctx, r)
}

func (c *Client) push(method, suffix string) call {
	r := call{door: doorClient, method: method, url: c.pushURL + suffix, op: method + " push_subscriptions" + suffix}
	if c.app != nil {
		r.query = c.credentials()
		r.secrets = []Secret{c.app.secret()}
	}
	return r
}

func (c *Client) credentials() url.Values {
	return url.Values{"client_id": {c.app.id}, "client_secret": {c.app.secret().Reveal()}}
}

type wireSubscription struct {
	ID            id      `json:"id"`
	ApplicationID id      `json:"application_id"`
	CallbackURL   label   `json:"callback_url"`
	CreatedAt     instant `json:"created_at"`
}

func (w *wireSubscription) subscription(raw []byte) (Subscription, error) {
	if w.ID == 0 {
		return Subscription{}, mismatchError("the subscription has no sound id")
	}
	return Subscription{
		ID: int64(w.ID), ApplicationID: int64(w.ApplicationID),
		CallbackURL: string(w.CallbackURL), CreatedAt: w.CreatedAt.Time, Raw: raw,
	}, nil
}
