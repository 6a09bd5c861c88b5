package stravatest

import (
	"fmt"
	"slices"
	"time"

	"musette/strava/stravatest/season"
)

// The visibilities of an activity.
const (
	Everyone      = "everyone"
	FollowersOnly = "followers_only"
	OnlyMe        = "only_me"
)

// AddActivity lets the athlete upload another activity now, which sends a
// create event. It started at start; the zero time means that it has just
// ended, a time long ago makes a late upload, which the list shows far back.
func (s *Server) AddActivity(athleteID int64, start time.Time) (activityID int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := s.athlete(athleteID)
	if who == nil {
		return 0, fmt.Errorf("stravatest: athlete %d: %w", athleteID, ErrNotFound)
	}
	now := s.now()
	who.added++
	a := who.season.Next(now, who.added)
	if !start.IsZero() {
		shift := start.Sub(a.Start)
		a.Start = start.UTC()
		a.Photos = slices.Clone(a.Photos)
		for i := range a.Photos {
			a.Photos[i].TakenAt = a.Photos[i].TakenAt.Add(shift)
		}
	}
	a.Uploaded = now
	added := s.insert(who, a)
	s.emitVisible(added, "create", nil)
	return added.ID, nil
}

// Rename changes the name and sends an update event with the title.
func (s *Server) Rename(activityID int64, name string) error {
	return s.update(activityID, func(a *activity) map[string]string {
		a.Name = name
		return map[string]string{"title": name}
	})
}

// SetType changes the sport type, and the legacy type with it, and sends an
// update event with the legacy type; there are no events on sport types.
func (s *Server) SetType(activityID int64, sportType string) error {
	return s.update(activityID, func(a *activity) map[string]string {
		a.SportType, a.Type = sportType, legacyType(sportType)
		return map[string]string{"type": a.Type}
	})
}

// update edits an activity and sends an update event with what edit returns.
func (s *Server) update(id int64, edit func(a *activity) map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var updates map[string]string
	_, after, err := s.change(id, func(a *activity) error {
		updates = edit(a)
		return nil
	})
	if err == nil && len(updates) > 0 {
		s.emitVisible(after, "update", updates)
	}
	return err
}

// quietly edits an activity in a way that Strava sends no event for.
func (s *Server) quietly(id int64, edit func(a *activity) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _, err := s.change(id, edit)
	return err
}

// SetDescription changes the description; "" means none. No event is sent.
func (s *Server) SetDescription(activityID int64, text string) error {
	return s.quietly(activityID, func(a *activity) error {
		a.Description = &text
		if text == "" {
			a.Description = nil
		}
		return nil
	})
}

