// Package picture makes what is kept of a photo from the bytes that came: it says what they are and whether they are a
// picture at all, takes out everything that isn't the picture (where it was taken, with which camera, when, by whom, and
// whatever follows its end), and makes the smaller sizes that pages show. It does no I/O and keeps nothing.
//
//	body ─ Inspect: format, dimensions, nothing decoded yet ─ Strip: the same picture without metadata ─ Make: all forms
//
// A stripped JPEG has the very same coded picture as before. What stays besides is a colour profile, without which some
// cameras' colours are wrong, and the orientation, without which some pictures lie on their side; it stands in an Exif
// block of our own that has nothing else.
//
// The bytes are anybody's. Dimensions are checked before anything is decoded, and what can't be kept is an [Error] with
// its [Reason].
package picture
