package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"musette/feed"
	"musette/store"
)

// getLogin shows the form for a key; with a one-time code, the button that uses it. A code is never used by a GET: a
// preview of the link, in a chat say, would burn it.
func (s *Server) getLogin(w http.ResponseWriter, r *http.Request) error {
	values, err := params(r, "code")
	if err != nil {
		return err
	}
	if s.config.Open {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	s.loginPage(w, r, http.StatusOK, values.Get("code"), "")
	return nil
}

// postLogin makes a session of a key or a one-time code.
func (s *Server) postLogin(w http.ResponseWriter, r *http.Request) error {
	if _, err := params(r); err != nil {
		return err
	}
	if s.config.Open {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	from, _ := clientAddress(r)
	if wait := s.throttle.wait(from); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		return s.refuse(w, r, http.StatusTooManyRequests, "Too many tries failed. Wait a minute, then try again.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return &problem{Status: http.StatusBadRequest, Detail: "The form could not be read: it has one field, key or code."}
	}
	key, code := strings.TrimSpace(r.PostForm.Get("key")), strings.TrimSpace(r.PostForm.Get("code"))
	if (key == "") == (code == "") {
		return badParam(&feed.ParamError{Param: "key", Problem: "the form has one field, key or code"})
	}
	session, err := s.openSession(r.Context(), key, code)
	switch {
	case errors.Is(err, errNoKey) && code != "":
		s.throttle.add(from)
		return s.refuse(w, r, http.StatusUnauthorized, "This link has been used, or is too old. `musette login` prints a new one.")
	case errors.Is(err, errNoKey):
		s.throttle.add(from)
		return s.refuse(w, r, http.StatusUnauthorized, "This key is unknown, expired or revoked.")
	case err != nil:
		s.config.Log.Warn("signing in failed", "error", err, "request", requestID(r))
		return s.refuse(w, r, http.StatusServiceUnavailable, "The database can't be reached. No data is lost. Try again in a minute.")
	}
	http.SetCookie(w, s.cookie(r, session, sessionDays*24*60*60))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// refuse answers a try to sign in that failed, to a person or a program.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, status int, detail string) error {
	if wantsPage(r) {
		s.loginPage(w, r, status, "", detail)
		return nil
	}
	return &problem{Status: status, Detail: detail}
}

// openSession uses up a code, or checks a key, and returns the text of a new session's cookie.
func (s *Server) openSession(ctx context.Context, key, code string) (string, error) {
	now := s.config.Now()
	session := store.AccessKey{
		ID: newID(), Kind: store.SessionKind, Name: "one-time link",
		CreatedAt: now, ExpiresAt: now.AddDate(0, 0, sessionDays),
	}
	if key != "" {
		good, err := s.keys.lookup(ctx, HashKey(key), false)
		if err == nil && good.Kind != store.KeyKind {
			err = errNoKey
		}
		if err != nil {
			return "", err
		}
		session.Name, session.Parent, session.Scopes, session.AthleteID = good.Name, good.Hash, good.Scopes, good.AthleteID
	}
	text := secret(32)
	session.Hash = HashKey(text)
	err := s.config.Store.Update(ctx, nil, func(tx *store.Tx) error {
		if code != "" {
			taken, err := tx.Take(ctx, store.CodeKind, HashKey(code), now)
			if err != nil {
				return err
			}
			session.Scopes, session.AthleteID = taken.Scopes, taken.AthleteID
		}
		if err := tx.PutKey(ctx, session); err != nil {
			return err
		}
		return sweep(ctx, tx, now)
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", errNoKey
	case err != nil:
		return "", fmt.Errorf("keeping a session: %w", err)
	}
	return text, nil
}

// sweep removes sessions and codes that have ended.
func sweep(ctx context.Context, tx *store.Tx, now time.Time) error {
	keys, err := tx.Keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Kind != store.KeyKind && k.Expired(now) {
			if err := tx.DeleteKey(ctx, k.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// postLogout ends the session, here and in the browser.
func (s *Server) postLogout(w http.ResponseWriter, r *http.Request) error {
	if _, err := params(r); err != nil {
		return err
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		if err := s.endSession(r.Context(), HashKey(cookie.Value)); err != nil {
			s.config.Log.Warn("signing out failed", "error", err, "request", requestID(r))
			return unavailable("The database can't be reached, so this browser is still signed in. Try again in a minute.")
		}
	}
	http.SetCookie(w, s.cookie(r, "", -1))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Server) endSession(ctx context.Context, hash [32]byte) error {
	err := s.config.Store.Update(ctx, nil, func(tx *store.Tx) error {
		k, err := tx.KeyByHash(ctx, hash)
		if err != nil || k.Kind != store.SessionKind {
			return err
		}
		return tx.DeleteKey(ctx, k.ID)
	})
	if err == nil || errors.Is(err, store.ErrNotFound) {
		s.keys.forget(hash)
		return nil
	}
	return err
}

func (s *Server) cookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r),
	}
}
