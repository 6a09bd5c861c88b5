package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"musette"
	"musette/feed"
	"musette/metrics"
	"musette/snapshot"
	"musette/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

// scrape reads the metrics as Prometheus does.
func scrape(t *testing.T, m *metrics.Metrics, accept string) string {
	t.Helper()
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d, %v: %s", w.Code, err, body)
	}
	return string(body)
}

// wantLine fails unless a metric stands there with a value.
func wantLine(t *testing.T, text, line string) {
	t.Helper()
	if !strings.Contains("\n"+text, "\n"+line+"\n") {
		name, _, _ := strings.Cut(line, "{")
		name, _, _ = strings.Cut(name, " ")
		t.Errorf("there is no %s, but\n%s", line, strings.Join(regexp.MustCompile(`(?m)^`+name+`\b.*$`).FindAllString(text, -1), "\n"))
	}
}

// house is what a server shows, with a status that a test sets.
type house struct {
	feed   *feed.Feed
	store  *store.Store
	status musette.Status
	site   metrics.Site
}

func newHouse(t *testing.T) *house {
	t.Helper()
	st, err := store.OpenMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	h := &house{store: st, status: musette.Status{State: musette.StateOK}}
	h.feed = feed.New(feed.Config{Store: st, Status: func(context.Context) (musette.Status, error) { return h.status, nil }})
	h.site = metrics.Site{
		View: h.feed.View, Followers: func() int { return 3 }, Leads: func() bool { return true }, Store: st,
		Disk: func(string) (uint64, uint64, error) { return 0, 0, errors.ErrUnsupported },
	}
	h.look(t)
	return h
}

