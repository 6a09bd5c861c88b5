package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/web"
)

// discard is a client that reads nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkFeed asks for the feed of 200 activities: as the owner by key, which is looked up each time, and as a
// stranger.
func BenchmarkFeed(b *testing.B) {
	ctx := b.Context()
	st, err := store.OpenMemory(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		for id := int64(1); id <= 200; id++ {
			a := activity(id)
			view, err := json.Marshal(a)
			if err != nil {
				return err
			}
			if _, err := tx.PutActivity(ctx, store.Activity{
				AthleteID: athlete, ID: id, Status: store.StatusLive, Start: a.Start.Time, View: view, ViewVersion: musette.ViewVersion,
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	f := feed.New(feed.Config{Store: st, Publish: full})
	if err := f.Load(context.Background()); err != nil {
		b.Fatal(err)
	}
	s, err := web.New(web.Config{Feed: f, Store: st})
	if err != nil {
		b.Fatal(err)
	}
	key, err := web.NewKey(ctx, st, "bench", []string{web.ScopeRead}, 0, noon, noon.AddDate(100, 0, 0))
	if err != nil {
		b.Fatal(err)
	}
	for name, headers := range map[string]http.Header{
		"owner":        {"X-Api-Key": {key}, "Accept-Encoding": {"gzip, zstd"}},
		"stranger":     {"Accept-Encoding": {"gzip, zstd"}},
		"not-modified": {"Accept-Encoding": {"gzip, zstd"}, "If-None-Match": {"*"}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest("GET", "/v1/feed?limit=50", nil)
			r.Header, r.RemoteAddr = headers, "127.0.0.1:50000"
			for b.Loop() {
				s.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}
