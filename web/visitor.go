package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"musette"
	"musette/feed"
	"musette/store"
)

// A visitor is who a request comes from. The zero value is nobody in particular.
type visitor struct {
	Known   bool // by a key or a session, or because the server is open to all
	Session bool // by a session
	Athlete int64
	scopes  []string
	key     [32]byte // hash of the key or session; zero if there is none
}

func (v visitor) may(scope string) bool {
	return slices.Contains(v.scopes, scope) || slices.Contains(v.scopes, ScopeAdmin)
}

// operator reports whether it is whoever runs the server: all athletes' and everything.
func (v visitor) operator() bool { return v.Known && v.Athlete == 0 && v.may(ScopeAdmin) }

// reader is the visitor as the feed sees them.
func (v visitor) reader() feed.Reader {
	if !v.Known {
		return feed.Reader{}
	}
	return feed.Reader{Owner: true, AthleteID: v.Athlete}
}

const sessionCookie = "musette_session"

// visitor says who asks. A key that isn't good is a problem; a session that has ended is nobody. Each request is looked
// up once.
func (s *Server) visitor(r *http.Request) (visitor, error) {
	a, ok := r.Context().Value(requestKey{}).(*asked)
	if !ok {
		return s.identify(r)
	}
	if !a.looked {
		a.visitor, a.err = s.identify(r)
		a.looked = true
	}
	return a.visitor, a.err
}

// identify is visitor, by a look of its own.
func (s *Server) identify(r *http.Request) (visitor, error) {
	if s.config.Open {
		return visitor{Known: true, scopes: []string{ScopeAdmin}}, nil
	}
	away := s.config.Feed.View().Status.State == musette.StateStoreDown
	if text, ok := presentedKey(r); ok {
		key, err := s.keys.lookup(r.Context(), HashKey(text), away)
		if err == nil && key.Kind != store.KeyKind {
			err = errNoKey
		}
		switch {
		case errors.Is(err, errNoKey):
			return visitor{}, unauthorized("This key is unknown, expired or revoked.")
		case err != nil:
			return visitor{}, cannotCheck
		}
		return visitor{Known: true, Athlete: key.AthleteID, scopes: key.Scopes, key: key.Hash}, nil
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || s.fromElsewhere(r) { // another origin's page must bring a key
		return visitor{}, nil
	}
	key, err := s.session(r, HashKey(cookie.Value), away)
	switch {
	case errors.Is(err, errNoKey):
		return visitor{}, nil
	case err != nil:
		return visitor{}, cannotCheck
	}
	return visitor{Known: true, Session: true, Athlete: key.AthleteID, scopes: key.Scopes, key: key.Hash}, nil
}

var cannotCheck = unavailable("Who you are can't be checked: the database can't be reached. No data is lost. Try again in a minute.")

// presentedKey is the key in a request's headers. Other kinds of Authorization are for proxies, not for us.
func presentedKey(r *http.Request) (string, bool) {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(key), true
	}
	key = strings.TrimSpace(r.Header.Get("X-Api-Key"))
	return key, key != ""
}

// session finds a session; it ends with the key that it was opened with.
func (s *Server) session(r *http.Request, hash [32]byte, away bool) (store.AccessKey, error) {
	session, err := s.keys.lookup(r.Context(), hash, away)
	if err != nil {
		return session, err
	}
	if session.Kind != store.SessionKind {
		return session, errNoKey
	}
	if session.Parent != [32]byte{} { // a one-time code leaves none
		if _, err := s.keys.lookup(r.Context(), session.Parent, away); err != nil {
			return session, err
		}
	}
	return session, nil
}

// read returns whose view a request gets: the public's without a key, where something is published.
func (s *Server) read(r *http.Request) (feed.Reader, error) {
	return s.admit(s.visitor(r))
}

// admit is read, for a visitor who has been looked up.
func (s *Server) admit(v visitor, err error) (feed.Reader, error) {
	switch {
	case err != nil:
		return feed.Reader{}, err
	case !v.Known && !s.config.Feed.View().Publish.On():
		return feed.Reader{}, unauthorized("Nothing is public here.")
	case !v.Known && s.config.Feed.View().Closed() != nil:
		return feed.Reader{}, closed
	case v.Known && !v.may(ScopeRead):
		return feed.Reader{}, forbidden(ScopeRead)
	}
	return v.reader(), nil
}

// closed is the answer to strangers where what must be hidden from them can't be read.
var closed = unavailable("What must stay hidden can't be read, so nothing is shown without a key. No data is lost. The operator finds the reason in the log.")

func forbidden(scope string) *problem {
	return &problem{
		Status: http.StatusForbidden,
		Detail: "This key lacks the scope " + scope + ". Make one with `musette key create --scope " + scope + "`.",
		More:   map[string]any{"scope": scope},
	}
}
