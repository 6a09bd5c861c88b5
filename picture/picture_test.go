package picture_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"musette/picture"
)

// secret stands where metadata could hold it; nothing that comes out may.
const secret = "GPSLatitude51.5007N-0.1246W"

// quarters is a picture whose four quarters tell how it lies: red, green, blue, white.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			switch {
			case x < w/2 && y < h/2:
				c = color.RGBA{255, 0, 0, 255}
			case y < h/2:
				c = color.RGBA{0, 255, 0, 255}
			case x < w/2:
				c = color.RGBA{0, 0, 255, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func segment(mark byte, data string) string {
	n := len(data) + 2
	return string([]byte{0xff, mark, byte(n >> 8), byte(n)}) + data
}

// tiff is what Exif holds: an orientation, a place, and a small picture behind.
func tiff(orientation byte, order binary.AppendByteOrder) string {
	mark := "MM\x00*"
	if order.String() == "LittleEndian" {
		mark = "II*\x00"
	}
	b := order.AppendUint32([]byte(mark), 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x0112), 3), 1), uint16(orientation))
	b = append(b, 0, 0)
	b = order.AppendUint32(order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x8825), 4), 1), 60)
	return string(order.AppendUint32(b, 0)) + secret + "\xff\xd8\xff\xd9"
}

// loaded is a JPEG with a secret in every place that has one in real files.
func loaded(t testing.TB, plain []byte, orientation byte) []byte {
	t.Helper()
	head := segment(0xe0, "JFIF\x00\x01\x02\x00\x00\x48\x00\x48\x01\x01"+secret[:3]) +
		segment(0xe0, "JFXX\x00"+secret) +
		segment(0xe1, "Exif\x00\x00"+tiff(orientation, binary.BigEndian)) +
		segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x>"+secret+"</x>") +
		segment(0xe2, "ICC_PROFILE\x00\x01\x01"+strings.Repeat("p", 16)+"RGB profile") +
		segment(0xe2, "MPF\x00"+secret) +
		segment(0xed, "Photoshop 3.0\x008BIM"+secret) +
		segment(0xef, secret) + segment(0xfe, secret) + "\xff\xff\xff"
	tail := segment(0xfe, secret) // between the picture and its end
	out := append([]byte(nil), plain[:2]...)
	out = append(out, head...)
	out = append(out, plain[3:len(plain)-2]...) // its first marker's 0xff stands in head
	return append(append(append(out, tail...), 0xff, 0xd9), "\xff\xd8"+segment(0xe1, "Exif\x00\x00"+secret)+"film "+secret...)
}

func chunk(name, data string) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, name...), data...)
	return string(binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:])))
}

func loadedPNG(t testing.TB, plain []byte, orientation byte) []byte {
	t.Helper()
	extra := chunk("tEXt", "Comment\x00"+secret) + chunk("iTXt", secret) + chunk("eXIf", tiff(orientation, binary.LittleEndian)) + chunk("prVt", secret)
	return []byte(string(plain[:33]) + extra + string(plain[33:]) + secret)
}

// tinyWebP is one pixel, lossless.
var tinyWebP, _ = base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")

func loadedWebP() []byte {
	part := func(name, data string) string {
		b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(data)))
		return string(b) + data + strings.Repeat("\x00", len(data)%2)
	}
	body := part("VP8X", "\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00") + string(tinyWebP[12:]) +
		part("EXIF", tiff(6, binary.BigEndian)) + part("XMP ", secret)
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
	return []byte(string(head) + "WEBP" + body + secret)
}

func pixels(t *testing.T, body []byte) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func sameBits(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return true
}

