package season

import (
	"image"
	"time"
)

type (
	place   struct{}
	library struct{}
	recipe  struct{}
)

// Make makes the season that the options name.
func Make(o Options) *Season { return &Season{} }

// Next is the activity that the athlete uploads at t.
func (s *Season) Next(t time.Time, n int) Activity { return Activity{} }

// Points draws the track; nil where there is none.
func (a *Activity) Points() []Point { return nil }

// Polyline is the whole track, encoded with five decimals.
func (a *Activity) Polyline() string { return "" }

// SummaryPolyline is the simplified track.
func (a *Activity) SummaryPolyline() string { return "" }

// Bounds is the box around the track.
func (a *Activity) Bounds() (south, west, north, east float64, ok bool) { return 0, 0, 0, 0, false }

// Streams are the samples by measure, nil where nothing was recorded.
func (a *Activity) Streams() *Streams { return nil }

// Laps are the laps; there is always at least one.
func (a *Activity) Laps() []Lap { return nil }

// Splits cuts the activity every unitM metres.
func (a *Activity) Splits(unitM float64) []Lap { return nil }

// Landscape draws a picture.
func Landscape(seed uint64, w, h int) image.Image { return nil }

// JPEG is Landscape, encoded.
func JPEG(seed uint64, w, h int) []byte { return nil }
