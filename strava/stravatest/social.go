package stravatest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"musette/strava/stravatest/season"
)

// comment has the members of recorded comments, in their order.
type comment struct {
	ID            int64   `json:"id"`
	ActivityID    int64   `json:"activity_id"`
	PostID        *int64  `json:"post_id"`
	ResourceState int     `json:"resource_state"`
	Text          string  `json:"text"`
	Mentions      *string `json:"mentions_metadata"`
	CreatedAt     string  `json:"created_at"`
	Cursor        *string `json:"cursor"`
	Athlete       person  `json:"athlete"`
	Reactions     int     `json:"reaction_count"`
	HasReacted    bool    `json:"has_reacted"`
}

// person is somebody else: no id, and an initial for the last name.
type person struct {
	ResourceState int    `json:"resource_state"`
	FirstName     string `json:"firstname"`
	LastName      string `json:"lastname"`
}

func personOf(p season.Person) person {
	last := p.Last
	if r := []rune(last); len(r) > 0 && !strings.HasSuffix(last, ".") {
		last = string(r[:1]) + "."
	}
	return person{2, p.First, last}
}

// cursor names a comment to page on from. Strava's is opaque, and percent-
// encoded once already.
func cursor(c season.Comment) string {
	text := fmt.Sprintf(`{"id":%d,"createdAt":%d}`, c.ID, c.At.UnixMilli())
	return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(text)))
}

// listComments answers GET /activities/{id}/comments, oldest first. Cursors
// are filled in only where the request pages by them. A cursor must come
// back as it was given, so that it stands encoded twice in the query.
func (s *Server) listComments(q *request, a *activity) reply {
	list := slices.Clone(a.Comments)
	slices.SortStableFunc(list, func(x, y season.Comment) int { return x.At.Compare(y.At) })
	query := q.URL.Query()
	byCursor := query.Has("page_size") || query.Has("after_cursor")
	if byCursor {
		size, ok := q.whole("page_size", 30, 1, 200)
		if !ok {
			return badParameter("Comment", "page_size", "invalid")
		}
		if after := query.Get("after_cursor"); after != "" {
			if list, ok = pageAfter(list, after); !ok {
				return badParameter("Comment", "after_cursor", "invalid")
			}
		}
		list = list[:min(size, len(list))]
	} else {
		var refused reply
		var ok bool
		if list, refused, ok = page(q, list); !ok {
			return refused
		}
	}
	out := make([]comment, 0, len(list))
	for _, c := range list {
		w := comment{
			ID: c.ID, ActivityID: a.ID, ResourceState: 2, Text: c.Text, CreatedAt: stamp(c.At),
			Athlete: personOf(c.By), Reactions: c.Reactions,
		}
		if byCursor {
			text := cursor(c)
			w.Cursor = &text
		}
		out = append(out, w)
	}
	return okJSON(out)
}

// pageAfter returns the comments after the one that the cursor names, which
// may have been removed meanwhile: the cursor holds its time.
func pageAfter(list []season.Comment, after string) ([]season.Comment, bool) {
	if i := slices.IndexFunc(list, func(c season.Comment) bool { return cursor(c) == after }); i >= 0 {
		return list[i+1:], true
	}
	plain, err := url.QueryUnescape(after)
	if err != nil {
		return nil, false
	}
	text, err := base64.StdEncoding.DecodeString(plain)
	if err != nil {
		return nil, false
	}
	var gone season.Comment
	var ms int64
	if _, err := fmt.Sscanf(string(text), `{"id":%d,"createdAt":%d}`, &gone.ID, &ms); err != nil {
		return nil, false
	}
	if gone.At = time.UnixMilli(ms); cursor(gone) != after {
		return nil, false
	}
	i, _ := slices.BinarySearchFunc(list, ms+1, func(c season.Comment, ms int64) int { return cmp.Compare(c.At.UnixMilli(), ms) })
	return list[i:], true
}

// listKudos answers GET /activities/{id}/kudos.
func (s *Server) listKudos(q *request, a *activity) reply {
	list, refused, ok := page(q, a.Kudos)
	if !ok {
		return refused
	}
	out := make([]person, 0, len(list))
	for _, p := range list {
		out = append(out, personOf(p))
	}
	return okJSON(out)
}
