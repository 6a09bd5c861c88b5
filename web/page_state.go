package web

import (
	"strings"
	"time"

	"musette"
)

// A sentence is said in pieces, because the times in it are marked up: the browser moves clock times to its own zone
// and lets "4 minutes ago" grow old.
type sentence struct {
	Tone   string // quiet, wait, stop
	Pieces []piece
}

// piece is some text; of the Kind clock or ago it says the moment At, of the Kind code it is to be typed.
type piece struct {
	Text string
	Kind string
	At   string // RFC 3339
}

// speaker puts sentences together, for one reader at one moment.
type speaker struct {
	now   time.Time // in the zone of the clock times
	owner bool
}

func text(s string) piece { return piece{Text: s} }

func (s speaker) clock(t time.Time) piece {
	return piece{Text: clockTime(t.In(s.now.Location()), s.now), Kind: "clock", At: t.UTC().Format(time.RFC3339)}
}

func (s speaker) ago(t time.Time) piece {
	return piece{Text: ago(s.now.Sub(t)), Kind: "ago", At: t.UTC().Format(time.RFC3339)}
}

// from says what the page dates from.
func (s speaker) from(st *musette.Status, before, after string) []piece {
	if st.AsOf == nil {
		return nil
	}
	return []piece{text(before), s.clock(*st.AsOf), text(after)}
}

// say is the line about the state of things: what happened, that nothing is lost, what happens next.
func (s speaker) say(st *musette.Status) []sentence {
	lines := []sentence{s.whole(st)}
	if s.owner && st.State != musette.StateReconnect {
		for _, a := range st.Athletes {
			if a.State == musette.StateReconnect {
				lines = append(lines, sentence{"wait", marked("Nothing new arrives from " + nameOr(a.Name, "one athlete") +
					" for now. " + whatToDo(a.Cause, a.Advice))})
			}
		}
	}
	for _, w := range st.Warnings {
		switch {
		case !s.owner:
		case w.Name == musette.WarningDiskFull && st.State != musette.StateDiskFull:
			lines = append(lines, sentence{"wait", marked("The disk is full. Nothing is lost, and new activities still arrive, but there is no room for " +
				"snapshots or pictures. Free some space and it goes on by itself.")})
		case w.Name == musette.WarningClock:
			lines = append(lines, sentence{"wait", marked("The server’s clock is " + aheadOrBehind(w.OffS) + ", so times here may be wrong by as much. " +
				"Nothing is lost, and nothing stops; set it right, for instance with `timedatectl set-ntp true`.")})
		}
	}
	kept := lines[:0]
	for _, l := range lines {
		if len(l.Pieces) > 0 {
			kept = append(kept, l)
		}
	}
	return kept
}

func (s speaker) whole(st *musette.Status) sentence {
	switch st.State {
	case musette.StateStoreDown:
		return s.tell("stop", "The database can’t be used. Nothing is lost: ",
			s.from(st, "this is the copy from ", ", and it catches up by itself."), "you see a copy, and it catches up by itself.")
	case musette.StateDiskFull:
		if s.owner {
			return sentence{"stop", []piece{text("The disk is full, so nothing new can be kept. Everything here is safe; free some space and it goes on by itself.")}}
		}
		return s.tell("wait", "New activities have to wait for a moment. ", s.from(st, "Everything here is from ", "."), "Nothing here is lost.")
	case musette.StateInactive:
		if s.owner {
			return sentence{"wait", []piece{text("Your Strava app is switched off (subscription lapsed). Nothing is lost; new activities arrive when it is back.")}}
		}
		return sentence{"wait", []piece{text("The connection to Strava is switched off for now. Nothing is lost; new activities arrive when it is back.")}}
	case musette.StateReconnect:
		if s.owner {
			if st.AsOf == nil { // nothing worked before, so nothing has stopped
				return sentence{"wait", marked(whatToDo(st.Cause, st.Advice))}
			}
			return sentence{"stop", marked("Nothing new arrives from Strava for now. " + whatToDo(st.Cause, st.Advice))}
		}
		return s.tell("wait", "New activities can’t be fetched for now. ", s.from(st, "Everything here is from ", "."), "Nothing here is lost.")
	case musette.StateOffline:
		return s.offline(st)
	case musette.StateHeld:
		if s.owner {
			return sentence{"wait", marked("Many activities have disappeared from Strava at once. They are kept here until you decide: `musette deletions list`. Everything else goes on.")}
		}
		return s.fresh(st)
	case musette.StateLimited:
		return s.limited(st)
	case musette.StateSyncing:
		return s.syncing(st)
	}
	return s.fresh(st)
}

