package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"musette/store"
)

// LeaveFunc removes all that is here of an athlete, as they wish. [store.ErrNotFound] for one who isn't here.
type LeaveFunc func(ctx context.Context, athleteID int64) (Receipt, error)

// A Receipt says what was deleted, and what wasn't.
type Receipt struct {
	Name       string
	At         time.Time
	Activities int
	Rows       int64 // deleted from the database, of all tables
	Snapshots  int   // backups that were written again without the athlete
	Tokens     int   // files with sealed tokens
	Strava     string
	Left       []string // what may still be somewhere
	Unfinished bool     // files are still to be dealt with, which is tried again
}

// Database says what was deleted from it.
func (r Receipt) Database() string {
	words := []string{count(r.Activities, "activity", "activities"), thousands(int(r.Rows)) + " rows in all"}
	if r.Tokens > 0 {
		words = append(words, "the key to your account at Strava")
	}
	return listed(words)
}

// Backups says what became of them.
func (r Receipt) Backups() string {
	s := "There were none with you in them."
	if r.Snapshots > 0 {
		s = count(r.Snapshots, "backup was", "backups were") + " written again without you."
	}
	if r.Unfinished {
		s += " Not all could be reached; the rest follows by itself."
	}
	return s
}

// leaveWord is what is typed to leave.
const leaveWord = "leave"

// leaveWithin bounds a removal, which isn't cut short by a browser that goes.
const leaveWithin = 2 * time.Minute

// postLeave removes all that is here of an athlete, once they have typed that they mean it.
func (s *Server) postLeave(w http.ResponseWriter, r *http.Request) error {
	form, m, err := s.change(w, r, "confirm")
	switch {
	case err != nil:
		return err
	case s.config.Leave == nil:
		return unavailable("Nothing can be deleted just now: this server shows a copy. Try again later.")
	case !strings.EqualFold(form.Get("confirm"), leaveWord):
		return s.showMe(w, r, http.StatusBadRequest, m, "", "Nothing was deleted. To leave, type the word leave into the last field.", nil)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), leaveWithin)
	defer cancel()
	receipt, err := s.config.Leave(ctx, m.id)
	if errors.Is(err, store.ErrNotFound) {
		return notFound("There is nothing of this athlete here any more.")
	}
	if err != nil {
		s.config.Log.Error("an athlete could not leave", "error", err, "request", requestID(r))
		return unavailable("Not everything could be deleted: the database is in trouble. Try again in a minute.")
	}
	_ = s.config.Feed.Look(ctx) // what is gone isn't shown any more; it has logged
	if m.Athlete != 0 {
		http.SetCookie(w, s.cookie(r, "", -1))
	}
	b, err := sitePages().write("receipt", struct {
		Title, First, Day, Told string
		Receipt
	}{"You have left", firstName(receipt.Name), receipt.At.UTC().Format("2 January 2006, 15:04 UTC"), asSentence(receipt.Strava), receipt})
	s.say(w, http.StatusOK, b, err)
	return nil
}
