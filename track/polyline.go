package track

import (
	"fmt"
	"math"
)

// Google's encoded polyline algorithm format with precision 5, as Strava uses it: each
// number is the difference from the point before, in 1e-5 degrees, its sign in the lowest
// bit, cut into 5-bit chunks from the low end, each chunk plus 63 one byte, 32 added where
// another chunk follows. https://developers.google.com/maps/documentation/utilities/polylinealgorithm
const (
	unitsPerDegree = 1e5
	chunkBase      = 63
	chunkMore      = 0x20
	// The largest step possible, 360 degrees, needs 27 bits: six chunks.
	maxChunkBits = 30
)

// Reasons of a [DecodeError].
const (
	ReasonTruncated  = "ends in the middle of a point"
	ReasonByte       = "byte outside ? to ~"
	ReasonOverflow   = "number too large"
	ReasonOutOfRange = "coordinate not on Earth"
)

// DecodeError says why a text is not a polyline.
type DecodeError struct {
	Offset int    // of the byte, or of the first byte of the number, that is wrong
	Reason string // one of the Reason constants
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("polyline: %s (at byte %d)", e.Reason, e.Offset)
}

// Decode returns the points of a polyline; none for "". Every point it returns is valid.
// Its error is a [*DecodeError], with no points.
func Decode(polyline string) ([]Point, error) {
	points := make([]Point, 0, countNumbers(polyline)/2)
	var units [2]int // latitude, longitude so far
	limits := [2]int{90 * unitsPerDegree, 180 * unitsPerDegree}
	for at := 0; at < len(polyline); {
		for axis := range units {
			step, next, err := decodeNumber(polyline, at)
			if err != nil {
				return nil, err
			}
			units[axis] += step
			if units[axis] < -limits[axis] || units[axis] > limits[axis] {
				return nil, &DecodeError{at, ReasonOutOfRange}
			}
			at = next
		}
		points = append(points, Point{float64(units[0]) / unitsPerDegree, float64(units[1]) / unitsPerDegree})
	}
	return points, nil
}

// decodeNumber reads the number at offset at and returns it with the offset after it.
func decodeNumber(s string, at int) (int, int, error) {
	bits := 0
	for i, shift := at, 0; i < len(s); i, shift = i+1, shift+5 {
		chunk := int(s[i]) - chunkBase
		switch {
		case chunk < 0 || chunk > 63:
			return 0, 0, &DecodeError{i, ReasonByte}
		case shift >= maxChunkBits:
			return 0, 0, &DecodeError{at, ReasonOverflow}
		}
		bits |= (chunk &^ chunkMore) << shift
		if chunk < chunkMore {
			return bits>>1 ^ -(bits & 1), i + 1, nil
		}
	}
	return 0, 0, &DecodeError{len(s), ReasonTruncated}
}

// countNumbers counts the bytes that end a number, so that Decode allocates once and never
// for more points than the text can hold.
func countNumbers(polyline string) int {
	n := 0
	for i := range len(polyline) {
		if polyline[i] < chunkBase+chunkMore {
			n++
		}
	}
	return n
}

// Encode returns points as a polyline, each coordinate rounded to 1e-5 degrees (about a
// metre). What it returns always decodes.
func Encode(points []Point) string {
	text := make([]byte, 0, 6*len(points)+8)
	var lat, lng int
	for _, p := range points {
		if !p.Valid() {
			continue
		}
		nextLat, nextLng := int(math.Round(p.Lat*unitsPerDegree)), int(math.Round(p.Lng*unitsPerDegree))
		text = appendNumber(text, nextLat-lat)
		text = appendNumber(text, nextLng-lng)
		lat, lng = nextLat, nextLng
	}
	return string(text)
}

func appendNumber(text []byte, n int) []byte {
	bits := n << 1
	if n < 0 {
		bits = ^bits
	}
	for ; bits >= chunkMore; bits >>= 5 {
		text = append(text, byte(bits&(chunkMore-1)|chunkMore)+chunkBase)
	}
	return append(text, byte(bits)+chunkBase)
}
