package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"musette/feed"
	"musette/store"
)

// hideWhats are what can be hidden of one activity.
var hideWhats = []string{store.HideAll, store.HideMap, store.HidePhotos, store.HideDescription}

// putHide answers PUT /v1/activities/{id}/hide: strangers don't see the activity any more, or what of it is named.
func (s *Server) putHide(w http.ResponseWriter, r *http.Request) error {
	return s.changeHide(w, r, func(ctx context.Context, tx *store.Tx, h store.Hide) error { return tx.PutHide(ctx, h) })
}

// deleteHide answers DELETE /v1/activities/{id}/hide: strangers may see it again, as far as it is published.
func (s *Server) deleteHide(w http.ResponseWriter, r *http.Request) error {
	return s.changeHide(w, r, func(ctx context.Context, tx *store.Tx, h store.Hide) error {
		_, err := tx.DropHide(ctx, h)
		return err
	})
}

func (s *Server) changeHide(w http.ResponseWriter, r *http.Request, change func(context.Context, *store.Tx, store.Hide) error) error {
	v, err := s.visitor(r)
	switch {
	case err != nil:
		return err
	case !v.Known:
		return unauthorized("Only its owner can say what is hidden.")
	case !v.may(ScopeAdmin):
		return forbidden(ScopeAdmin)
	}
	values, err := query(r)
	if err != nil {
		return err
	}
	if err := feed.CheckParams(values, "what"); err != nil {
		return err
	}
	h := store.Hide{What: store.HideAll, CreatedAt: s.config.Now()}
	if values.Has("what") {
		h.What = values.Get("what")
	}
	if !slices.Contains(hideWhats, h.What) {
		return &feed.ParamError{Param: "what", Problem: "it is one of " + strings.Join(hideWhats, ", ")}
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	id, _ := feed.ParseID(r.PathValue("id"))
	entry, ok := view.Activity(id, v.reader())
	if !ok {
		return notFound("There is no such activity here, or it isn't yours to hide.")
	}
	h.AthleteID, h.ActivityID = entry.For(v.reader()).AthleteID, id
	err = s.config.Store.Update(r.Context(), nil, func(tx *store.Tx) error { return change(r.Context(), tx, h) })
	var trouble *store.Error
	switch {
	case errors.Is(err, store.ErrNotFound):
		return notFound("There is no such activity here, or it isn't yours to hide.")
	case errors.As(err, &trouble):
		return unavailable("The database can't be written to, so nothing was changed. Try again in a minute.")
	case err != nil:
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
