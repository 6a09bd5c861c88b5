package share

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
)

// The fonts are part of the program, so that one that can't be read is a mistake of ours.
var (
	regular = sync.OnceValue(func() *sfnt.Font { return parse(goregular.TTF) })
	bold    = sync.OnceValue(func() *sfnt.Font { return parse(gobold.TTF) })
)

func parse(ttf []byte) *sfnt.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic(err)
	}
	return f
}

// newFace returns a font at a size in pixels. A face is for one drawing: it may not be shared by goroutines.
func newFace(f *sfnt.Font, size float64) font.Face {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic(err) // options are constant
	}
	return face
}

// mostRunes of a text are looked at: no card has room for more.
const mostRunes = 300

// joiner makes one sign of two, such as of a runner and ♀: without the first, the second isn't what was written.
const joiner = '\u200d'

// drawable is text as the font can write it: on one line, without what it has no sign for. enough is false where less
// than half of the letters are left.
func drawable(text string, f *sfnt.Font) (line string, enough bool) {
	var b strings.Builder
	var buffer sfnt.Buffer
	letters, left, seen := 0, 0, 0
	var space, joined, dropped bool
	for _, r := range text {
		if seen++; seen > mostRunes {
			break
		}
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		counts := unicode.IsLetter(r) || unicode.IsNumber(r)
		if counts {
			letters++
		}
		if r == joiner {
			joined = true
			continue
		}
		glyph, err := f.GlyphIndex(&buffer, r)
		dropped = err != nil || glyph == 0 || !unicode.IsPrint(r) || joined && dropped
		joined = false
		if dropped {
			continue
		}
		if counts {
			left++
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String(), left > 0 && left*2 >= letters
}

// wrap breaks a line at words to a width, into at most so many lines; what is left over ends in an ellipsis.
func wrap(text string, face font.Face, width, most int) []string {
	fits := func(s string) bool { return font.MeasureString(face, s).Ceil() <= width }
	var lines []string
	for rest := text; rest != ""; {
		end, word := len(rest), 0
		for i, r := range rest {
			if r == ' ' && i > 0 && fits(rest[:i]) {
				word = i
			}
			if !fits(rest[:i+len(string(r))]) {
				end = max(i, 1)
				break
			}
		}
		if len(lines) == most-1 && end < len(rest) {
			return append(lines, shorten(rest[:end], fits))
		}
		if end < len(rest) && word > 0 {
			end = word
		}
		lines, rest = append(lines, rest[:end]), strings.TrimPrefix(rest[end:], " ")
	}
	return lines
}

// shorten takes letters away until an ellipsis fits behind the rest.
func shorten(text string, fits func(string) bool) string {
	runes := []rune(text)
	for len(runes) > 0 && !fits(string(runes)+"…") {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}