// SetVisibility changes who may see the activity: Everyone, FollowersOnly or
// OnlyMe. To and from OnlyMe an application with activity:read_all gets an
// update event, one with activity:read a delete or a create; between the
// other two there is no event.
func (s *Server) SetVisibility(activityID int64, visibility string) error {
	if !slices.Contains([]string{Everyone, FollowersOnly, OnlyMe}, visibility) {
		return fmt.Errorf("stravatest: unknown visibility %q", visibility)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, after, err := s.change(activityID, func(a *activity) error {
		a.Visibility = visibility
		return nil
	})
	if err != nil {
		return err
	}
	was, is := before.Visibility == OnlyMe, visibility == OnlyMe
	if was == is {
		return nil
	}
	switch {
	case s.appHas(after.athleteID, "activity:read_all"):
		s.emit(activityEvent(after, "update", map[string]string{"private": fmt.Sprint(is)}))
	case s.appHas(after.athleteID, "activity:read") && is:
		s.emit(activityEvent(after, "delete", nil))
	case s.appHas(after.athleteID, "activity:read"):
		s.emit(activityEvent(after, "create", nil))
	}
	return nil
}

// Crop cuts the track to the samples from from until to, both counted from
// the start, and with it distance and times. No event is sent.
func (s *Server) Crop(activityID int64, from, to time.Duration) error {
	return s.quietly(activityID, func(a *activity) error { return a.crop(from, to) })
}

// AddPhoto adds a picture and returns its unique id. No event is sent.
func (s *Server) AddPhoto(activityID int64, caption string) (uniqueID string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := s.newSecret("photo")
	uniqueID = fmt.Sprintf("%s-%s-4%s-9%s-%s", secret[:8], secret[8:12], secret[13:16], secret[17:20], secret[20:32])
	now := s.now()
	_, _, err = s.change(activityID, func(a *activity) error {
		p := season.Photo{
			UniqueID: uniqueID, Caption: caption, Width: 2048, Height: 1536,
			TakenAt: a.Start.Add(a.Elapsed / 2), UploadedAt: now, Seed: s.rng.Uint64(),
		}
		if a.hasMap() {
			p.HasLocation, p.Lat, p.Lng = true, a.outlined().first[0], a.outlined().first[1]
		}
		a.Photos = append(slices.Clone(a.Photos), p)
		return nil
	})
	return uniqueID, err
}

// RemovePhoto removes a picture. No event is sent.
func (s *Server) RemovePhoto(activityID int64, uniqueID string) error {
	return s.quietly(activityID, func(a *activity) error {
		n := len(a.Photos)
		a.Photos = slices.DeleteFunc(slices.Clone(a.Photos), func(p season.Photo) bool { return p.UniqueID == uniqueID })
		if len(a.Photos) == n {
			return fmt.Errorf("photo %s: %w", uniqueID, ErrNotFound)
		}
		return nil
	})
}

// AddComment adds a comment by someone else and returns its id. No event is
// sent.
func (s *Server) AddComment(activityID int64, by season.Person, text string) (commentID int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	_, _, err = s.change(activityID, func(a *activity) error {
		commentID = 2_600_000_000 + int64(s.rng.Uint32()>>2)
		a.Comments = append(slices.Clone(a.Comments), season.Comment{ID: commentID, By: by, Text: text, At: now})
		return nil
	})
	return commentID, err
}

// RemoveComment removes a comment. No event is sent.
func (s *Server) RemoveComment(activityID, commentID int64) error {
	return s.quietly(activityID, func(a *activity) error {
		n := len(a.Comments)
		a.Comments = slices.DeleteFunc(slices.Clone(a.Comments), func(c season.Comment) bool { return c.ID == commentID })
		if len(a.Comments) == n {
			return fmt.Errorf("comment %d: %w", commentID, ErrNotFound)
		}
		return nil
	})
}

// AddKudos adds someone's kudos. No event is sent.
func (s *Server) AddKudos(activityID int64, by season.Person) error {
	return s.quietly(activityID, func(a *activity) error {
		a.Kudos = append(slices.Clone(a.Kudos), by)
		return nil
	})
}

// Delete deletes the activity and sends a delete event.
func (s *Server) Delete(activityID int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.activities[activityID]
	if a == nil {
		return fmt.Errorf("stravatest: activity %d: %w", activityID, ErrNotFound)
	}
	delete(s.activities, activityID)
	who := s.athlete(a.athleteID)
	who.activities = slices.DeleteFunc(who.activities, func(b *activity) bool { return b == a })
	s.emitVisible(a, "delete", nil)
	return nil
}

// legacyType returns the type that goes with a sport type: the same where
// there was one before 2022, its family for the variants, else Workout.
func legacyType(sportType string) string {
	switch sportType {
	case "MountainBikeRide", "GravelRide":
		return "Ride"
	case "EMountainBikeRide":
		return "EBikeRide"
	case "TrailRun":
		return "Run"
	case "AlpineSki", "BackcountrySki", "Canoeing", "Crossfit", "EBikeRide", "Elliptical", "Golf", "Handcycle",
		"Hike", "IceSkate", "InlineSkate", "Kayaking", "Kitesurf", "NordicSki", "Ride", "RockClimbing", "RollerSki",
		"Rowing", "Run", "Sail", "Skateboard", "Snowboard", "Snowshoe", "Soccer", "StairStepper", "StandUpPaddling",
		"Surfing", "Swim", "Velomobile", "VirtualRide", "VirtualRun", "Walk", "WeightTraining", "Wheelchair",
		"Windsurf", "Yoga":
		return sportType
	}
	return "Workout"
}
