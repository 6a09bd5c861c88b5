package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"musette"
	"musette/picture"
	"musette/store"
)

// A PictureFunc returns what is kept of an athlete under a SHA-256 (in hex). If it isn't here the error is any but a
// [*store.Error], which says that the database can't be reached.
type PictureFunc func(ctx context.Context, athleteID int64, sha string) ([]byte, error)

// The caching of a picture: its address has the hash of its content, so what it names never changes. But caches between
// here and strangers ask again after an hour, as whether they may see it does. A smaller size that isn't made yet is
// answered by the picture as it came, for a while.
const (
	pictureLasts  = "max-age=31536000, immutable"
	pictureShared = ", s-maxage=3600"
	pictureWaits  = "max-age=60"
)

// originalSize is what the size is called that a picture has when it comes.
const originalSize = "original"

// getPicture answers GET /p/{id}/{size}. Whether the visitor may see it is asked each time: strangers see a picture while
// an activity that they see shows it.
func (s *Server) getPicture(w http.ResponseWriter, r *http.Request) error {
	reader, err := s.read(r)
	if err != nil {
		return err
	}
	if _, err := params(r); err != nil {
		return err
	}
	view, err := s.view()
	if err != nil {
		return err
	}
	size, ok := pictureSize(r.PathValue("size"))
	if !ok {
		return notFound("Pictures have the sizes " + sizesInWords() + ".")
	}
	athlete, photo, ok := view.Picture(r.PathValue("id"), reader)
	if !ok || s.config.Picture == nil {
		return notFound("There is no such picture here, or it isn't yours to see.")
	}
	sha, mediaType, lasts := pick(photo.Kept, size)
	body, err := s.config.Picture(r.Context(), athlete, sha)
	if err != nil && sha != photo.Kept.SHA256 && r.Context().Err() == nil { // the size is missing, not the picture
		sha, mediaType, lasts = photo.Kept.SHA256, photo.Kept.Type, pictureWaits
		body, err = s.config.Picture(r.Context(), athlete, sha)
	}
	if trouble, ok := errors.AsType[*store.Error](err); ok && errors.Is(trouble, store.ErrUnreachable) {
		return unavailable("The database can't be reached, and the picture is in it. No data is lost. Try again in a minute.")
	}
	if err != nil {
		if r.Context().Err() == nil {
			s.config.Log.Warn("a picture that should be here isn't; it is looked for, or fetched again", "error", err, "request", requestID(r))
		}
		return notFound("This picture is missing here just now.")
	}
	caching := "private, " + lasts
	if !reader.Owner {
		caching = "public, " + lasts
		if lasts == pictureLasts {
			caching += pictureShared
		}
	}
	h := w.Header()
	h.Set("Cache-Control", caching)
	h.Set("ETag", `"`+sha+`"`)
	h.Set("Content-Type", mediaType)
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
}

// pictureSize reads a size; 0 is the original.
func pictureSize(text string) (size int, ok bool) {
	if text == originalSize {
		return 0, true
	}
	for _, size := range picture.Sizes {
		if text == strconv.Itoa(size) {
			return size, true
		}
	}
	return 0, false
}

func sizesInWords() string {
	text := ""
	for _, size := range picture.Sizes {
		text += strconv.Itoa(size) + ", "
	}
	return text[:len(text)-2] + " and " + originalSize
}

// pick chooses what is sent for a size: nothing is drawn larger than it is, so the next smaller one there is stands for a
// size that a picture hasn't.
func pick(k *musette.Kept, size int) (sha, mediaType, lasts string) {
	switch form, ok := k.Forms[size]; {
	case ok:
		return form, picture.JPEG, pictureLasts
	case size == 0 || k.Made:
		return k.SHA256, k.Type, pictureLasts
	}
	return k.SHA256, k.Type, pictureWaits
}
