package musette_test

import (
	"testing"

	"musette"
)

// One activity with its route of 1,000 points, a photo, a comment and laps.
func BenchmarkDerive(b *testing.B) {
	docs := all()
	docs[1].Body = detailObject().but(object{"map": object{"polyline": line(1000, 51.5), "summary_polyline": short}}).bytes()
	n := 0
	for i := range docs {
		n += len(docs[i].Body)
	}
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := musette.Derive(docs, false); err != nil {
			b.Fatal(err)
		}
	}
}
