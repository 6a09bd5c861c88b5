package season_test

import (
	"bytes"
	"image/jpeg"
	"testing"

	"pgregory.net/rapid"

	"musette/strava/stravatest/season"
)

func TestLandscapesAreTheSameAndNotBlank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		w, h := rapid.IntRange(1, 400).Draw(t, "w"), rapid.IntRange(1, 400).Draw(t, "h")
		one, two := season.JPEG(seed, w, h), season.JPEG(seed, w, h)
		if !bytes.Equal(one, two) {
			t.Fatal("the same seed drew two pictures")
		}
		img, err := jpeg.Decode(bytes.NewReader(one))
		if err != nil || img.Bounds().Dx() != w || img.Bounds().Dy() != h {
			t.Fatalf("%v, %v", err, img)
		}
		if w < 60 || h < 60 {
			return
		}
		shades := map[uint32]bool{}
		for y := 0; y < h; y += 3 {
			r, g, b, a := season.Landscape(seed, w, h).At(w/2, y).RGBA()
			shades[(r>>12)<<8|(g>>12)<<4|b>>12] = true
			if a != 0xffff {
				t.Fatalf("a hole at %d", y)
			}
			y += h / 24
		}
		if len(shades) < 4 {
			t.Fatalf("only %d colours from top to bottom", len(shades))
		}
	})
}

func BenchmarkJPEG(b *testing.B) {
	for i := range b.N {
		season.JPEG(uint64(i), 1536, 1152)
	}
}
