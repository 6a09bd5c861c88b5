package stravatest

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"musette/strava/stravatest/season"
)

// made is the answer to what makes something new.
func made(id any) map[string]string { return map[string]string{"id": fmt.Sprint(id)} }

// done is the answer to what makes nothing new.
var done = map[string]bool{"done": true}

// doAdd adds an activity: athlete (default the first), start (RFC 3339), or
// ago (a time span before now) for a late upload.
func (s *Server) doAdd(f form) (any, error) {
	who, err := f.number("athlete")
	if err != nil {
		return nil, err
	}
	ago, err := f.duration("ago")
	if err != nil {
		return nil, err
	}
	var start time.Time
	switch {
	case f.Get("start") != "":
		if start, err = time.Parse(time.RFC3339, f.Get("start")); err != nil {
			return nil, fmt.Errorf("start: a time such as 2026-05-22T06:49:27Z is wanted, not %q", f.Get("start"))
		}
	case ago > 0:
		start = s.Now().Add(-ago)
	}
	id, err := s.AddActivity(cmp.Or(who, s.Athletes()[0].ID), start)
	return made(id), err
}

func (s *Server) doRename(f form) (any, error) { return done, s.Rename(f.id(), f.Get("name")) }

func (s *Server) doType(f form) (any, error) { return done, s.SetType(f.id(), f.Get("sport_type")) }

func (s *Server) doDescribe(f form) (any, error) {
	return done, s.SetDescription(f.id(), f.Get("description"))
}

func (s *Server) doVisibility(f form) (any, error) {
	return done, s.SetVisibility(f.id(), f.Get("visibility"))
}

func (s *Server) doCrop(f form) (any, error) {
	from, err := f.duration("from")
	if err != nil {
		return nil, err
	}
	to, err := f.duration("to")
	if err != nil {
		return nil, err
	}
	return done, s.Crop(f.id(), from, to)
}

func (s *Server) doAddPhoto(f form) (any, error) {
	id, err := s.AddPhoto(f.id(), f.Get("caption"))
	return made(id), err
}

func (s *Server) doRemovePhoto(f form) (any, error) {
	return done, s.RemovePhoto(f.id(), f.r.PathValue("part"))
}

func (s *Server) doAddComment(f form) (any, error) {
	by := season.Person{First: cmp.Or(f.Get("first"), "Mira"), Last: cmp.Or(f.Get("last"), "K.")}
	id, err := s.AddComment(f.id(), by, f.Get("text"))
	return made(id), err
}

func (s *Server) doRemoveComment(f form) (any, error) {
	id, _ := strconv.ParseInt(f.r.PathValue("part"), 10, 64) // 0 is no comment's id
	return done, s.RemoveComment(f.id(), id)
}

func (s *Server) doDelete(f form) (any, error) { return done, s.Delete(f.id()) }

func (s *Server) doAddAthlete(f form) (any, error) {
	o, err := f.seasonOptions()
	if err != nil {
		return nil, err
	}
	return made(s.AddAthlete(o)), nil
}

func (s *Server) known(athleteID int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.athlete(athleteID) == nil {
		return fmt.Errorf("athlete %d: %w", athleteID, ErrNotFound)
	}
	return nil
}

func (s *Server) doGrant(f form) (any, error) {
	if err := s.known(f.id()); err != nil {
		return nil, err
	}
	return map[string]string{"refresh_token": s.Grant(f.id(), f.list("scopes")...)}, nil
}

func (s *Server) doRevoke(f form) (any, error) {
	if err := s.known(f.id()); err != nil {
		return nil, err
	}
	s.Revoke(f.id())
	return done, nil
}

func (s *Server) doFault(f form) (any, error) {
	skip, err := f.number("skip")
	if err != nil {
		return nil, err
	}
	count, err := f.number("count")
	if err != nil {
		return nil, err
	}
	status, err := f.number("status")
	if err != nil {
		return nil, err
	}
	probability, err := f.fraction("probability")
	if err != nil {
		return nil, err
	}
	lasts, err := f.duration("for")
	if err != nil {
		return nil, err
	}
	delay, err := f.duration("delay")
	if err != nil {
		return nil, err
	}
	id, err := s.AddFault(Fault{
		Kind: FaultKind(f.Get("kind")), Method: f.Get("method"), Path: f.Get("path"), Skip: int(skip), Count: int(count),
		Probability: probability, For: lasts, Delay: delay, Status: int(status),
	})
	return made(id), err
}

func (s *Server) doRemoveFault(f form) (any, error) {
	if !s.RemoveFault(int(f.id())) {
		return nil, fmt.Errorf("fault %d: %w", f.id(), ErrNotFound)
	}
	return done, nil
}

func (s *Server) doClearFaults(form) (any, error) {
	s.ClearFaults()
	return done, nil
}

// doLimits changes the limits that are named and leaves the others.
func (s *Server) doLimits(f form) (any, error) {
	l := s.Limits()
	for name, to := range map[string]*int{
		"overall_quarter": &l.OverallQuarter, "overall_day": &l.OverallDay, "read_quarter": &l.ReadQuarter, "read_day": &l.ReadDay,
	} {
		n, err := f.number(name)
		if err != nil {
			return nil, err
		}
		*to = cmp.Or(int(n), *to)
	}
	s.SetLimits(l)
	return s.Limits(), nil
}

func (s *Server) doSpend(f form) (any, error) {
	n, err := f.number("calls")
	if err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, fmt.Errorf("calls: spent calls don't come back")
	}
	s.Spend(int(n))
	return s.Usage(), nil
}

// doQuirks sets all quirks: one that is not named is off.
func (s *Server) doQuirks(f form) (any, error) {
	s.SetQuirks(Quirks{
		ReverseOrder: f.yes("reverse_order"), ShortPages: f.yes("short_pages"), BeforeInclusive: f.yes("before_inclusive"),
		HiddenStartsByTrueTime: f.yes("hidden_starts_by_true_time"), NoPhotosEndpoint: f.yes("no_photos_endpoint"),
	})
	return s.Quirks(), nil
}

func (s *Server) doApproval(f form) (any, error) {
	who, err := f.number("athlete")
	if err != nil {
		return nil, err
	}
	if who != 0 {
		if err := s.known(who); err != nil {
			return nil, err
		}
	}
	s.SetApproval(Approval{Auto: f.yes("auto"), Deny: f.yes("deny"), Scopes: f.list("scopes"), AthleteID: who})
	return done, nil
}

func (s *Server) doManner(f form) (any, error) {
	duplicates, err := f.number("duplicates")
	if err != nil {
		return nil, err
	}
	delay, err := f.duration("delay")
	if err != nil {
		return nil, err
	}
	loss, err := f.fraction("loss")
	if err != nil {
		return nil, err
	}
	s.SetManner(Manner{Duplicates: int(duplicates), Reverse: f.yes("reverse"), Delay: delay, Loss: loss})
	return s.Manner(), nil
}

func (s *Server) doDeliver(f form) (any, error) {
	n, err := s.Deliver(f.r.Context())
	return map[string]int{"acknowledged": n}, err
}

func (s *Server) doClock(f form) (any, error) {
	d, err := f.duration("advance")
	if err != nil {
		return nil, err
	}
	s.Advance(d)
	return map[string]time.Time{"now": s.Now()}, nil
}

func (s *Server) doExpire(form) (any, error) {
	s.ExpireTokens()
	return done, nil
}

func (s *Server) doResetCalls(form) (any, error) {
	s.ResetCalls()
	return done, nil
}