func TestNothingButThePictureStays(t *testing.T) {
	plainJPEG, plainPNG := jpegOf(t, quarters(70, 50)), pngOf(t, quarters(70, 50))
	for name, c := range map[string]struct{ loaded, plain []byte }{
		"JPEG": {loaded(t, plainJPEG, 1), plainJPEG},
		"PNG":  {loadedPNG(t, plainPNG, 1), plainPNG},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := picture.Strip(c.loaded)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(out, []byte("GPS")) || bytes.Contains(out, []byte("Exif")) || bytes.Contains(out, []byte("eXIf")) {
				t.Error("metadata came through")
			}
			if !sameBits(pixels(t, out), pixels(t, c.plain)) {
				t.Error("the picture is another one")
			}
			again, err := picture.Strip(out)
			if err != nil || !bytes.Equal(again, out) {
				t.Errorf("what is stripped changes when it is stripped again: %v", err)
			}
		})
	}
	if out, err := picture.Strip(plainPNG); err != nil || !bytes.Equal(out, plainPNG) {
		t.Errorf("a picture without metadata doesn't stay as it is: %v", err)
	}
	out, err := picture.Strip(loadedWebP())
	if err != nil || bytes.Contains(out, []byte("GPS")) {
		t.Fatalf("WebP: %v, or metadata came through", err)
	}
	if c, err := webp.DecodeConfig(bytes.NewReader(tinyWebP)); err != nil || c.Width != 1 {
		t.Fatal(err)
	}
	if out, err := picture.Strip(tinyWebP); err != nil || !bytes.Equal(out, tinyWebP) {
		t.Errorf("a plain WebP doesn't stay as it is: %v", err)
	}
}

