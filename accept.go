package musette

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// ErrContradiction marks an answer that decodes but says the opposite of the activity's basics: nothing where
// something is counted. It is a failed try; when it comes again a day later it is believed.
var ErrContradiction = errors.New("it contradicts what the list says")

// ErrPlaceholder marks photos that Strava is still working on: the document is kept, and asked for again soon.
var ErrPlaceholder = errors.New("some photos are still being prepared by Strava")

// Accept decides whether bytes that came for a part of an activity are that document. b are the activity's basics
// as known so far, nil if nothing is known yet. A nil error means: store it. [ErrPlaceholder] means: store it and ask
// again; [ErrContradiction] and every other error mean: a failed try, store nothing.
func Accept(part Part, body []byte, b *Basics) error {
	if b == nil {
		b = &Basics{}
	}
	switch part {
	case PartDetail, PartSummary:
		return acceptBasics(part, body, b)
	case PartPhotos:
		return acceptPhotos(body, b)
	case PartComments:
		return acceptComments(body, b)
	case PartStreams:
		return acceptStreams(body)
	}
	return fmt.Errorf("unknown part %q", part)
}

func acceptBasics(part Part, body []byte, b *Basics) error {
	w, err := parseWire(body)
	if err != nil {
		return err
	}
	got, err := w.basics()
	switch {
	case err != nil:
		return err
	case b.ID != 0 && got.ID != b.ID:
		return fmt.Errorf("asked for activity %d, got activity %d", b.ID, got.ID)
	case b.AthleteID != 0 && got.AthleteID != 0 && got.AthleteID != b.AthleteID:
		return fmt.Errorf("activity %d came as another athlete's", b.ID)
	case part == PartSummary:
		return nil
	case w.ResourceState != nil && *w.ResourceState < 3:
		return fmt.Errorf("asked for the details of activity %d, got its summary", got.ID)
	}
	detail := readDetail(body)
	if b.SummaryPolyline != "" && got.SummaryPolyline == "" && detail.polyline() == "" {
		return fmt.Errorf("activity %d has a route, its details have none: %w", got.ID, ErrContradiction)
	}
	return nil
}

func acceptPhotos(body []byte, b *Basics) error {
	var items []wirePhoto
	if err := json.Unmarshal(body, &items, relaxed); err != nil || items == nil {
		return fmt.Errorf("not a list of photos: %w", orNull(err))
	}
	if len(items) == 0 && b.PhotoCount > 0 {
		return fmt.Errorf("no photos came where %d are counted: %w", b.PhotoCount, ErrContradiction)
	}
	ready := true
	for i := range items {
		if id := items[i].ActivityID; id != 0 && b.ID != 0 && id != b.ID {
			return fmt.Errorf("asked for photos of activity %d, got some of activity %d", b.ID, id)
		}
		p, ok := items[i].photo()
		ready = ready && ok && p.Width > 0 && p.Height > 0
	}
	if !ready {
		return ErrPlaceholder
	}
	return nil
}

func acceptComments(body []byte, b *Basics) error {
	var items []wireComment
	if err := json.Unmarshal(body, &items, relaxed); err != nil || items == nil {
		return fmt.Errorf("not a list of comments: %w", orNull(err))
	}
	if len(items) == 0 && b.CommentCount > 0 {
		return fmt.Errorf("no comments came where %d are counted: %w", b.CommentCount, ErrContradiction)
	}
	for i := range items {
		if id := items[i].ActivityID; id != 0 && b.ID != 0 && id != b.ID {
			return fmt.Errorf("asked for comments of activity %d, got some of activity %d", b.ID, id)
		}
	}
	return nil
}

// acceptStreams wants an object of streams that are all equally long.
func acceptStreams(body []byte) error {
	var streams map[string]struct {
		Data []jsontext.Value `json:"data"`
	}
	if err := json.Unmarshal(body, &streams, relaxed); err != nil || len(streams) == 0 {
		return fmt.Errorf("not streams: %w", orNull(err))
	}
	length := -1
	for name, s := range streams {
		switch {
		case s.Data == nil:
			return fmt.Errorf("stream %q has no data", name)
		case length >= 0 && len(s.Data) != length:
			return fmt.Errorf("stream %q has %d values, another has %d", name, len(s.Data), length)
		}
		length = len(s.Data)
	}
	return nil
}

// errNothing stands for JSON that decodes to nothing.
var errNothing = errors.New("it is empty")

func orNull(err error) error {
	if err == nil {
		return errNothing
	}
	return err
}
