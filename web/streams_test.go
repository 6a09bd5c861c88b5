package web_test

import (
	"bytes"
	"context"
	"testing"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/web"
)

// One activity comes with its streams for the owner; strangers get none, and an owner whose store is away still gets
// the activity.
func TestStreamsOfOneActivity(t *testing.T) {
	body := []byte(`{"time":{"data":[0, 1,2],"series_type":"distance"},"latlng":{"data":[[51.5,-0.1],[51.5,-0.11],[51.5,-0.12]]},"odd":{}}`)
	want := []byte(`"streams":{"latlng":[[51.5,-0.1],[51.5,-0.11],[51.5,-0.12]],"time":[0,1,2]}}`)

	a := newAPI(t, web.Config{Open: true, Streams: true}, feed.Publish{})
	a.put("", activity(1), activity(2))
	a.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDocument(ctx, musette.NewDocument(athlete, 1, musette.PartStreams, musette.SourceAPI, body, noon), false)
	})
	if got := a.get("/v1/activities/1"); got.StatusCode != 200 || !bytes.HasSuffix(got.body, want) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if got := a.get("/v1/activities/2"); got.StatusCode != 200 || bytes.Contains(got.body, []byte("streams")) {
		t.Errorf("without streams: %d %s", got.StatusCode, got.body)
	}
	if got := a.get("/v1/feed"); bytes.Contains(got.body, []byte(`"time":[`)) {
		t.Errorf("a list has streams: %s", got.body)
	}

	public := newAPI(t, web.Config{Streams: true}, feed.Publish{Mode: feed.PublishFull, API: true})
	public.put("", activity(1))
	public.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.PutDocument(ctx, musette.NewDocument(athlete, 1, musette.PartStreams, musette.SourceAPI, body, noon), false)
	})
	if got := public.get("/v1/activities/1"); got.StatusCode != 200 || bytes.Contains(got.body, []byte("latlng")) {
		t.Errorf("a stranger got %d %s", got.StatusCode, got.body)
	}

	a.store.Close()
	if got := a.get("/v1/activities/1"); got.StatusCode != 200 || bytes.Contains(got.body, []byte("streams")) {
		t.Errorf("with the store away: %d %s", got.StatusCode, got.body)
	}
}
