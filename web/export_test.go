package web

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// SetHeartbeat lets a test beat a stream's heart.
func (s *Server) SetHeartbeat(tick <-chan time.Time) {
	s.heartbeat = func() (<-chan time.Time, func()) { return tick, func() {} }
}

// Routes are the methods and paths that are answered by more than "there is nothing here", such as "GET /v1/feed".
func (s *Server) Routes() []string {
	var list []string
	for pattern, m := range s.table() {
		if pattern == stravaRoot+"/" || strings.HasPrefix(pattern, profilePath) {
			continue // what Strava has, and we haven't; and Go's own
		}
		for method := range m {
			list = append(list, method+" "+strings.TrimSuffix(pattern, "{$}"))
		}
	}
	for ending := range activityForms {
		list = append(list, "GET /v1/activities/{id}"+ending)
	}
	for ending := range embedForms {
		list = append(list, "GET /embed/activity/{id}"+ending)
	}
	slices.Sort(list)
	return list
}

// Callers are how many callers are remembered.
func (s *Server) Callers() int { return len(maps.Clone(s.callers.known)) }
