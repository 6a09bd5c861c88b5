package strava

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// A Comment is somebody's comment on an activity. Strava gives no id of the
// author, and only an initial for the last name.
//
// See https://developers.strava.com/docs/reference/#api-models-Comment.
type Comment struct {
	ID                      int64
	ActivityID              int64 // 0 if absent
	Text                    string
	CreatedAt               time.Time // UTC, zero if absent or malformed
	Cursor                  string    // for CommentOptions.AfterCursor; "" if the call had no option
	AuthorFirst, AuthorLast string
	Raw                     []byte // the element, byte for byte
}

// CommentOptions choose a page of comments. Without any, Strava gives the
// first 30 comments, and no cursors.
type CommentOptions struct {
	PageSize    int    // 0: Strava's default, 30
	AfterCursor string // the last Comment's Cursor, as it came
}

// Comments lists the comments on an activity, oldest first. The end is a
// page shorter than PageSize, or an empty one. A comment on another activity
// makes the answer KindMismatch.
//
// GET /activities/{id}/comments:
// https://developers.strava.com/docs/reference/#api-Activities-getCommentsByActivityId
func (c *Client) Comments(ctx context.Context, token Secret, id int64, opts CommentOptions) ([]Comment, *Answer, error) {
	query := url.Values{}
	if opts.PageSize != 0 {
		query.Set("page_size", strconv.Itoa(opts.PageSize))
	}
	if opts.AfterCursor != "" {
		// The cursor holds percent signs of its own. They are encoded once
		// more with the query: %3D goes out as %253D, as recorded.
		query.Set("after_cursor", opts.AfterCursor)
	}
	return fetch(ctx, c, c.get(token, activityPath(id, "/comments"), query), func(body []byte) ([]Comment, error) {
		return decodeComments(body, id)
	})
}

func decodeComments(body []byte, asked int64) ([]Comment, error) {
	type wire struct {
		ID         id      `json:"id"`
		ActivityID id      `json:"activity_id"`
		Text       string  `json:"text"`
		CreatedAt  instant `json:"created_at"`
		Cursor     string  `json:"cursor"`
		Athlete    struct {
			First label `json:"firstname"`
			Last  label `json:"lastname"`
		} `json:"athlete"`
	}
	return decodeList(body, func(w *wire, raw []byte) (Comment, error) {
		switch {
		case w.ID == 0:
			return Comment{}, mismatchError("the comment has no sound id")
		case w.ActivityID != 0 && int64(w.ActivityID) != asked:
			return Comment{}, mismatchError(fmt.Sprintf("it is a comment on activity %d", w.ActivityID))
		}
		return Comment{
			ID: int64(w.ID), ActivityID: int64(w.ActivityID), Text: w.Text, CreatedAt: w.CreatedAt.Time, Cursor: w.Cursor,
			AuthorFirst: string(w.Athlete.First), AuthorLast: string(w.Athlete.Last), Raw: raw,
		}, nil
	})
}
