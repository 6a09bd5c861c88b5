package web

import "time"

// SetHeartbeat lets a test beat a stream's heart.
func (s *Server) SetHeartbeat(tick <-chan time.Time) {
	s.heartbeat = func() (<-chan time.Time, func()) { return tick, func() {} }
}
