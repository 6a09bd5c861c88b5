package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"musette"
	"musette/feed"
	"musette/store"
	"musette/web"
)

const athlete = 4242

var noon = time.Date(2026, 5, 22, 12, 0, 0, 0, time.UTC)

// api is a server over a store in memory, with a clock that a test sets.
type api struct {
	*testing.T
	store  *store.Store
	feed   *feed.Feed
	server *web.Server
	log    *bytes.Buffer

	mu     sync.Mutex
	now    time.Time
	status musette.Status
}

func newAPI(t *testing.T, c web.Config, publish feed.Publish) *api {
	t.Helper()
	asOf := noon
	a := &api{T: t, now: noon, log: &bytes.Buffer{}, status: musette.Status{State: musette.StateOK, AsOf: &asOf}}
	var err error
	if a.store, err = store.OpenMemory(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.store.Close() })
	a.feed = feed.New(feed.Config{
		Store: a.store, Publish: publish, GoalM: 1000, Now: a.clock,
		Status: func(context.Context) (musette.Status, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.status, nil
		},
	})
	c.Feed, c.Store, c.Now = a.feed, a.store, a.clock
	c.Log = slog.New(slog.NewTextHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if a.server, err = web.New(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.server.Close)
	a.look()
	return a
}

func (a *api) clock() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *api) pass(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
}

func (a *api) setStatus(edit func(*musette.Status)) {
	a.Helper()
	a.mu.Lock()
	edit(&a.status)
	a.mu.Unlock()
	a.look()
}

func (a *api) look() {
	a.Helper()
	if err := a.feed.Look(a.Context()); err != nil {
		a.Fatal(err)
	}
}

func (a *api) update(fn func(context.Context, *store.Tx) error) {
	a.Helper()
	ctx := a.Context()
	if err := a.store.Update(ctx, nil, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		a.Fatal(err)
	}
}

// activity returns a run that starts id minutes after noon.
func activity(id int64, edit ...func(*musette.Activity)) musette.Activity {
	start := noon.Add(time.Duration(id) * time.Minute)
	text := "Cold."
	a := musette.Activity{
		ID: id, AthleteID: athlete, Name: fmt.Sprint("Run ", id), SportType: "Run", Type: "Run",
		Start: musette.At(start), StartLocal: start.Format("2006-01-02T15:04:05"), Timezone: "UTC",
		DistanceM: 5218.5, MovingS: 1590, ElapsedS: 1622, ClimbM: 41, Description: &text,
		Map:      &musette.Map{Polyline: "_p~iF~ps|U"},
		Photos:   []musette.Photo{{URL: "https://pictures.example/1.jpg", Width: 1536, Height: 2048}},
		Comments: []musette.Comment{{Author: "Jo D.", Text: "Nice", At: musette.At(start)}},
		Laps:     []musette.Lap{{Name: "Lap 1", DistanceM: 1000, MovingS: 300, ElapsedS: 300, ClimbM: 1}},
		Links:    musette.Links{Strava: fmt.Sprint("https://www.strava.com/activities/", id)},
		Missing:  []musette.Part{}, Visibility: "everyone", Source: musette.SourceAPI, FetchedAt: musette.At(noon),
	}
	for _, f := range edit {
		f(&a)
	}
	return a
}

func of(athleteID int64) func(*musette.Activity) {
	return func(a *musette.Activity) { a.AthleteID = athleteID }
}

// put stores activities with a status, "" for live, and lets the feed see them.
func (a *api) put(status string, activities ...musette.Activity) {
	a.Helper()
	if status == "" {
		status = store.StatusLive
	}
	a.update(func(ctx context.Context, tx *store.Tx) error {
		for _, x := range activities {
			view, err := json.Marshal(x)
			if err != nil {
				return err
			}
			if err := tx.PutAthlete(ctx, store.Athlete{ID: x.AthleteID, Name: "Ada", FirstSeen: noon}); err != nil {
				return err
			}
			if _, err := tx.PutActivity(ctx, store.Activity{
				AthleteID: x.AthleteID, ID: x.ID, Status: status, Start: x.Start.Time, SportType: x.SportType, Type: x.Type,
				DistanceM: x.DistanceM, Visibility: x.Visibility, View: view, ViewVersion: musette.ViewVersion,
			}); err != nil {
				return err
			}
		}
		return nil
	})
	a.look()
}

// key makes a key with scopes, for one athlete or 0.
func (a *api) key(athleteID int64, scopes ...string) string {
	a.Helper()
	key, err := web.NewKey(a.Context(), a.store, "test", scopes, athleteID, a.clock(), time.Time{})
	if err != nil {
		a.Fatal(err)
	}
	return key
}

// reply is an answer, read and decoded.
type reply struct {
	*http.Response
	body []byte // without its content coding
}

func (r reply) String() string { return fmt.Sprintf("%s %v %s", r.Status, r.Header, r.body) }

// do sends a request whose headers are "Name: value" and checks the answer against openapi.yaml.
func (a *api) do(method, target, body string, headers ...string) reply {
	a.Helper()
	r, res := a.send(method, target, body, headers...)
	a.described(r, res)
	return res
}

// send is do without the check, for thousands of requests.
func (a *api) send(method, target, body string, headers ...string) (*http.Request, reply) {
	a.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "127.0.0.1:8080", "127.0.0.1:50000" // this machine itself, for which there are no limits
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.HasPrefix(body, "{") {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		switch name {
		case "Host":
			r.Host = value
		case "Remote":
			r.RemoteAddr = value
			continue
		}
		r.Header.Add(name, value)
	}
	rec := httptest.NewRecorder()
	a.server.ServeHTTP(rec, r)
	res := reply{Response: rec.Result()}
	res.body = a.plain(res.Header.Get("Content-Encoding"), rec.Body)
	return r, res
}

func (a *api) get(target string, headers ...string) reply {
	a.Helper()
	return a.do("GET", target, "", headers...)
}

func (a *api) plain(coding string, body io.Reader) []byte {
	a.Helper()
	var err error
	switch coding {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "zstd":
		var z *zstd.Decoder
		if z, err = zstd.NewReader(body); err == nil {
			defer z.Close()
			body = z
		}
	}
	if err != nil {
		a.Fatal(err)
	}
	b, err := io.ReadAll(body)
	if err != nil && err != io.EOF {
		a.Fatal(err)
	}
	return b
}

// as decodes a JSON answer.
func as[T any](t testing.TB, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	return v
}

type feedReply struct {
	Activities []struct {
		ID   string
		Name string
	}
	Next  *string
	State string
}

func (f feedReply) ids() string {
	var list []string
	for _, a := range f.Activities {
		list = append(list, a.ID)
	}
	return strings.Join(list, " ")
}

type problemReply struct {
	Type, Title, Detail, Parameter, State string
	Status                                int
	Until                                 *time.Time
}

// wantProblem checks that an answer is a problem of a status.
func (a *api) wantProblem(r reply, status int) problemReply {
	a.Helper()
	if r.StatusCode != status || r.Header.Get("Content-Type") != "application/problem+json" {
		a.Errorf("want a problem of status %d, got %s", status, r)
		return problemReply{}
	}
	p := as[problemReply](a, r)
	if p.Status != status || p.Title != http.StatusText(status) || p.Detail == "" || p.Type != "about:blank" {
		a.Errorf("the problem is %+v", p)
	}
	if r.Header.Get("Cache-Control") != "no-store" {
		a.Errorf("a problem may be kept: %s", r)
	}
	return p
}