func (h *house) look(t *testing.T) {
	t.Helper()
	if err := h.feed.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func at(d time.Duration) *time.Time {
	t := noon.Add(d)
	return &t
}

func TestWhatIsShown(t *testing.T) {
	h := newHouse(t)
	dir := t.TempDir()
	info, err := snapshot.Write(t.Context(), h.store, snapshot.Config{Dir: dir, Now: func() time.Time { return noon.Add(-time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	err = h.store.Update(t.Context(), nil, func(tx *store.Tx) error {
		_, err := tx.PutInbox(t.Context(), store.InboxItem{Kind: "event", AthleteID: 7, ReceivedAt: noon.Add(-90 * time.Second)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		h.site.Shelves = []metrics.Shelf{{Name: "data", Snapshots: dir, Disk: dir}, {Name: "copy", Snapshots: dir + "/gone", Disk: dir}}
		h.site.Disk = func(string) (uint64, uint64, error) { return 5, 10, nil }
		h.status = musette.Status{
			State: musette.StateLimited, AsOf: at(-time.Minute), ETA: at(time.Hour),
			Quota:      musette.Quota{Read: musette.Windows{Quarter: musette.Window{Used: 99, Limit: 100}}},
			LastErrors: []musette.LastError{{Kind: "copy"}, {Kind: "timeout"}},
			Warnings:   []musette.Warning{{Name: musette.WarningClock, OffS: -7200}},
			Athletes: []musette.Athlete{
				{ID: 7, Name: "Ada Secret", State: musette.StateOK, Activities: 5, Parts: map[musette.Part]musette.PartCount{musette.PartDetail: {Have: 3, Due: 2}}},
				{ID: 8, State: musette.StateReconnect, Activities: 4, Parts: map[musette.Part]musette.PartCount{musette.PartDetail: {Have: 1, Failed: 1, Quarantined: 2}}},
			},
		}
		h.look(t)
		m := metrics.New(metrics.Build{Version: "v1", Revision: "abc", GoVersion: "go1"}, func() time.Time { return noon })
		m.Request("/v1/feed", "GET", 200, 700*time.Microsecond)
		m.Request("/v1/events", "GET", 200, -1)
		m.Request("", "other", 404, time.Millisecond)
		m.Limited(true)
		m.Event("activity", "create", "kept")
		m.Call(musette.ClassRecent, "", 90*time.Millisecond)
		m.Call(musette.ClassRecent, "rate_limit", time.Second)
		if before := scrape(t, m, ""); strings.Contains(before, "musette_state{") || !strings.Contains(before, "musette_calls_total{") {
			t.Errorf("before anything is served it shows\n%s", before)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx, h.site) }()
		synctest.Wait()
		text := scrape(t, m, "")
		for _, line := range []string{
			`musette_build_info{goversion="go1",revision="abc",version="v1"} 1`,
			`musette_state{state="limited"} 1`, `musette_state{state="ok"} 0`, `musette_staleness_seconds 60`, `musette_eta_seconds 3600`,
			`musette_worry{kind="copy"} 1`, `musette_worry{kind="damage"} 0`, `musette_clock_off_seconds -7200`, `musette_athletes{state="reconnect"} 1`, `musette_activities 9`,
			`musette_parts{part="detail",status="have"} 4`, `musette_parts{part="detail",status="quarantined"} 2`, `musette_parts{part="photos",status="due"} 0`,
			`musette_athlete_parts{athlete="7",part="detail",status="due"} 2`, `musette_athlete_parts{athlete="8",part="detail",status="failed"} 1`,
			`musette_quota_used{limit="read",window="quarter"} 99`, `musette_quota_limit{limit="read",window="quarter"} 100`,
			`musette_leader 1`, `musette_event_followers 3`, `musette_database_up 1`, `musette_inbox_items{kind="event"} 1`, `musette_inbox_items{kind="forced"} 0`,
			`musette_inbox_oldest_seconds{kind="event"} 90`, `musette_inbox_oldest_seconds{kind="forced"} 0`,
			`musette_snapshots{directory="data"} 1`, `musette_snapshots{directory="copy"} 0`, `musette_snapshot_age_seconds{directory="data"} 3600`,
			fmt.Sprintf(`musette_snapshot_bytes{directory="data"} %d`, info.Bytes), `musette_disk_free_bytes{directory="data"} 5`, `musette_disk_size_bytes{directory="data"} 10`,
			`musette_http_requests_total{code="404",method="other",route="none"} 1`, `musette_http_request_duration_seconds_bucket{route="/v1/feed",le="0.001"} 1`,
			`musette_http_rate_limited_total{caller="key"} 1`, `musette_webhook_events_total{aspect="create",fate="kept",object="activity"} 1`,
			`musette_calls_total{class="recent",result="ok"} 1`, `musette_calls_total{class="recent",result="rate_limit"} 1`, `musette_calls_total{class="event",result="ok"} 0`,
			`musette_call_duration_seconds_count 2`,
		} {
			wantLine(t, text, line)
		}
		if strings.Contains(text, "Ada") || strings.Contains(text, `duration_seconds_count{route="/v1/events"}`) {
			t.Errorf("a name is shown, or how long a stream lasted:\n%s", text)
		}
		if open := scrape(t, m, "application/openmetrics-text; version=1.0.0"); !strings.HasSuffix(open, "# EOF\n") {
			t.Error("OpenMetrics isn't to be had")
		}
		// The database goes, and memory is what there is.
		h.store.Close()
		time.Sleep(time.Minute)
		synctest.Wait()
		gone := scrape(t, m, "")
		wantLine(t, gone, "musette_database_up 0")
		wantLine(t, gone, "musette_activities 9")
		if strings.Contains(gone, "musette_inbox_items") || strings.Contains(gone, "musette_database_latency_seconds") {
			t.Error("what can't be known is shown")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// However many athletes there are, the number of lines stays the same beyond some.
func TestManyAthletes(t *testing.T) {
	h := newHouse(t)
	lines := func(athletes int) int {
		h.status.Athletes = nil
		for i := range athletes {
			h.status.Athletes = append(h.status.Athletes, musette.Athlete{ID: int64(i + 1), State: musette.StateOK, Activities: 1})
		}
		h.look(t)
		m := metrics.New(metrics.Build{}, func() time.Time { return noon })
		text := ""
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			site := h.site
			site.Store = nil
			go func() { done <- m.Run(ctx, site) }()
			synctest.Wait()
			text = scrape(t, m, "")
			cancel()
			<-done
		})
		wantLine(t, text, fmt.Sprint("musette_activities ", athletes))
		wantLine(t, text, "musette_database_up 0")
		return strings.Count(text, "\nmusette_")
	}
	few, most, many, team := lines(1), lines(metrics.MaxAthletes), lines(metrics.MaxAthletes+1), lines(1000)
	if most <= few || many >= few || team != many {
		t.Errorf("lines: %d with one athlete, %d with %d, %d with one more, %d with 1000", few, most, metrics.MaxAthletes, many, team)
	}
}
