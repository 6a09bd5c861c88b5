package stravatest

import (
	"maps"
	"slices"
	"time"
)

// Event is what Strava posts to a webhook's callback.
type Event struct {
	ObjectType     string            `json:"object_type"` // activity, athlete
	ObjectID       int64             `json:"object_id"`
	AspectType     string            `json:"aspect_type"` // create, update, delete
	Updates        map[string]string `json:"updates"`     // title, type, private, authorized; booleans as text
	OwnerID        int64             `json:"owner_id"`
	SubscriptionID int64             `json:"subscription_id"`
	EventTime      int64             `json:"event_time"` // epoch seconds
}

func activityEvent(a *activity, aspect string, updates map[string]string) Event {
	return Event{ObjectType: "activity", ObjectID: a.ID, AspectType: aspect, Updates: updates, OwnerID: a.athleteID}
}

// emitVisible sends an event on an activity if the application may see the
// activity: activity:read_all for those that are OnlyMe, else activity:read.
// s.mu is held.
func (s *Server) emitVisible(a *activity, aspect string, updates map[string]string) {
	all := s.appHas(a.athleteID, "activity:read_all")
	if all || a.Visibility != OnlyMe && s.appHas(a.athleteID, "activity:read") {
		s.emit(activityEvent(a, aspect, updates))
	}
}

// emit queues an event for delivery, if anyone has subscribed. s.mu is held.
func (s *Server) emit(e Event) {
	sub := s.push.sub
	if sub == nil {
		return
	}
	now := s.now()
	e.SubscriptionID, e.EventTime = sub.id, now.Unix()
	if e.Updates == nil {
		e.Updates = map[string]string{}
	}
	m := s.push.manner
	if m.Loss > 0 && s.rng.Float64() < m.Loss {
		return
	}
	s.push.queue = append(s.push.queue, &parcel{Event: e, due: now.Add(m.Delay), copies: 1 + m.Duplicates})
	select {
	case s.push.news <- struct{}{}:
	default: // the courier has been told already
	}
}

// Manner is how events travel. The zero value delivers each once, in order,
// when Deliver is called.
type Manner struct {
	// Duplicates is how many more times each event is delivered.
	Duplicates int
	// Reverse delivers what is due together newest first.
	Reverse bool
	// Delay keeps an event back that long, by the server's clock.
	Delay time.Duration
	// Loss is the probability, 0 to 1, that an event is never sent.
	Loss float64
}

// SetManner changes how the events that happen from now on travel.
func (s *Server) SetManner(m Manner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push.manner = m
}

// Manner returns how events travel.
func (s *Server) Manner() Manner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.push.manner
}

// Attempt is one try to deliver an event.
type Attempt struct {
	Event  Event
	Number int // from 1; a duplicate counts from 1 again
	Time   time.Time
	Status int    // of the callback's answer; 0 where there was none
	Err    string // why there was none in time
}

// Pending returns the events that wait for delivery, due or not, in order.
func (s *Server) Pending() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Event
	for _, p := range s.push.queue {
		e := p.Event
		e.Updates = maps.Clone(e.Updates)
		list = append(list, e)
	}
	return list
}

// Attempts returns the last 1,000 tries to deliver, oldest first.
func (s *Server) Attempts() []Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.push.attempts)
}
