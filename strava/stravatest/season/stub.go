package season

import (
	"image"
)

// Landscape draws a picture.
func Landscape(seed uint64, w, h int) image.Image { return nil }

// JPEG is Landscape, encoded.
func JPEG(seed uint64, w, h int) []byte { return nil }

const hospice = "Marsh Lane Hospice"

type chronicle struct{ live bool }

func newChronicle(m *maker) *chronicle                { return &chronicle{} }
func (c *chronicle) tell(a Activity, s slot) Activity { a.Name = a.SportType; return a }
func friends(seed uint64) []Person                    { return nil }
