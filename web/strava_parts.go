package web

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"musette"
)

// What belongs to an activity: each answer is its document, or a part of it.

var emptyList = []byte("[]")

// partOr returns a part of the activity in the path as its elements; none where nothing is counted.
func (q *stravaRequest) list(p musette.Part, counted func(musette.Basics) int, why string) ([][]byte, error) {
	docs, b, err := q.documents()
	if err != nil {
		return nil, err
	}
	d := part(docs, p)
	if d == nil {
		if b.ID != 0 && counted(b) == 0 {
			return nil, nil
		}
		return nil, notHere("Activity", string(p), why)
	}
	list, ok := elements(d.Body)
	if !ok {
		return nil, notHere("Activity", string(p), why)
	}
	return list, nil
}

// comments answers /activities/{id}/comments, oldest first: by page_size and after_cursor, where each comment has its
// cursor, or the older way by page and per_page.
func (q *stravaRequest) comments() ([]byte, error) {
	offset, limit, err := q.paging()
	if err != nil {
		return nil, err
	}
	byCursor := q.values.Has("page_size") || q.values.Has("after_cursor")
	size, err := q.whole("page_size", stravaPage, 1, stravaMaxPage)
	if err != nil {
		return nil, err
	}
	all, err := q.list(musette.PartComments, func(b musette.Basics) int { return b.CommentCount }, "its comments aren't in the copy yet")
	if err != nil {
		return nil, err
	}
	if !byCursor {
		return joinArray(cut(all, offset, limit)), nil
	}
	from := 0
	if after := q.values.Get("after_cursor"); after != "" {
		if from, err = afterCursor(all, after); err != nil {
			return nil, err
		}
	}
	page := slices.Clone(cut(all, from, size))
	for i, comment := range page {
		list, ok := members(comment)
		if ok && textIn(list, "cursor") == "" {
			text, _ := jsontext.AppendQuote(nil, cursorOf(list))
			page[i] = joinObject(replaced(list, "cursor", text))
		}
	}
	return joinArray(page), nil
}

// cursorOf is a comment's cursor: Strava's own, or one of the same kind. It is percent-encoded, and so is encoded twice
// in an address.
func cursorOf(comment []member) string {
	if text := textIn(comment, "cursor"); text != "" {
		return text
	}
	at, _ := time.Parse(time.RFC3339, textIn(comment, "created_at"))
	text := fmt.Sprintf(`{"id":%s,"createdAt":%d}`, bytes.TrimSpace(valueIn(comment, "id")), at.UnixMilli())
	return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(text)))
}

// afterCursor is where the comments behind a cursor begin. The comment may have gone meanwhile: the cursor has its time.
func afterCursor(all [][]byte, cursor string) (int, error) {
	bad := stravaBadParam("after_cursor", "invalid", "it is the cursor of a comment in the page before, as it stands there and then encoded")
	plain, err := url.PathUnescape(cursor) // encoded twice or once: a plus sign stays one
	if err != nil {
		return 0, bad
	}
	for i, comment := range all {
		list, _ := members(comment)
		if own := cursorOf(list); own == cursor || own == url.QueryEscape(plain) {
			return i + 1, nil
		}
	}
	text, err := base64.StdEncoding.DecodeString(plain)
	var at struct {
		ID        int64 `json:"id"`
		CreatedAt int64 `json:"createdAt"`
	}
	if err != nil || json.Unmarshal(text, &at) != nil || at.ID == 0 {
		return 0, bad
	}
	for i, comment := range all {
		list, _ := members(comment)
		if created, err := time.Parse(time.RFC3339, textIn(list, "created_at")); err == nil && created.UnixMilli() > at.CreatedAt {
			return i, nil
		}
	}
	return len(all), nil
}

