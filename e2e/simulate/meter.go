package simulate

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"musette"
	"musette/strava/stravatest"
)

// The kinds of call that the report tells apart, besides the names of parts and listings.
const (
	kindEvent   = "event"   // a detail that a webhook's event asked for
	kindRecheck = "recheck" // a detail fetched again in case there is a description by now
)

// kinds in the order of the report.
var kinds = []string{"athlete", "walk", "poll", "sweep", "detail", kindEvent, "photos", "comments", "streams", kindRecheck}

// meter counts the keeper's calls by kind. It listens to the keeper's log, the only place where a call says which
// class it had; that nothing escapes it is checked against what the simulated Strava has counted.
type meter struct {
	server *stravatest.Server
	also   slog.Handler // nil: nobody else listens

	mu     sync.Mutex
	counts map[string]int
	total  int
	byDay  map[string]map[string]int
	// spared is the least share of a day's read limit that was left right after a recheck or sweep.
	spared float64
}

func newMeter(server *stravatest.Server, also slog.Handler) *meter {
	m := &meter{server: server, also: also}
	m.reset()
	return m
}

func (m *meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts, m.byDay, m.total, m.spared = map[string]int{}, map[string]map[string]int{}, 0, 1
}

// made is how many calls there were.
func (m *meter) made() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total
}

func (m *meter) byKind() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.counts)
}

// Enabled implements slog.Handler.
func (m *meter) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (m *meter) WithAttrs([]slog.Attr) slog.Handler { return m }

// WithGroup implements slog.Handler.
func (m *meter) WithGroup(string) slog.Handler { return m }

// Handle implements slog.Handler.
func (m *meter) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "call" && r.Level == slog.LevelDebug {
		m.count(r)
	}
	if m.also == nil || !m.also.Enabled(ctx, r.Level) {
		return nil
	}
	out := slog.NewRecord(m.server.Now(), r.Level, r.Message, 0) // virtual time
	r.Attrs(func(a slog.Attr) bool { out.AddAttrs(a); return true })
	return m.also.Handle(ctx, out)
}

func (m *meter) count(r slog.Record) {
	var kind, class string
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "part":
			kind = a.Value.String()
		case "class":
			class = a.Value.String()
		}
		return true
	})
	low := class == musette.ClassRecheck.String()
	switch {
	case low && kind == string(musette.PartDetail):
		kind = kindRecheck
	case class == musette.ClassEvent.String():
		kind = kindEvent
	}
	used, limit := m.server.Usage().ReadDay, m.server.Limits().ReadDay
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[kind]++
	m.total++
	date := m.server.Now().Format(time.DateOnly)
	if m.byDay[date] == nil {
		m.byDay[date] = map[string]int{}
	}
	m.byDay[date][kind]++
	if low {
		m.spared = min(m.spared, 1-float64(used)/float64(limit))
	}
}