func TestTheColourProfileStays(t *testing.T) {
	forms, err := picture.Make(loaded(t, jpegOf(t, quarters(1000, 600)), 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range forms {
		if !bytes.Contains(f.Body, []byte("RGB profile")) {
			t.Errorf("size %d has lost its colour profile", f.Size)
		}
	}
}

// TestSizesAreUpright turns a picture in all eight ways and back.
func TestSizesAreUpright(t *testing.T) {
	plain := quarters(600, 300)
	red, green, blue, white := "red", "green", "blue", "white"
	// What TIFF 6.0 says of each orientation: which corners of the coded picture are top left, top right, bottom left
	// and bottom right of what is seen.
	want := map[byte][4]string{
		1: {red, green, blue, white}, 2: {green, red, white, blue}, 3: {white, blue, green, red}, 4: {blue, white, red, green},
		5: {red, blue, green, white}, 6: {blue, red, white, green}, 7: {white, green, blue, red}, 8: {green, white, red, blue},
	}
	for orientation, corners := range want {
		for _, body := range [][]byte{loaded(t, jpegOf(t, plain), orientation), loadedPNG(t, pngOf(t, plain), orientation)} {
			forms, err := picture.Make(body)
			if err != nil {
				t.Fatal(err)
			}
			if len(forms) != 2 || forms[1].Size != 480 || forms[1].Type != picture.JPEG {
				t.Fatalf("orientation %d: forms of %d × %d: %d of them", orientation, 600, 300, len(forms))
			}
			made := forms[1]
			img := pixels(t, made.Body)
			w, h := 480, 240
			if orientation >= 5 {
				w, h = h, w
			}
			if img.Bounds().Dx() != w || img.Bounds().Dy() != h || made.Width != w || made.Height != h {
				t.Fatalf("orientation %d: %v, said to be %d × %d, want %d × %d", orientation, img.Bounds(), made.Width, made.Height, w, h)
			}
			if o := forms[0]; o.Width*h != o.Height*w || orientation != 1 && !bytes.Contains(o.Body, []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"+string(orientation))) {
				t.Errorf("orientation %d: the original, %d × %d, doesn't say how it lies", orientation, o.Width, o.Height)
			}
			if bytes.Contains(forms[0].Body, []byte("GPS")) || bytes.Contains(made.Body, []byte("GPS")) {
				t.Error("metadata came through")
			}
			for i, at := range []image.Point{{w / 4, h / 4}, {3 * w / 4, h / 4}, {w / 4, 3 * h / 4}, {3 * w / 4, 3 * h / 4}} {
				if got := named(img.At(at.X, at.Y)); got != corners[i] {
					t.Errorf("orientation %d, corner %d: %s, want %s", orientation, i, got, corners[i])
				}
			}
		}
	}
}

func named(c color.Color) string {
	r, g, b, _ := c.RGBA()
	high := func(v uint32) bool { return v > 0x8000 }
	switch [3]bool{high(r), high(g), high(b)} {
	case [3]bool{true, false, false}:
		return "red"
	case [3]bool{false, true, false}:
		return "green"
	case [3]bool{false, false, true}:
		return "blue"
	}
	return "white"
}

func TestNothingIsDrawnLargerThanItIs(t *testing.T) {
	for _, c := range []struct{ w, h, forms int }{{480, 100, 1}, {481, 10, 2}, {100, 960, 2}, {1600, 1, 3}, {1700, 3, 4}, {1, 1, 1}} {
		forms, err := picture.Make(pngOf(t, quarters(c.w, c.h)))
		if err != nil {
			t.Fatal(err)
		}
		if len(forms) != c.forms {
			t.Errorf("%d × %d has %d forms, want %d", c.w, c.h, len(forms), c.forms)
		}
		for i, f := range forms {
			if f.Size != 0 && max(f.Width, f.Height) != f.Size || i > 0 && f.Width > forms[i-1].Width {
				t.Errorf("%d × %d as %d is %d × %d", c.w, c.h, f.Size, f.Width, f.Height)
			}
		}
	}
}

func TestTransparentPicturesStandOnWhite(t *testing.T) {
	forms, err := picture.Make(pngOf(t, image.NewNRGBA(image.Rect(0, 0, 500, 500))))
	if err != nil {
		t.Fatal(err)
	}
	if got := named(pixels(t, forms[1].Body).At(100, 100)); got != "white" {
		t.Errorf("it is %s", got)
	}
}

func TestHostileBytes(t *testing.T) {
	whole := jpegOf(t, quarters(64, 64))
	bomb := pngOf(t, quarters(1, 1)) // says that it is 60,000 pixels wide and high
	copy(bomb[16:], "\x00\x00\xea\x60\x00\x00\xea\x60")
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	wide := bytes.Clone(whole)
	at := bytes.Index(wide, []byte{0xff, 0xc0})
	copy(wide[at+5:], "\xff\xff\xff\xff")
	for name, c := range map[string]struct {
		body []byte
		want picture.Reason
	}{
		"nothing":                {nil, picture.ReasonEmpty},
		"50 MB":                  {append(bytes.Clone(whole), make([]byte, 50<<20)...), picture.ReasonLarge},
		"a page":                 {[]byte("\n<!DOCTYPE html><title>503</title>"), picture.ReasonPage},
		"a fault of a store":     {[]byte("<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"), picture.ReasonPage},
		"a drawing":              {[]byte("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), picture.ReasonSVG},
		"a drawing behind a BOM": {[]byte("\xef\xbb\xbf<?xml version='1.0'?>\n<svg onload='x()'/>"), picture.ReasonSVG},
		"a film":                 {[]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), picture.ReasonVideo},
		"a playlist":             {[]byte("#EXTM3U\n#EXT-X-VERSION:3\n"), picture.ReasonVideo},
		"a webm":                 {[]byte("\x1a\x45\xdf\xa3\x01\x00"), picture.ReasonVideo},
		"HEIC":                   {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), picture.ReasonUnknown},
		"text":                   {[]byte("no such picture\n"), picture.ReasonUnknown},
		"JSON":                   {[]byte(`{"message":"Forbidden"}`), picture.ReasonUnknown},
		"a bomb":                 {bomb, picture.ReasonPixels},
		"a wide JPEG":            {wide, picture.ReasonPixels},
		"half a JPEG":            {whole[:len(whole)/2], picture.ReasonDamaged},
		"a JPEG without end":     {whole[:len(whole)-2], picture.ReasonDamaged},
		"the start of a JPEG":    {whole[:3], picture.ReasonDamaged},
		"half a PNG":             {pngOf(t, quarters(64, 64))[:60], picture.ReasonDamaged},
		"a WebP that is short":   {tinyWebP[:20], picture.ReasonDamaged},
	} {
		_, err := picture.Make(c.body)
		why, ok := errors.AsType[*picture.Error](err)
		if !ok || why.Reason != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// FuzzStrip: whatever the bytes are, nothing that names a place comes out, what comes out is a picture of the same size,
// and it stays as it is.
func FuzzStrip(f *testing.F) {
	plain, plainPNG := jpegOf(f, quarters(16, 8)), pngOf(f, quarters(16, 8))
	for _, body := range [][]byte{plain, plainPNG, loaded(f, plain, 6), loadedPNG(f, plainPNG, 3), tinyWebP, loadedWebP(), plain[:200]} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		out, err := picture.Strip(body)
		if err != nil {
			if _, ok := errors.AsType[*picture.Error](err); !ok {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		before, err := picture.Inspect(body)
		if err != nil {
			t.Fatal(err)
		}
		after, err := picture.Inspect(out)
		if err != nil || after != before {
			t.Fatalf("%v became %v: %v", before, after, err)
		}
		again, err := picture.Strip(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("stripped twice it is another one: %v", err)
		}
		if before.Width*before.Height < 1<<16 {
			_, _ = picture.Make(body) // it may not panic
		}
	})
}
