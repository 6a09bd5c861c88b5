package strava

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Grant is what the token endpoint hands out. Write it down durably before
// using it: a new refresh token ends the previous one at once.
//
// See https://developers.strava.com/docs/authentication/.
type Grant struct {
	AccessToken, RefreshToken Secret

	// ExpiresAt is when the access token ends, UTC; six hours after it was
	// made. Zero if the answer did not say: then treat it as about to end.
	ExpiresAt time.Time

	// Scopes are those the athlete granted, if the answer names them; that is
	// not certain for an exchange and not the case for a refresh. The
	// callback's scope parameter always does.
	Scopes []string

	Athlete *Athlete // in an exchange only; nil if absent or not decodable
}

// AuthorizeOptions say what the athlete is asked to grant.
type AuthorizeOptions struct {
	RedirectURI string   // within the application's callback domain, or on localhost or 127.0.0.1
	Scopes      []string // e.g. read, activity:read_all; the athlete may untick some
	State       string   // comes back with the callback; compare it there
	Force       bool     // ask even if it was granted before
}

// AuthorizeURL returns the address to send the athlete's browser to. It makes
// no call. The client id is empty without [WithApp].
func (c *Client) AuthorizeURL(opts AuthorizeOptions) string {
	query := url.Values{
		"redirect_uri":    {opts.RedirectURI},
		"response_type":   {"code"},
		"approval_prompt": {"auto"},
		"scope":           {strings.Join(opts.Scopes, ",")},
	}
	if c.app != nil {
		query.Set("client_id", c.app.id)
	}
	if opts.State != "" {
		query.Set("state", opts.State)
	}
	if opts.Force {
		query.Set("approval_prompt", "force")
	}
	return c.oauthURL + "/authorize?" + query.Encode()
}

// Exchange turns the callback's code, which works once, into a Grant. A bad
// code is KindCode. The Answer of a success has no Body: it would hold tokens.
func (c *Client) Exchange(ctx context.Context, code string) (*Grant, *Answer, error) {
	return c.token(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {code}}, Secret(code), "")
}

// Refresh returns a Grant for a refresh token. With more than an hour left
// Strava hands out the same access token again. The refresh token may be a
// new one, and then the old one is dead. A superseded one is
// KindRefreshToken. After a timeout the old one is worth one more try. The
// Answer of a success has no Body: it would hold tokens.
func (c *Client) Refresh(ctx context.Context, refreshToken Secret) (*Grant, *Answer, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken.Reveal()}}
	return c.token(ctx, form, refreshToken, refreshToken)
}

// Revoke ends a grant, given its access or refresh token; the latter ends its
// access tokens too. It succeeds for unknown tokens as well.
//
// POST /oauth/revoke, since 2026-06-01.
func (c *Client) Revoke(ctx context.Context, token Secret) (*Answer, error) {
	r := call{
		door: doorClient, method: http.MethodPost, url: c.oauthURL + "/revoke", op: "POST oauth/revoke",
		form: url.Values{"token": {token.Reveal()}}, secrets: []Secret{token}, basic: c.app,
	}
	if c.app == nil {
		return nil, noApp(r.op)
	}
	return c.do(ctx, r)
}

// Deauthorize ends all that the athlete has granted the application. The
// Answer of a success has no Body: it would hold the token.
//
// POST /oauth/deauthorize goes away on 2027-06-01 in favour of
// [Client.Revoke].
func (c *Client) Deauthorize(ctx context.Context, token Secret) (*Answer, error) {
	answer, err := c.do(ctx, call{
		door: doorAPI, method: http.MethodPost, url: c.oauthURL + "/deauthorize", op: "POST oauth/deauthorize",
		form: url.Values{}, token: token, private: true,
	})
	if err == nil {
		answer.Body = nil
	}
	return answer, err
}

// token calls the token endpoint. keep is the refresh token that stays valid
// if the answer names none.
func (c *Client) token(ctx context.Context, form url.Values, secret, keep Secret) (*Grant, *Answer, error) {
	r := call{
		door: doorToken, method: http.MethodPost, url: c.oauthURL + "/token", op: "POST oauth/token",
		form: form, private: true,
	}
	if c.app == nil {
		return nil, nil, noApp(r.op)
	}
	form.Set("client_id", c.app.id)
	form.Set("client_secret", c.app.secret().Reveal())
	r.secrets = []Secret{secret, c.app.secret()}
	var expiresIn number
	grant, answer, err := fetch(ctx, c, r, func(body []byte) (g *Grant, err error) {
		g, expiresIn, err = decodeGrant(body, keep)
		return g, err
	})
	if err == nil && grant.ExpiresAt.IsZero() && expiresIn.known {
		from := answer.Date
		if from.IsZero() {
			from = time.Now()
		}
		grant.ExpiresAt = from.Add(time.Duration(expiresIn.whole()) * time.Second).UTC()
	}
	return grant, answer, err
}

func noApp(op string) *Error {
	return &Error{Kind: KindClientID, Op: op, Err: errors.New("no client id and secret were given")}
}

// decodeGrant insists on the tokens only: a grant lost over a lesser member
// would cost the athlete a new connection.
func decodeGrant(body []byte, keep Secret) (*Grant, number, error) {
	var w struct {
		AccessToken  label          `json:"access_token"`
		RefreshToken label          `json:"refresh_token"`
		ExpiresAt    jsontext.Value `json:"expires_at"`
		ExpiresIn    jsontext.Value `json:"expires_in"`
		Scope        jsontext.Value `json:"scope"`
		Athlete      jsontext.Value `json:"athlete"`
	}
	if err := decodeObject(body, &w); err != nil {
		return nil, number{}, err
	}
	g := &Grant{AccessToken: Secret(w.AccessToken), RefreshToken: Secret(w.RefreshToken)}
	if g.RefreshToken == "" {
		g.RefreshToken = keep
	}
	if g.AccessToken == "" || g.RefreshToken == "" {
		return nil, number{}, mismatchError("there are no tokens in it")
	}
	if at := leniently(w.ExpiresAt); at.whole() > 0 {
		g.ExpiresAt = time.Unix(int64(at.whole()), 0).UTC()
	}
	g.Scopes = scopes(w.Scope)
	if athlete, err := decodeAthlete(w.Athlete); err == nil {
		g.Athlete = athlete
	}
	in := leniently(w.ExpiresIn)
	in.known = in.known && in.value > 0 && in.value < math.MaxInt32
	return g, in, nil
}

// leniently reads a number, absent if the value is none.
func leniently(v jsontext.Value) (n number) {
	if len(v) == 0 || json.Unmarshal(v, &n, reading) != nil {
		return number{}
	}
	return n
}

// scopes reads "a,b", "a b" or a list of texts.
func scopes(v jsontext.Value) []string {
	var list []label
	switch v.Kind() {
	case '"':
		list = []label{label(unquote(v))}
	case '[':
		_ = json.Unmarshal(v, &list, reading) // the value comes from a decoder: it is sound
	}
	var names []string
	for _, text := range list {
		names = append(names, strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	return names
}
