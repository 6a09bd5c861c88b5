package track

import (
	"bytes"
	"encoding/xml"
	"math"
	"strconv"
	"time"
)

// GPXTrack is a recorded route, as it is written to a GPX file.
type GPXTrack struct {
	Name  string
	Type  string // of sport, any text
	Link  string // "" for none
	Start time.Time
	// Segments are drawn as lines of their own: what lies between two of them isn't known, or isn't told.
	Segments [][]GPXPoint
}

// GPXPoint is one point of a track. ElevationM is NaN, and At zero, where they aren't known.
type GPXPoint struct {
	Point
	ElevationM float64
	At         time.Time
}

// GPXLine makes points of a line that has neither heights nor times.
func GPXLine(points []Point) []GPXPoint {
	line := make([]GPXPoint, len(points))
	for i, p := range points {
		line[i] = GPXPoint{Point: p, ElevationM: math.NaN()}
	}
	return line
}

// GPX returns the track as a GPX 1.1 file (https://www.topografix.com/GPX/1/1/). Points not on Earth are left out, and
// characters that XML can't have are replaced.
func (t *GPXTrack) GPX() []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<gpx version="1.1" creator="Musette" xmlns="http://www.topografix.com/GPX/1/1">` + "\n")
	if !t.Start.IsZero() {
		b.WriteString("<metadata><time>" + stamp(t.Start) + "</time></metadata>\n")
	}
	b.WriteString("<trk>")
	element(&b, "name", t.Name)
	if t.Link != "" {
		b.WriteString(`<link href="`)
		_ = xml.EscapeText(&b, []byte(t.Link)) // a buffer takes everything
		b.WriteString(`"/>`)
	}
	element(&b, "type", t.Type)
	b.WriteByte('\n')
	for _, segment := range t.Segments {
		b.WriteString("<trkseg>\n")
		for _, p := range segment {
			if p.Valid() {
				p.write(&b)
			}
		}
		b.WriteString("</trkseg>\n")
	}
	b.WriteString("</trk>\n</gpx>\n")
	return b.Bytes()
}

func (p *GPXPoint) write(b *bytes.Buffer) {
	b.WriteString(`<trkpt lat="` + decimal(p.Lat, 6) + `" lon="` + decimal(p.Lng, 6) + `">`)
	if !math.IsNaN(p.ElevationM) && !math.IsInf(p.ElevationM, 0) {
		b.WriteString("<ele>" + decimal(p.ElevationM, 1) + "</ele>")
	}
	if !p.At.IsZero() {
		b.WriteString("<time>" + stamp(p.At) + "</time>")
	}
	b.WriteString("</trkpt>\n")
}

// element writes a text, "" not at all.
func element(b *bytes.Buffer, name, text string) {
	if text == "" {
		return
	}
	b.WriteString("<" + name + ">")
	_ = xml.EscapeText(b, []byte(text)) // a buffer takes everything
	b.WriteString("</" + name + ">")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func decimal(f float64, digits int) string { return strconv.FormatFloat(f, 'f', digits, 64) }
