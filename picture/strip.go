package picture

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

var pngMagic = []byte("\x89PNG\r\n\x1a\n")

// pngKept are the chunks that a PNG is shown by (W3C PNG, third edition, section 11); all others, texts, times and Exif
// among them, go.
var pngKept = []string{"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "pHYs", "bKGD"}

// pngHead is where the chunk ends that every PNG begins with.
const pngHead = 8 + 12 + 13

// stripPNG returns the file without metadata, but for its orientation.
func stripPNG(b []byte) (out []byte, turned int, err error) {
	turned = upright
	out = append(make([]byte, 0, len(b)), pngMagic...)
	for rest := b[len(pngMagic):]; ; {
		if len(out) == len(pngMagic) && (len(rest) < 8 || string(rest[:8]) != "\x00\x00\x00\rIHDR") {
			return nil, 0, damaged("it doesn't begin as a PNG")
		}
		if len(rest) < 12 {
			return nil, 0, damaged("its end is missing")
		}
		n := uint64(binary.BigEndian.Uint32(rest))
		if n+12 > uint64(len(rest)) {
			return nil, 0, damaged("it ends within a chunk")
		}
		chunk, name := rest[:n+12], string(rest[4:8])
		rest = rest[n+12:]
		switch {
		case name == "eXIf":
			turned = orientation(chunk[8 : 8+n])
			continue
		case name == "iCCP" && n > maxProfile, !slices.Contains(pngKept, name):
			continue
		}
		out = append(out, chunk...)
		if name == "IEND" {
			if turned != upright {
				out = slices.Insert(out, pngHead, appendChunk(nil, "eXIf", orientationOnly(turned))...)
			}
			return out, turned, nil
		}
	}
}

func appendChunk(b []byte, name string, data []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(data))) //nolint:gosec // a few bytes
	from := len(b)
	b = append(append(b, name...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[from:]))
}

// webpKept are the chunks that a still WebP is shown by (RFC 9649).
var webpKept = []string{"VP8 ", "VP8L", "VP8X", "ALPH", "ICCP"}

// The flags of a VP8X chunk that say which metadata follow.
const (
	webpXMP  = 1 << 2
	webpExif = 1 << 3
)

// stripWebP returns the file without metadata, but for its orientation.
func stripWebP(b []byte) (out []byte, turned int, err error) {
	const head = 12
	turned = upright
	size := uint64(binary.LittleEndian.Uint32(b[4:])) + 8
	if size < head || size > uint64(len(b)) {
		return nil, 0, damaged("its end is missing")
	}
	out = append(make([]byte, 0, size), b[:head]...)
	extended := 0 // where the flags are
	for rest := b[head:size]; len(rest) > 0; {
		if len(rest) < 8 {
			return nil, 0, damaged("it ends within a chunk")
		}
		n := uint64(binary.LittleEndian.Uint32(rest[4:]))
		whole := 8 + n + n%2
		if whole > uint64(len(rest)) {
			return nil, 0, damaged("it ends within a chunk")
		}
		name := string(rest[:4])
		switch {
		case name == "EXIF":
			turned = orientation(rest[8 : 8+n])
		case name == "ICCP" && n > maxProfile, !slices.Contains(webpKept, name):
		default:
			if name == "VP8X" && n >= 10 && extended == 0 {
				extended = len(out) + 8
			}
			out = append(out, rest[:whole]...)
		}
		rest = rest[whole:]
	}
	if extended != 0 {
		out[extended] &^= webpXMP | webpExif
		if turned != upright {
			out[extended] |= webpExif
			tiff := orientationOnly(turned)
			out = append(out, "EXIF"...)
			out = append(binary.LittleEndian.AppendUint32(out, uint32(len(tiff))), tiff...) //nolint:gosec // a few bytes
		}
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8)) //nolint:gosec // no more than before
	return out, turned, nil
}

// Strip returns the same picture without its metadata; the colour profile and the orientation stay. The coded picture
// is the same byte for byte. An error is an [*Error].
func Strip(body []byte) ([]byte, error) {
	info, err := Inspect(body)
	if err != nil {
		return nil, err
	}
	s, err := strip(info.Type, body)
	return s.body, err
}

// bare is a picture without its metadata.
type bare struct {
	body        []byte
	orientation int
	profile     []byte // for pictures made of it, as segments of a JPEG
}

func strip(kind string, body []byte) (s bare, err error) {
	switch kind {
	case JPEG:
		f, err := parseJPEG(body)
		if err != nil {
			return s, err
		}
		return bare{f.stripped(), f.orientation, f.rgbProfile()}, nil
	case PNG:
		s.body, s.orientation, err = stripPNG(body)
	default:
		s.body, s.orientation, err = stripWebP(body)
	}
	return s, err
}
