package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"musette/strava/stravatest"
)

// BenchmarkTable measures the whole program and prints the table of docs/benchmarks.md. It is meant to be run once,
// with -benchtime 1x, as `make bench` does.
func BenchmarkTable(b *testing.B) {
	for range b.N {
		var t table
		t.add("", "machine", machine())
		benchSync(b, &t)
		benchFeed(b, &t)
		benchNginx(b, &t)
		benchStart(b, &t)
		benchBackup(b, &t, 10_000)
		fmt.Printf("\n%s\n", &t)
	}
}

// benchSync is a first sync, as fast as it goes: the simulated Strava answers at once.
func benchSync(b *testing.B, t *table) {
	const activities = 1000
	w := newWorld(b, stravatest.Config{Seed: 1, Activities: activities, Limits: plenty})
	p := w.program()
	o := p.run("sync", "--json")
	o.wantCode(b, 0)
	w.complete(p)

	var first, listed, last time.Time
	details, others := 0, 0
	for _, c := range w.Calls() {
		if first.IsZero() {
			first = c.Time
		}
		switch c.Endpoint {
		case "GET /athlete/activities":
			listed = c.Time
		case "GET /activities/{id}":
			details++
		default:
			others++
		}
		last = c.Time
	}
	perSecond := func(n int, d time.Duration) string { return fmt.Sprintf("%.0f", float64(n)/d.Seconds()) }
	t.add("first sync", fmt.Sprintf("%d activities, %d calls", activities, len(w.Calls())), seconds(o.took))
	t.add("", "activities listed per second", perSecond(activities, listed.Sub(first)))
	t.add("", "details stored per second, with their photos and comments", perSecond(details, last.Sub(listed)))
	t.add("", "calls per second, all kinds", perSecond(len(w.Calls()), last.Sub(first)))
	t.add("", "calls more than the least possible", fmt.Sprintf("%d of %d", len(w.Calls())-w.least(), w.least()))
	t.add("on disk", "bytes per activity, complete, in the database", fmt.Sprint(size(b, p.database())/activities))
	newest := strings.TrimSpace(p.must("backup", "create"))
	t.add("", "bytes per activity, complete, in a snapshot", fmt.Sprint(size(b, newest)/activities))
	b.ReportMetric(float64(len(w.Calls()))/last.Sub(first).Seconds(), "calls/s")
}

// benchFeed asks for the feed as often as it goes, and a bare server for the same bytes.
func benchFeed(b *testing.B, t *table) {
	w := newWorld(b, stravatest.Config{Seed: 1, Activities: 200, Limits: plenty})
	p := w.program()
	p.must("sync")
	s := p.serve()
	s.until("everything here", s.settled)
	for _, path := range []string{"/v1/feed", "/v1/feed?limit=200"} {
		mine := target{address: s.url + path, headers: []string{"Authorization: Bearer " + s.key}}
		first := load(b, mine)
		bare := startPeer(b, first.header, first.body)
		done := loadInTurn(b, mine, target{address: bare.url + path})
		ours, theirs := done[0], done[1]
		ratio := share(rates(ours), rates(theirs))
		what := fmt.Sprintf("GET %s, %d kB gzipped", path, len(first.body)/1000)
		t.add("feed", what+": requests per second", fmt.Sprintf("%.0f", median(rates(ours))))
		t.add("", "as a share of a bare server's", fmt.Sprintf("%.2f of %.0f", ratio, median(rates(theirs))))
		t.add("", "99 of 100 answered within", milliseconds(median(waits(ours))))
		t.add("", "by a bare server within", milliseconds(median(waits(theirs))))
		b.ReportMetric(ratio, "of-bare"+strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(path))
		bare.stop(os.Kill)
	}
	s.stop(interrupt)
}

// benchStart is how long a restart takes until the feed answers, with many activities.
func benchStart(b *testing.B, t *table) {
	const activities, runs = 10_000, 3
	w := newWorld(b, stravatest.Config{Seed: 1, Activities: 200, Limits: plenty})
	p := w.program()
	p.must("sync")
	p.multiply(activities)
	must(b, w.at.Close()) // which knows nothing of them
	var times []time.Duration
	for range runs {
		s := p.serve()
		if len(decode[feedPage](b, s.get("/v1/feed").want(200).body).Activities) != 50 {
			b.Fatal("the first page isn't full")
		}
		times = append(times, time.Since(s.began))
		if n := len(s.feed()); n != activities {
			b.Fatalf("%d activities are served, want %d", n, activities)
		}
		s.stop(interrupt)
	}
	slices.Sort(times)
	t.add("restart", fmt.Sprintf("from start to first feed, %d activities, all complete", activities), seconds(times[runs/2]))
	b.ReportMetric(times[runs/2].Seconds(), "s-to-first-feed")
}

// table is what is printed.
type table struct{ rows [][3]string }

func (t *table) add(topic, what, figure string) {
	t.rows = append(t.rows, [3]string{topic, what, figure})
}

// String is the table in Markdown, aligned for a terminal too.
func (t *table) String() string {
	rows := append([][3]string{{"", "measured", "figure"}, {"---", "---", "---:"}}, t.rows...)
	var width [3]int
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], len(cell))
		}
	}
	var s strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&s, "| %-*s | %-*s | %*s |\n", width[0], r[0], width[1], r[1], width[2], r[2])
	}
	return s.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
func milliseconds(s float64) string  { return fmt.Sprintf("%.2f ms", s*1000) }

// machine is on what was measured.
func machine() string {
	model := runtime.GOARCH
	if body, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(body)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d × %s, %s, %s", runtime.NumCPU(), model, runtime.GOOS, runtime.Version())
}

// size is how many bytes a file or directory has.
func size(b *testing.B, path string) (n int64) {
	must(b, filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().IsRegular() {
			n += info.Size()
		}
		return err
	}))
	return n
}
