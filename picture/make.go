package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Sizes are those that are made, in pixels of the longer side, the largest first. A picture is never drawn larger than it
// is: one that is smaller than a size has none of it.
var Sizes = []int{1600, 960, 480}

// quality is that of the JPEGs that are made.
const quality = 82

// A Form is one of a picture's sizes.
type Form struct {
	Size          int    // one of Sizes, or 0 for the picture as it came, without its metadata
	Width, Height int    // in pixels as it is shown, so after it is turned
	Type          string // its media type
	Body          []byte
}

// Make returns what is kept of a photo: the picture as it came without its metadata, and its smaller sizes as JPEGs,
// upright, the largest first. The same bytes always give the same forms. It takes some tenths of a second for a photo from
// a phone. An error is an [*Error].
func Make(body []byte) ([]Form, error) {
	info, err := Inspect(body)
	if err != nil {
		return nil, err
	}
	s, err := strip(info.Type, body)
	if err != nil {
		return nil, err
	}
	img, err := decode(info.Type, s.body)
	if err != nil {
		return nil, damaged("%v", err)
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	original := Form{Width: w, Height: h, Type: info.Type, Body: s.body}
	if sideways(s.orientation) {
		original.Width, original.Height = h, w
	}
	forms := []Form{original}
	for _, size := range Sizes {
		if max(w, h) <= size {
			continue
		}
		img = scale(img, size)
		shown := turn(img.(*image.RGBA), s.orientation)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, shown, &jpeg.Options{Quality: quality}); err != nil {
			return nil, damaged("%v", err)
		}
		made := b.Bytes()
		if s.profile != nil {
			made = insertSegments(made, s.profile)
		}
		forms = append(forms, Form{size, shown.Rect.Dx(), shown.Rect.Dy(), JPEG, made})
	}
	return forms, nil
}

// Fit returns the dimensions in which a picture is shown where its longer side may have size pixels.
func Fit(w, h, size int) (int, int) {
	long := max(w, h)
	if long <= size {
		return w, h
	}
	fit := func(n int) int { return max(1, (n*size+long/2)/long) }
	return fit(w), fit(h)
}

func decode(kind string, body []byte) (image.Image, error) {
	r := bytes.NewReader(body)
	switch kind {
	case JPEG:
		return jpeg.Decode(r)
	case PNG:
		return png.Decode(r)
	}
	return webp.Decode(r)
}

// scale draws a picture so that its longer side has size pixels, on white where it is transparent.
func scale(img image.Image, size int) *image.RGBA {
	from := img.Bounds()
	w, h := from.Dx(), from.Dy()
	outW, outH := Fit(w, h, size)
	out := image.NewRGBA(image.Rect(0, 0, outW, outH))
	opaque, ok := img.(interface{ Opaque() bool })
	op := draw.Src
	if !ok || !opaque.Opaque() {
		draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
		op = draw.Over
	}
	draw.CatmullRom.Scale(out, out.Rect, img, from, op, nil)
	return out
}

// sideways reports whether an orientation exchanges width and height.
func sideways(orientation int) bool { return orientation >= 5 }

// turn returns the picture as an orientation says it is to be shown.
func turn(img *image.RGBA, orientation int) *image.RGBA {
	if orientation == upright {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	outW, outH := w, h
	if sideways(orientation) {
		outW, outH = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, outW, outH))
	for y := range outH {
		for x := range outW {
			from := [...]image.Point{
				2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {y, h - 1 - x}, 7: {w - 1 - y, h - 1 - x}, 8: {w - 1 - y, x},
			}[orientation]
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(from.X, from.Y):][:4])
		}
	}
	return out
}

// Original is the first of the forms that Make returns, without the others: quick, since the picture isn't decoded.
func Original(body []byte) (Form, error) {
	info, err := Inspect(body)
	if err != nil {
		return Form{}, err
	}
	s, err := strip(info.Type, body)
	if err != nil {
		return Form{}, err
	}
	f := Form{Width: info.Width, Height: info.Height, Type: info.Type, Body: s.body}
	if sideways(s.orientation) {
		f.Width, f.Height = f.Height, f.Width
	}
	return f, nil
}
