package web

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
	"musette/feed"
	"musette/store"
)

// streamsPatience is how long an answer waits for the store, which alone has streams. Without them it is still an
// answer.
const streamsPatience = 2 * time.Second

// withStreams adds the activity's streams to its answer, as arrays under Strava's names, where they are here and the
// store can be read. While it can't be, nobody waits for it: Cache-Status says that it is away. Strangers get none:
// they carry positions.
func (s *Server) withStreams(ctx context.Context, response *feed.Response, a *musette.Activity) *feed.Response {
	if streams, ok := streamArrays(s.streamsBody(ctx, a)); ok {
		body := append([]byte(nil), response.Body[:len(response.Body)-1]...)
		body = append(append(body, `,"streams":`...), streams...)
		return feed.NewResponse(append(body, '}'), "owner")
	}
	return response
}

// streamsBody is the activity's streams as Strava gave them; nil if they aren't here, or the store can't be read.
func (s *Server) streamsBody(ctx context.Context, a *musette.Activity) []byte {
	if !s.config.Streams {
		return nil
	}
	if d := part(s.documentsOf(ctx, a), musette.PartStreams); d != nil {
		return d.Body
	}
	return nil
}

// documentsOf are the activity's documents; none if the store can't be read, or not soon enough.
func (s *Server) documentsOf(ctx context.Context, a *musette.Activity) (docs []musette.Document) {
	if s.config.Feed.View().Status.State == musette.StateStoreDown {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, streamsPatience)
	defer cancel()
	_ = s.config.Store.View(ctx, func(tx *store.Tx) (err error) {
		docs, err = tx.Documents(ctx, a.AthleteID, a.ID) // damaged ones are left out; what is here is good
		return err
	})
	return docs
}

// streamArrays takes the arrays out of Strava's streams, which wrap each in an object.
func streamArrays(body []byte) ([]byte, bool) {
	var streams map[string]struct {
		Data jsontext.Value `json:"data"`
	}
	if err := json.Unmarshal(body, &streams, anyJSON); err != nil {
		return nil, false
	}
	arrays := make(map[string]jsontext.Value, len(streams))
	for name, s := range streams {
		if s.Data.Kind() == '[' {
			arrays[name] = s.Data
		}
	}
	out, err := json.Marshal(arrays, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	return out, err == nil && len(arrays) > 0
}
