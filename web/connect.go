package web

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"musette/feed"
	"musette/store"
)

// Connect is how athletes connect at /connect.
type Connect struct {
	// Ask returns the address of Strava's question. The answer comes to redirect, with the state. Strava asks those who
	// have said yes before only if again is set.
	Ask func(redirect, state string, again bool) string
	// Finish makes a grant of an answer, the query of the redirect, and keeps it. Where only isn't 0, nobody but that
	// athlete may be connected. An error is a [*NotConnected] if it isn't this machine's.
	Finish func(ctx context.Context, answer url.Values, only int64) (Connected, error)

	Scopes    []string      // what is asked for
	Retention time.Duration // how long what isn't confirmed is kept; 0: for good
}

// Connected is who has connected.
type Connected struct {
	AthleteID int64 // 0: Strava didn't say
	Name      string
	Missing   []string // scopes that were asked for and not allowed
}

// NotConnected is the error of an answer of which nothing came.
type NotConnected struct {
	Why     Why
	Allowed []string // for WhyScopes
	Err     error    // what Strava said, if it was asked
}

func (n *NotConnected) Error() string {
	if n.Err != nil {
		return "not connected (" + string(n.Why) + "): " + n.Err.Error()
	}
	return "not connected (" + string(n.Why) + ")"
}

// Unwrap returns Err.
func (n *NotConnected) Unwrap() error { return n.Err }

// Why names what kept an athlete from being connected.
type Why string

// What keeps an athlete from being connected.
const (
	WhyDenied   Why = "denied"   // the athlete said no
	WhyScopes   Why = "scopes"   // or unticked what nothing can be fetched without
	WhyOther    Why = "other"    // somebody else answered than who was asked
	WhyLimit    Why = "limit"    // the app may have no more athletes
	WhyInactive Why = "inactive" // the app is switched off
	WhySecret   Why = "secret"   // its secret is wrong
	WhyClient   Why = "client"   // its id is wrong
	WhyCode     Why = "code"     // the answer was used, or is too old
	WhyAway     Why = "away"     // Strava can't be reached, or doesn't answer as it should
	WhyRefused  Why = "refused"  // Strava said no in another way
)

const (
	connectPath  = "/connect"
	inviteCookie = "musette_invite"
	// answerWithin is how long an athlete may take at Strava.
	answerWithin = 15 * time.Minute
	// finishWithin is how long it may take to make a grant of an answer. It isn't cut short by a browser that goes:
	// the answer works once.
	finishWithin = 40 * time.Second
)

func (s *Server) connectRoutes() map[string]methods {
	return map[string]methods{
		connectPath:               {"GET": s.getConnect, "POST": s.postConnect},
		connectPath + "/callback": {"GET": s.getConnected},
	}
}

// An asker may connect an athlete: the bearer of an invite, the operator, or an athlete once more.
type asker struct {
	secret   [32]byte // the hash of what only this browser has: the invite, or the session
	invited  bool
	operator bool
	only     int64 // who may be connected; 0: anybody
}

