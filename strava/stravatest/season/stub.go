package season

import (
	"image"
	"time"
)

// Make makes the season that the options name.
func Make(o Options) *Season { return &Season{} }

// Next is the activity that the athlete uploads at t.
func (s *Season) Next(t time.Time, n int) Activity { return Activity{} }

// Landscape draws a picture.
func Landscape(seed uint64, w, h int) image.Image { return nil }

// JPEG is Landscape, encoded.
func JPEG(seed uint64, w, h int) []byte { return nil }
