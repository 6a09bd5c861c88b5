package strava

import (
	"context"
	"iter"
	"slices"
	"time"
)

// A Pace is asked between two pages, with the answer to the last one, and
// may wait as long as it likes: the walks themselves never sleep. Its error
// ends the walk and is given to the caller as it is.
type Pace func(ctx context.Context, last *Answer) error

func (p Pace) between(ctx context.Context, last *Answer) error {
	if p == nil {
		return nil
	}
	return p(ctx, last)
}

// AllActivities walks through all activities that opts choose, each once, in
// the order of the pages; opts.Page is ignored. pace may be nil.
//
// It does not go by page numbers, which shift when an activity is added
// meanwhile: it asks for what started before the oldest one so far, with a
// second of overlap, as long as the pages come newest first, and by number
// otherwise. It ends at an empty page, so a whole walk costs one or two
// calls more than the activities fill. An error is the last thing it yields;
// without one, the walk was complete.
func (c *Client) AllActivities(ctx context.Context, token Secret, opts ListOptions, pace Pace) iter.Seq2[Summary, error] {
	return func(yield func(Summary, error) bool) {
		at := opts
		at.Page = 1
		if at.Before.IsZero() && !at.After.IsZero() {
			// With After alone Strava lists oldest first.
			at.Before = time.Now().Add(24 * time.Hour)
		}
		seen := map[int64]bool{}
		var last []Summary // the page before this one, if only the number changed
		for {
			page, answer, err := c.Activities(ctx, token, at)
			if err != nil {
				yield(Summary{}, err)
				return
			}
			if len(page) == 0 {
				return
			}
			if slices.EqualFunc(page, last, func(a, b Summary) bool { return a.ID == b.ID }) {
				yield(Summary{}, repeating("GET athlete/activities"))
				return
			}
			for _, s := range page {
				if seen[s.ID] {
					continue
				}
				seen[s.ID] = true
				if !yield(s, nil) {
					return
				}
			}
			if err := pace.between(ctx, answer); err != nil {
				yield(Summary{}, err)
				return
			}
			next, ok := beforeNext(page)
			if ok && (at.Before.IsZero() || next.Before(at.Before)) {
				at.Before, at.Page, last = next, 1, nil
			} else {
				at.Page++
				last = page
			}
		}
	}
}

// beforeNext returns the second after the oldest start of a page that is
// sorted newest first beyond doubt, with two starts at least.
func beforeNext(page []Summary) (before time.Time, ok bool) {
	for i, s := range page {
		if s.Start.IsZero() || i > 0 && s.Start.After(page[i-1].Start) {
			return time.Time{}, false
		}
	}
	oldest := page[len(page)-1].Start
	return oldest.Add(time.Second), oldest.Before(page[0].Start)
}

// defaultPageSize is Strava's for comments. It is sent all the same: without
// it there would be no cursors.
const defaultPageSize = 30

// AllComments walks through the comments on an activity, oldest first, each
// once, from opts.AfterCursor on. It ends at a page that is shorter than
// opts.PageSize (30 if that is 0). pace may be nil. An error is the last
// thing it yields; without one, the walk was complete.
func (c *Client) AllComments(ctx context.Context, token Secret, id int64, opts CommentOptions, pace Pace) iter.Seq2[Comment, error] {
	return func(yield func(Comment, error) bool) {
		at := opts
		if at.PageSize <= 0 {
			at.PageSize = defaultPageSize
		}
		seen := map[int64]bool{}
		for {
			page, answer, err := c.Comments(ctx, token, id, at)
			if err != nil {
				yield(Comment{}, err)
				return
			}
			before := len(seen)
			for _, comment := range page {
				if seen[comment.ID] {
					continue
				}
				seen[comment.ID] = true
				if !yield(comment, nil) {
					return
				}
			}
			if len(page) < at.PageSize {
				return
			}
			cursor := page[len(page)-1].Cursor
			if cursor == "" || len(seen) == before {
				yield(Comment{}, repeating("GET "+activityPath(id, "/comments")))
				return
			}
			if err := pace.between(ctx, answer); err != nil {
				yield(Comment{}, err)
				return
			}
			at.AfterCursor = cursor
		}
	}
}

func repeating(op string) *Error {
	return &Error{Kind: KindMismatch, Op: op, Err: mismatchError("the pages repeat themselves or can't be followed")}
}
