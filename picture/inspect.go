package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"
)

// A Reason is why something can't be kept as a picture, in words that people read.
type Reason string

// The reasons.
const (
	ReasonEmpty   Reason = "nothing came"
	ReasonLarge   Reason = "the file is too large"
	ReasonPixels  Reason = "the picture has too many pixels"
	ReasonVideo   Reason = "it is a video"
	ReasonSVG     Reason = "it is a drawing (SVG), which could hold a program"
	ReasonPage    Reason = "it is a web page, not a picture"
	ReasonUnknown Reason = "it is no picture of a kind that is known here"
	ReasonDamaged Reason = "the picture is cut short or damaged"
)

// Error says why bytes can't be kept as a picture.
type Error struct {
	Reason Reason
	Detail string // more for a log, "" if there is none
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Detail
}

func damaged(format string, args ...any) error {
	return &Error{ReasonDamaged, fmt.Sprintf(format, args...)}
}

// What is taken in at most.
const (
	// MaxBytes is how large a file may be. Strava's own are below 3 MB.
	MaxBytes = 24 << 20
	// maxPixels bounds the memory that decoding takes, to about 400 MB for the worst kind of JPEG. Strava's are at most
	// 5,000 pixels wide or high, mostly 2,048.
	maxPixels = 30_000_000
	maxSide   = 1 << 14
)

// The formats, by their media types.
const (
	JPEG = "image/jpeg"
	PNG  = "image/png"
	WebP = "image/webp"
)

// Info is what a picture says of itself.
type Info struct {
	Type          string // JPEG, PNG or WebP
	Width, Height int    // in pixels as it is coded, before it is turned
}

// Inspect says what bytes are, by themselves and not by what a server called them, without decoding the picture. An error
// is an [*Error].
func Inspect(body []byte) (Info, error) {
	switch {
	case len(body) == 0:
		return Info{}, &Error{Reason: ReasonEmpty}
	case len(body) > MaxBytes:
		return Info{}, &Error{ReasonLarge, fmt.Sprintf("over %d MB", MaxBytes>>20)}
	}
	kind := sniff(body)
	if kind == "" {
		return Info{}, &Error{Reason: notPicture(body)}
	}
	config := map[string]func([]byte) (image.Config, error){
		JPEG: func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) },
		PNG:  func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) },
		WebP: func(b []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(b)) },
	}[kind]
	c, err := config(body)
	if err != nil {
		return Info{}, damaged("%v", err)
	}
	if c.Width < 1 || c.Height < 1 {
		return Info{}, damaged("it has no pixels")
	}
	if c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels {
		return Info{}, &Error{ReasonPixels, fmt.Sprintf("%d × %d", c.Width, c.Height)}
	}
	return Info{kind, c.Width, c.Height}, nil
}

// sniff knows a format by its first bytes; "" if it is none that is kept.
func sniff(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte{0xff, 0xd8, 0xff}):
		return JPEG
	case bytes.HasPrefix(b, pngMagic):
		return PNG
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return WebP
	}
	return ""
}

// notPicture says what else bytes are.
func notPicture(b []byte) Reason {
	head := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(b[:min(len(b), 1024)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	brand := ""
	if len(b) >= 12 && string(b[4:8]) == "ftyp" {
		brand = string(b[8:12])
	}
	switch {
	case brand == "heic" || brand == "heix" || brand == "mif1" || brand == "avif":
		return ReasonUnknown
	case brand != "", bytes.HasPrefix(b, []byte{0x1a, 0x45, 0xdf, 0xa3}), bytes.HasPrefix(head, []byte("#extm3u")):
		return ReasonVideo
	case bytes.HasPrefix(head, []byte("<svg")), bytes.HasPrefix(head, []byte("<?xml")) && bytes.Contains(head, []byte("<svg")):
		return ReasonSVG
	case bytes.HasPrefix(head, []byte("<")):
		return ReasonPage
	}
	return ReasonUnknown
}
