package track_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twpayne/go-polyline"
	"pgregory.net/rapid"

	"musette/track"
)

func TestDecodeGooglesExample(t *testing.T) {
	const text = "_p~iF~ps|U_ulLnnqC_mqNvxq`@"
	want := []track.Point{{38.5, -120.2}, {40.7, -120.95}, {43.252, -126.453}}
	got, err := track.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
	if back := track.Encode(want); back != text {
		t.Errorf("Encode = %q, want %q", back, text)
	}
}

func TestDecodeErrors(t *testing.T) {
	north, east := track.Encode([]track.Point{{90, 0}}), track.Encode([]track.Point{{0, 180}})
	for _, tt := range []struct {
		name, text, reason string
		offset             int
	}{
		{"half a number", "_p~iF~ps|", track.ReasonTruncated, 9},
		{"latitude alone", "_p~iF", track.ReasonTruncated, 5},
		{"second latitude alone", "_p~iF~ps|U_ulL", track.ReasonTruncated, 14},
		{"space", "_p~iF ~ps|U", track.ReasonByte, 5},
		{"delete", "_p\x7fiF", track.ReasonByte, 2},
		{"nul", "\x00?", track.ReasonByte, 0},
		{"not ASCII", "_p~iF~ps|Ué", track.ReasonByte, 10},
		{"JSON", `{"a":1}`, track.ReasonByte, 1},
		{"seven chunks", "?~~~~~~?", track.ReasonOverflow, 1},
		{"very many chunks", strings.Repeat("~", 1000), track.ReasonOverflow, 0},
		{"latitude", strings.TrimSuffix(north, "?") + "?A?", track.ReasonOutOfRange, len(north)},
		{"longitude", east + "?A", track.ReasonOutOfRange, len(east) + 1},
		{"precision 6", string(polyline.Codec{Dim: 2, Scale: 1e6}.EncodeCoords(nil, [][]float64{{38.5, -120.2}})), track.ReasonOutOfRange, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			points, err := track.Decode(tt.text)
			var got *track.DecodeError
			if !errors.As(err, &got) {
				t.Fatalf("Decode(%q) = %v, %v, want a DecodeError", tt.text, points, err)
			}
			if points != nil || got.Offset != tt.offset || got.Reason != tt.reason {
				t.Errorf("Decode(%q) = %v, %+v, want offset %d, %q", tt.text, points, got, tt.offset, tt.reason)
			}
		})
	}
}

func TestDecodeEdgesOfTheEarth(t *testing.T) {
	want := []track.Point{{90, 180}, {-90, -180}, {90, -180}, {0, 0}, {-90, 180}}
	got, err := track.Decode(track.Encode(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}

func TestDecodeNothing(t *testing.T) {
	if got, err := track.Decode(""); len(got) != 0 || err != nil {
		t.Errorf(`Decode("") = %v, %v`, got, err)
	}
	if got := track.Encode(nil); got != "" {
		t.Errorf("Encode(nil) = %q", got)
	}
}

func TestEncodePassesOverWhatIsNotOnEarth(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	got := track.Encode([]track.Point{{nan, 1}, {38.5, -120.2}, {inf, 0}, {0, -inf}, {91, 0}, {0, 180.1}, {40.7, -120.95}})
	if want := "_p~iF~ps|U_ulLnnqC"; got != want {
		t.Errorf("Encode = %q, want %q", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := pointsOnEarth.Draw(t, "points")
		text := track.Encode(want)
		got, err := track.Decode(text)
		if err != nil || len(got) != len(want) {
			t.Fatalf("Decode(%q) = %d points, %v, want %d", text, len(got), err, len(want))
		}
		for i := range want {
			if math.Abs(got[i].Lat-want[i].Lat) > 1e-5 || math.Abs(got[i].Lng-want[i].Lng) > 1e-5 {
				t.Fatalf("point %d: %v became %v", i, want[i], got[i])
			}
		}
		if again := track.Encode(got); again != text {
			t.Fatalf("encoding the decoded points gives %q, want %q", again, text)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{"", "_p~iF~ps|U_ulLnnqC_mqNvxq`@", "_p~iF~ps|", "_p~iF", "????", "~~~~~~~?", "\x00", "_??_?", "é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := track.Decode(text)
		theirs, rest, theirErr := polyline.DecodeCoords([]byte(text))
		if err != nil {
			var de *track.DecodeError
			if !errors.As(err, &de) || de.Offset < 0 || de.Offset > len(text) || got != nil {
				t.Fatalf("Decode(%q) = %v, %#v", text, got, err)
			}
			// The library knows no range; everything else that it takes, we take.
			if theirErr == nil && (de.Reason == track.ReasonTruncated || de.Reason == track.ReasonByte) {
				t.Fatalf("Decode(%q): %v, but the library reads %v", text, err, theirs)
			}
			return
		}
		if theirErr != nil || len(rest) != 0 || len(theirs) != len(got) {
			t.Fatalf("Decode(%q) = %v, the library says %v, rest %q, %v", text, got, theirs, rest, theirErr)
		}
		for i, p := range got {
			if !p.Valid() || math.Abs(p.Lat-theirs[i][0]) > 1e-9 || math.Abs(p.Lng-theirs[i][1]) > 1e-9 {
				t.Fatalf("Decode(%q), point %d = %v, the library says %v", text, i, p, theirs[i])
			}
		}
		if cap(got) > len(text)/2 {
			t.Fatalf("Decode of %d bytes made room for %d points", len(text), cap(got))
		}
		again, err := track.Decode(track.Encode(got))
		if err != nil || !cmp.Equal(got, again) {
			t.Fatalf("Decode(%q) = %v, encoded and decoded again %v, %v", text, got, again, err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	text := track.Encode(wanderingRoute(1000))
	b.Run("track", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := track.Decode(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go-polyline", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := polyline.DecodeCoords([]byte(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	points := wanderingRoute(1000)
	b.ReportAllocs()
	for b.Loop() {
		track.Encode(points)
	}
}