// asker says who wants to connect, and false if they may not. A code in the request goes before what the browser keeps.
func (s *Server) asker(r *http.Request, code string) (asker, bool, error) {
	if code == "" {
		v, err := s.visitor(r)
		switch {
		case err != nil:
			return asker{}, false, err
		case v.Session && (v.operator() || v.Athlete != 0):
			return asker{secret: v.key, operator: v.operator(), only: v.Athlete}, true, nil
		}
		cookie, err := r.Cookie(inviteCookie)
		if err != nil {
			return asker{}, false, nil
		}
		code = cookie.Value
	}
	a := asker{secret: HashKey(code), invited: true}
	err := s.config.Store.View(r.Context(), func(tx *store.Tx) error {
		_, err := s.invite(r.Context(), tx, a.secret)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return asker{}, false, nil
	case err != nil:
		return asker{}, false, cannotCheck
	}
	return a, true, nil
}

// invite finds one that is good.
func (s *Server) invite(ctx context.Context, tx *store.Tx, hash [32]byte) (store.AccessKey, error) {
	k, err := tx.KeyByHash(ctx, hash)
	if err == nil && (k.Kind != store.InviteKind || k.Expired(s.config.Now())) {
		err = store.ErrNotFound
	}
	return k, err
}

// getConnect says what connecting means, before anybody goes to Strava. It never uses an invite up: a preview of the
// link does GET.
func (s *Server) getConnect(w http.ResponseWriter, r *http.Request) error {
	values, err := params(r, "invite")
	if err != nil {
		return err
	}
	code := values.Get("invite")
	a, ok, err := s.mayConnect(w, r, code)
	if err != nil || !ok {
		return err
	}
	s.sayConnect(w, http.StatusOK, "consent", s.consentPage(a, code))
	return nil
}

// mayConnect is asker, and answers those who may not.
func (s *Server) mayConnect(w http.ResponseWriter, r *http.Request, code string) (asker, bool, error) {
	from, _ := clientAddress(r)
	if wait := s.throttle.wait(from); wait > 0 && code != "" {
		w.Header().Set("Retry-After", wholeSeconds(wait))
		return asker{}, false, &problem{Status: http.StatusTooManyRequests, Detail: "Too many tries failed. Wait a minute, then try again."}
	}
	a, ok, err := s.asker(r, code)
	switch {
	case err != nil:
		return a, false, err
	case !ok && code != "":
		s.throttle.add(from)
		s.sayConnect(w, http.StatusNotFound, "connecting", ending{Heading: "This invite can’t be used", Tone: "stop", Text: []string{
			"It has been used, is too old, or was taken back. Ask whoever sent it for another.",
		}})
	case !ok:
		s.sayConnect(w, http.StatusUnauthorized, "connecting", ending{Heading: "Connecting needs an invite", Text: []string{
			"Whoever runs this page makes one with `musette athlete invite` and sends you the link. If that is you, sign in first.",
		}, Links: []link{{"/login", "Sign in"}}})
	case s.config.Connect == nil:
		text := s.config.NoConnect
		if text == "" {
			text = "This server only shows what is here; it doesn’t fetch from Strava."
		}
		s.sayConnect(w, http.StatusServiceUnavailable, "connecting", ending{Heading: "Nobody can connect here just now", Tone: "wait", Text: []string{
			text, "An invite stays good meanwhile.",
		}})
	default:
		return a, true, nil
	}
	return a, false, nil
}

// postConnect sends the browser to Strava's question, and remembers that it was asked.
func (s *Server) postConnect(w http.ResponseWriter, r *http.Request) error {
	form, err := s.form(w, r, "invite", "again")
	if err != nil {
		return err
	}
	code := form.Get("invite")
	a, ok, err := s.mayConnect(w, r, code)
	if err != nil || !ok {
		return err
	}
	now, state := s.config.Now(), secret(24)
	asked := store.AccessKey{
		ID: newID(), Kind: store.AskedKind, Name: "connecting", Hash: HashKey(state), Parent: a.secret, AthleteID: a.only,
		CreatedAt: now, ExpiresAt: now.Add(answerWithin),
	}
	if err := s.write(r, func(tx *store.Tx) error {
		return errors.Join(sweep(r.Context(), tx, now), tx.PutKey(r.Context(), asked))
	}); err != nil {
		return err
	}
	if a.invited && code != "" {
		http.SetCookie(w, s.inviteCookie(r, code, int(time.Hour/time.Second)))
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.config.Connect.Ask(s.base(r)+connectPath+"/callback", state, form.Get("again") != ""), http.StatusSeeOther)
	return nil
}

func (s *Server) inviteCookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: inviteCookie, Value: value, Path: connectPath, MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r), // Lax: Strava sends the browser back
	}
}

// base is the address that a request came to, without a path.
func (s *Server) base(r *http.Request) string {
	switch {
	case s.own != "":
		return s.own
	case s.secure(r):
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// getConnected takes Strava's answer.
func (s *Server) getConnected(w http.ResponseWriter, r *http.Request) error {
	answer, err := query(r)
	if err != nil {
		return err
	}
	if s.config.Connect == nil {
		_, _, err := s.mayConnect(w, r, "")
		return err
	}
	a, invite, err := s.answered(r, answer.Get("state"))
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.sayConnect(w, http.StatusBadRequest, "connecting", ending{
			Heading: "This answer can’t be used", Tone: "wait", Again: true,
			Text: []string{"It belongs to another browser, was used already, or took more than 15 minutes. Nothing was changed. Start again."},
		})
		return nil
	case err != nil:
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), finishWithin)
	defer cancel()
	done, err := s.config.Connect.Finish(ctx, answer, a.only)
	if err != nil {
		if invite.ID != "" { // it has connected nobody
			err = errors.Join(err, s.config.Store.Update(ctx, nil, func(tx *store.Tx) error { return tx.PutKey(ctx, invite) }))
		}
		s.notConnected(w, r, a, err)
		return nil
	}
	s.config.Log.Info("an athlete has connected", "athlete", done.AthleteID, "invited", a.invited)
	return s.connected(ctx, w, r, a, done)
}

