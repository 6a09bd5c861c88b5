package picture

import (
	"bytes"
	"encoding/binary"
)

// The markers of JPEG that need telling apart (ISO/IEC 10918-1, table B.1).
const (
	markSOI  = 0xd8
	markEOI  = 0xd9
	markSOS  = 0xda
	markAPP0 = 0xe0
	markAPP1 = 0xe1
	markAPP2 = 0xe2
	markAPPE = 0xee
	markAPPF = 0xef
	markJPG0 = 0xf0 // to 0xfd: extensions that nobody uses
	markCOM  = 0xfe
	markTEM  = 0x01
	markRST0 = 0xd0
	markRST7 = 0xd7
)

var (
	exifName  = []byte("Exif\x00\x00")
	iccName   = []byte("ICC_PROFILE\x00")
	jfifName  = []byte("JFIF\x00")
	adobeName = []byte("Adobe")
)

// maxProfile bounds the colour profile that is kept, in bytes. Those of cameras have a few hundred to a few thousand.
const maxProfile = 64 << 10

// A jpegFile is a JPEG taken apart.
type jpegFile struct {
	coded       []byte // from SOI to EOI, of segments only those that the picture is made of
	profile     []byte // the segments of its colour profile, as they stand in the file
	orientation int
}

// parseJPEG walks through the segments. What follows the end isn't looked at: cameras put films and further pictures
// there, each with its own metadata.
func parseJPEG(b []byte) (jpegFile, error) {
	f := jpegFile{orientation: upright}
	if len(b) < 2 || b[0] != 0xff || b[1] != markSOI {
		return f, damaged("it doesn't begin as a JPEG")
	}
	f.coded = append(make([]byte, 0, len(b)), b[:2]...)
	rest := b[2:]
	for {
		mark, after, err := nextMarker(rest)
		if err != nil {
			return f, err
		}
		switch {
		case mark == markEOI:
			f.coded = append(f.coded, 0xff, markEOI)
			return f, nil
		case mark == markTEM, mark >= markRST0 && mark <= markRST7: // they stand alone, and mean nothing here
			rest = after
			continue
		case mark == 0, mark == markSOI:
			return f, damaged("an unexpected marker %#x", mark)
		}
		if len(after) < 2 {
			return f, damaged("it ends within a segment")
		}
		n := int(binary.BigEndian.Uint16(after))
		if n < 2 || n > len(after) {
			return f, damaged("it ends within a segment")
		}
		f.segment(mark, after[2:n])
		rest = after[n:]
		if mark == markSOS {
			n := scanLength(rest)
			f.coded = append(f.coded, rest[:n]...)
			rest = rest[n:]
		}
	}
}

// nextMarker returns a marker and what follows it.
func nextMarker(b []byte) (mark byte, after []byte, err error) {
	if len(b) == 0 {
		return 0, nil, damaged("its end is missing")
	}
	if b[0] != 0xff {
		return 0, nil, damaged("a marker is missing")
	}
	for len(b) > 0 && b[0] == 0xff { // any number of them may fill the place before a marker
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, nil, damaged("its end is missing")
	}
	return b[0], b[1:], nil
}

// scanLength is how long the coded data are that follow a scan's header: to the next marker that isn't part of them.
func scanLength(b []byte) int {
	for i := 0; i+1 < len(b); i++ {
		if b[i] != 0xff {
			continue
		}
		if next := b[i+1]; next != 0 && next != 0xff && (next < markRST0 || next > markRST7) {
			return i
		}
	}
	return len(b)
}

// segment keeps what the picture is made of, and the little else that is needed to show it.
func (f *jpegFile) segment(mark byte, data []byte) {
	switch {
	case mark == markAPP0 && bytes.HasPrefix(data, jfifName) && len(data) >= 14:
		jfif := bytes.Clone(data[:14])
		jfif[12], jfif[13] = 0, 0 // the size of the small picture that would follow
		f.coded = appendSegment(f.coded, mark, jfif)
	case mark == markAPP1 && bytes.HasPrefix(data, exifName):
		if f.orientation == upright {
			f.orientation = orientation(data[len(exifName):])
		}
	case mark == markAPP2 && bytes.HasPrefix(data, iccName):
		if len(f.profile)+len(data) <= maxProfile {
			f.profile = appendSegment(f.profile, mark, data)
			f.coded = appendSegment(f.coded, mark, data)
		}
	case mark == markAPPE && bytes.HasPrefix(data, adobeName) && len(data) >= 12: // says how colours are coded
		f.coded = appendSegment(f.coded, mark, data[:12])
	case mark >= markAPP0 && mark <= markAPPF, mark >= markJPG0 && mark <= markCOM:
	default:
		f.coded = appendSegment(f.coded, mark, data)
	}
}

func appendSegment(b []byte, mark byte, data []byte) []byte {
	b = append(b, 0xff, mark)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)+2)) //nolint:gosec // it came out of such a number
	return append(b, data...)
}

// stripped is the file without metadata.
func (f *jpegFile) stripped() []byte {
	if f.orientation == upright {
		return f.coded
	}
	return insertSegments(f.coded, appendSegment(nil, markAPP1, append(bytes.Clone(exifName), orientationOnly(f.orientation)...)))
}

// rgbProfile is the colour profile, as segments, where it is one for the colours that a decoded picture has.
func (f *jpegFile) rgbProfile() []byte {
	const head, space = 4 + 12 + 2, 16 // marker, length, name and numbers; where the profile says what it is for
	if p := f.profile; len(p) >= head+space+4 && string(p[head+space:head+space+4]) == "RGB " {
		return p
	}
	return nil
}

// insertSegments puts segments behind a JPEG's first marker, or behind its JFIF header, which has to be the first.
func insertSegments(jpeg, segments []byte) []byte {
	at := 2
	if len(jpeg) > 6 && jpeg[3] == markAPP0 {
		at = 4 + int(binary.BigEndian.Uint16(jpeg[4:]))
	}
	return append(append(append(make([]byte, 0, len(jpeg)+len(segments)), jpeg[:at]...), segments...), jpeg[at:]...)
}
