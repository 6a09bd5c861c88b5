// Package share draws the picture that other sites and messengers show beside a link: a route, a name and numbers, 1200
// by 630 pixels, as PNG. It is pure; the same card gives the same bytes.
//
// Letters are those of the Go fonts (golang.org/x/image/font/gofont, under Go's own licence), which have Latin, Greek and
// Cyrillic. What they lack is left out, and a name of which too little is left gives way to another text.
package share
