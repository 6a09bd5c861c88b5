package track_test

import (
	"encoding/xml"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/track"
)

func TestGPXIsReadBack(t *testing.T) {
	start := time.Date(2026, 5, 22, 6, 49, 27, 0, time.UTC)
	tr := track.GPXTrack{
		Name: "A </name><b> & \"b\" \x00 🚴", Type: "Run", Link: "https://example.org/?a=1&b=2", Start: start,
		Segments: [][]track.GPXPoint{
			{{Point: track.Point{Lat: 51.5, Lng: -0.12}, ElevationM: 12.34, At: start}, {Point: track.Point{Lat: 91}, ElevationM: math.NaN()}},
			track.GPXLine([]track.Point{{Lat: -0.0000001, Lng: 180}}),
		},
	}
	var got struct {
		XMLName  xml.Name `xml:"http://www.topografix.com/GPX/1/1 gpx"`
		Version  string   `xml:"version,attr"`
		Name     string   `xml:"trk>name"`
		Type     string   `xml:"trk>type"`
		Time     string   `xml:"metadata>time"`
		Segments []struct {
			Points []struct {
				Lat  float64  `xml:"lat,attr"`
				Lon  float64  `xml:"lon,attr"`
				Ele  *float64 `xml:"ele"`
				Time string   `xml:"time"`
			} `xml:"trkpt"`
		} `xml:"trk>trkseg"`
	}
	if err := xml.Unmarshal(tr.GPX(), &got); err != nil {
		t.Fatalf("%v in %s", err, tr.GPX())
	}
	if got.Name != "A </name><b> & \"b\" \uFFFD 🚴" || got.Type != "Run" || got.Version != "1.1" || got.Time != "2026-05-22T06:49:27Z" {
		t.Errorf("it is read back as %+v", got)
	}
	if len(got.Segments) != 2 || len(got.Segments[0].Points) != 1 || len(got.Segments[1].Points) != 1 {
		t.Fatalf("the segments are %+v", got.Segments)
	}
	first, last := got.Segments[0].Points[0], got.Segments[1].Points[0]
	if d := cmp.Diff([]float64{51.5, -0.12, 12.3}, []float64{first.Lat, first.Lon, *first.Ele}); d != "" || first.Time != "2026-05-22T06:49:27Z" {
		t.Errorf("the first point: %s %s", d, first.Time)
	}
	if last.Ele != nil || last.Time != "" || last.Lon != 180 {
		t.Errorf("a bare point is %+v", last)
	}
}