// answered finds who asked the question that a state belongs to: state and invite are used up by it. [store.ErrNotFound]
// if it wasn't this browser.
func (s *Server) answered(r *http.Request, state string) (a asker, invite store.AccessKey, err error) {
	v, err := s.visitor(r)
	if err != nil {
		return a, invite, err
	}
	ctx, now := r.Context(), s.config.Now()
	err = s.write(r, func(tx *store.Tx) error {
		a, invite = asker{}, store.AccessKey{}
		asked, err := tx.Take(ctx, store.AskedKind, HashKey(state), now)
		if err != nil {
			return err
		}
		a.secret, a.only = asked.Parent, asked.AthleteID
		if v.Session && same(v.key, asked.Parent) && (v.operator() || v.Athlete != 0) {
			a.operator = v.operator()
			return nil
		}
		cookie, err := r.Cookie(inviteCookie)
		if err != nil || !same(HashKey(cookie.Value), asked.Parent) {
			return store.ErrNotFound
		}
		a.invited = true
		invite, err = tx.Take(ctx, store.InviteKind, asked.Parent, now)
		return err
	})
	return a, invite, err
}

func same(a, b [32]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }

// connected welcomes an athlete, and signs in who came by an invite: the answer has shown who they are.
func (s *Server) connected(ctx context.Context, w http.ResponseWriter, r *http.Request, a asker, done Connected) error {
	if a.invited {
		http.SetCookie(w, s.inviteCookie(r, "", -1))
		if v, err := s.visitor(r); err == nil && v.operator() {
			a.operator = true // who tries an invite out stays signed in as before
		} else if done.AthleteID != 0 {
			session, err := s.athleteSession(ctx, done.AthleteID)
			if err != nil {
				s.config.Log.Warn("an athlete could not be signed in after connecting", "error", err, "request", requestID(r))
				return unavailable("You are connected, but could not be signed in here: the database can't be reached. Ask for another invite later; no data is lost.")
			}
			http.SetCookie(w, s.cookie(r, session, sessionDays*24*60*60))
		}
	}
	s.sayConnect(w, http.StatusOK, "connecting", s.welcome(a, done))
	return nil
}

// athleteSession makes a session of somebody who may see and do everything about themselves, and nothing about others.
func (s *Server) athleteSession(ctx context.Context, athleteID int64) (text string, err error) {
	now := s.config.Now()
	text = secret(32)
	row := store.AccessKey{
		ID: newID(), Kind: store.SessionKind, Name: "connected", Hash: HashKey(text), Scopes: []string{ScopeAdmin}, AthleteID: athleteID,
		CreatedAt: now, ExpiresAt: now.AddDate(0, 0, sessionDays),
	}
	err = s.config.Store.Update(ctx, nil, func(tx *store.Tx) error { return tx.PutKey(ctx, row) })
	return text, err
}

// notConnected says why nothing came of an answer.
func (s *Server) notConnected(w http.ResponseWriter, r *http.Request, a asker, err error) {
	no, told := errors.AsType[*NotConnected](err)
	if !told {
		s.config.Log.Error("a connection was allowed but can't be kept", "error", err, "request", requestID(r))
		s.sayConnect(w, http.StatusServiceUnavailable, "connecting", ending{
			Heading: "You are not connected yet", Tone: "stop", Again: true, Force: true,
			Text: []string{"You said yes at Strava, but it could not be kept here: the database or the disk is in trouble. Try again in a few minutes."},
		})
		return
	}
	if no.Err != nil {
		s.config.Log.Warn("an athlete could not be connected", "why", string(no.Why), "error", no.Err, "request", requestID(r))
	}
	status := http.StatusConflict
	if no.Why == WhyAway {
		status = http.StatusBadGateway
	}
	s.sayConnect(w, status, "connecting", no.ending(a))
}

// write is an update of the store for a person who waits, who is told if it can't be.
func (s *Server) write(r *http.Request, fn func(*store.Tx) error) error {
	err := s.config.Store.Update(r.Context(), nil, fn)
	if _, trouble := errors.AsType[*store.Error](err); trouble {
		s.config.Log.Warn("a change could not be kept", "error", err, "path", r.URL.Path, "request", requestID(r))
		return unavailable("The database can't be written to, so nothing was changed. Try again in a minute.")
	}
	return err
}

// form reads a form that a person sent, which has no other fields than these.
func (s *Server) form(w http.ResponseWriter, r *http.Request, fields ...string) (url.Values, error) {
	if _, err := params(r); err != nil {
		return nil, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return nil, &problem{Status: http.StatusBadRequest, Detail: "The form could not be read."}
	}
	if err := feed.CheckParams(r.PostForm, fields...); err != nil {
		return nil, err
	}
	for name, values := range r.PostForm {
		r.PostForm.Set(name, strings.TrimSpace(values[0]))
	}
	return r.PostForm, nil
}