// photos answers /activities/{id}/photos. Strava keys each picture by the size that was asked for; the copy has the
// largest, which stands in for every size.
func (q *stravaRequest) photos() ([]byte, error) {
	offset, limit, err := q.paging()
	if err != nil {
		return nil, err
	}
	size, err := q.whole("size", 0, 1, 1<<20)
	if err != nil {
		return nil, err
	}
	all, err := q.list(musette.PartPhotos, func(b musette.Basics) int { return b.PhotoCount }, "its photos aren't in the copy yet")
	if err != nil {
		return nil, err
	}
	if !q.values.Has("per_page") {
		limit = len(all) // Strava answers with all of them
	}
	page := slices.Clone(cut(all, offset, limit))
	if size > 0 {
		for i, photo := range page {
			page[i] = underSize(photo, strconv.Itoa(size))
		}
	}
	return joinArray(page), nil
}

// underSize puts a photo's largest picture under the size asked for, where it isn't there.
func underSize(photo []byte, size string) []byte {
	list, ok := members(photo)
	if !ok {
		return photo
	}
	for _, name := range []string{"urls", "sizes"} {
		sizes, ok := members(valueIn(list, name))
		if !ok || len(sizes) == 0 || valueIn(sizes, size) != nil {
			continue
		}
		largest := slices.MaxFunc(sizes, func(a, b member) int { return pixels(a.name) - pixels(b.name) })
		list = replaced(list, name, joinObject([]member{{size, largest.value}}))
	}
	return joinObject(list)
}

func pixels(key string) int {
	n, _ := strconv.Atoi(key)
	return n
}

// kudos answers /activities/{id}/kudos. Who gave them is never fetched, so only none can be told.
func (q *stravaRequest) kudos() ([]byte, error) {
	if _, _, err := q.paging(); err != nil {
		return nil, err
	}
	_, b, err := q.documents()
	switch {
	case err != nil:
		return nil, err
	case b.ID != 0 && b.Kudos == 0:
		return emptyList, nil
	}
	return nil, notHere("Activity", "kudos", "the copy has the number of kudos, in kudos_count, but not who gave them")
}

// laps answers /activities/{id}/laps with those in the detail.
func (q *stravaRequest) laps() ([]byte, error) {
	docs, _, err := q.documents()
	if err != nil {
		return nil, err
	}
	d := part(docs, musette.PartDetail)
	if d == nil {
		return nil, notHere("Activity", "laps", "its details, which have the laps, aren't in the copy yet")
	}
	list, _ := members(d.Body)
	if laps := valueIn(list, "laps"); len(laps) > 0 && laps[0] == '[' {
		return laps, nil
	}
	return emptyList, nil
}

// streams answers /activities/{id}/streams and streams/{keys}: an object by type with key_by_type, else an array.
// Without keys only the distance comes, as from Strava. Types that aren't there are left out.
func (q *stravaRequest) streams() ([]byte, error) {
	byType := false
	switch text := q.values.Get("key_by_type"); text {
	case "", "false", "0":
	case "true", "1":
		byType = true
	default:
		return nil, stravaBadParam("key_by_type", "invalid", "it is true or false")
	}
	keys := q.values["keys"]
	if in := q.PathValue("keys"); in != "" {
		keys = []string{in}
	}
	wanted := set(strings.Split(strings.Join(keys, ","), ",")...)
	if len(keys) == 0 {
		wanted = set("distance")
	}
	docs, _, err := q.documents()
	if err != nil {
		return nil, err
	}
	d := part(docs, musette.PartStreams)
	if d == nil {
		return nil, notHere("Activity", "streams", "its streams aren't in the copy; MUSETTE_STREAMS=recent or all has them fetched")
	}
	all, ok := members(d.Body)
	if !ok {
		return nil, newFault(http.StatusNotFound, "Resource Not Found: its streams can't be read", "Activity", "streams", "not cached")
	}
	kept := slices.DeleteFunc(all, func(m member) bool { return !wanted[m.name] })
	if byType {
		return joinObject(kept), nil
	}
	list := make([][]byte, 0, len(kept))
	for _, m := range kept {
		stream, ok := members(m.value)
		if !ok {
			continue
		}
		name, _ := jsontext.AppendQuote(nil, m.name)
		list = append(list, joinObject(append([]member{{"type", name}}, stream...)))
	}
	return joinArray(list), nil
}