// aheadOrBehind says in words how far ahead a clock is.
func aheadOrBehind(offS int64) string {
	off := time.Duration(offS) * time.Second
	if off < 0 {
		return about(-off) + " behind"
	}
	return about(off) + " ahead"
}

// whatToDo says why a grant doesn't work, as sentences. The cause names the remedy and what stays: connecting again
// doesn't help against a wrong client secret. Advice is for a cause that isn't known.
func whatToDo(cause, advice string) string {
	if cause == "" {
		cause = advice
	}
	return asSentence(cause)
}

// tell puts a beginning and its end together, or another end where the first is empty.
func (s speaker) tell(tone, begin string, end []piece, otherwise string) sentence {
	if end == nil {
		end = []piece{text(otherwise)}
	}
	return sentence{tone, append([]piece{text(begin)}, end...)}
}

func (s speaker) fresh(st *musette.Status) sentence {
	switch {
	case st.AsOf == nil:
		return sentence{}
	case s.now.Sub(*st.AsOf) < 24*time.Hour:
		return sentence{"quiet", []piece{text("Up to date "), s.ago(*st.AsOf), text(".")}}
	}
	return sentence{"quiet", []piece{text("Last checked "), s.ago(*st.AsOf), text(".")}}
}

func (s speaker) offline(st *musette.Status) sentence {
	l := s.tell("wait", "Strava isn’t answering at the moment. ", s.from(st, "Everything here is from ", " and stays"), "Nothing is lost")
	next := st.NextCall
	if st.Until != nil {
		next = st.Until
	}
	if next == nil || !next.After(s.now) {
		l.Pieces = append(l.Pieces, text("; it is asked again soon."))
		return l
	}
	l.Pieces = append(l.Pieces, text("; it is asked again at "), s.clock(*next), text("."))
	return l
}

func (s speaker) limited(st *musette.Status) sentence {
	var resting []piece
	if st.Until != nil {
		resting = []piece{text("Strava is resting until "), s.clock(*st.Until)}
	} else {
		resting = []piece{text("Strava is resting for a while")}
	}
	if have, all := details(st); have < all {
		l := sentence{"quiet", append([]piece{text(thousands(have) + " of " + thousands(all) + " activities are complete. ")}, resting...)}
		l.Pieces = append(l.Pieces, text("; the rest arrives after that"))
		if st.ETA != nil && st.ETA.After(s.now) {
			l.Pieces = append(l.Pieces, text(", all in "+about(st.ETA.Sub(s.now))))
		}
		l.Pieces = append(l.Pieces, text("."))
		return l
	}
	end := s.from(st, "; everything here is from ", ".")
	if end == nil {
		end = []piece{text(".")}
	}
	return sentence{"quiet", append(resting, end...)}
}

func (s speaker) syncing(st *musette.Status) sentence {
	have, all := details(st)
	switch {
	case all == 0 && st.AsOf == nil:
		return sentence{"quiet", []piece{text("The activities are being fetched; they appear here in a moment.")}}
	case have == all:
		return s.fresh(st)
	}
	l := "Details are still coming in: " + thousands(have) + " of " + thousands(all) + " are complete"
	if st.ETA != nil && st.ETA.After(s.now) {
		l += "; all here in " + about(st.ETA.Sub(s.now))
	}
	return sentence{"quiet", []piece{text(l + ".")}}
}

// details counts the activities whose detail is here, and those that have or will have one.
func details(st *musette.Status) (have, all int) {
	for _, a := range st.Athletes {
		c := a.Parts[musette.PartDetail]
		have += c.Have
		all += c.Have + c.Due
	}
	return have, all
}

func nameOr(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

// marked makes pieces of a text in which commands stand between backquotes.
func marked(s string) []piece {
	var list []piece
	for i, t := range strings.Split(strings.ReplaceAll(s, "'", "’"), "`") {
		kind := ""
		if i%2 == 1 {
			kind = "code"
		}
		if t != "" {
			list = append(list, piece{Text: t, Kind: kind})
		}
	}
	return list
}
