package token

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette/strava"
)

func testSealer(t testing.TB, b byte) *sealer {
	t.Helper()
	s, err := newSealer(Key{b})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealRoundTrip(t *testing.T) {
	s := testSealer(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[\x20-\x7eäß]{1,60}`)
		at := rapid.Int64Range(1, 4e12)
		p := pair{
			strava.Secret(text.Draw(t, "access")), strava.Secret(text.Draw(t, "refresh")),
			fromMillis(at.Draw(t, "expires")), fromMillis(at.Draw(t, "obtained")),
			time.Duration(rapid.IntRange(0, 1e9).Draw(t, "lifetime")) * time.Millisecond,
		}
		one, err := s.sealPair("a", p)
		if err != nil {
			t.Fatal(err)
		}
		two, err := s.sealPair("a", p)
		if err != nil || bytes.Equal(one, two) {
			t.Fatalf("two seals of the same pair: %v", err)
		}
		got, err := s.openPair("a", one)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Whatever is changed in a sealed text, it doesn't open; and another key is
// told from damage.
func TestSealChanged(t *testing.T) {
	s := testSealer(t, 1)
	sealed, err := s.sealPair("a", pair{Access: "access", Refresh: "refresh"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for bit := range 8 {
			b := bytes.Clone(sealed)
			b[i] ^= 1 << bit
			if _, err := s.openPair("a", b); err == nil {
				t.Errorf("opened with bit %d of byte %d changed", bit, i)
			}
		}
		if _, err := s.openPair("a", sealed[:i]); !errors.Is(err, errDamaged) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	if _, err := s.openPair("b", sealed); !errors.Is(err, errDamaged) {
		t.Errorf("for another grant: %v", err)
	}
	if _, err := testSealer(t, 2).openPair("a", sealed); !errors.Is(err, errOtherKey) {
		t.Errorf("with another key: %v", err)
	}
	if _, err := newSealer(Key{}); err == nil {
		t.Error("no key is a key")
	}
}

// The path of a sealed file never leaves its directory.
func TestCopiesRefuseOtherNames(t *testing.T) {
	c := copies{t.TempDir()}
	for _, id := range []string{"", "..", "../../etc/passwd", "00112233445566778899aabbccddeeff/x", "zz112233445566778899aabbccddeeff"} {
		if err := c.write(id, []byte("x")); err == nil {
			t.Errorf("wrote %q", id)
		}
		if _, err := c.read(id); err == nil {
			t.Errorf("read %q", id)
		}
	}
}
