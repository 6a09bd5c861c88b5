package feed

import (
	"iter"

	"musette"
)

// Each yields the activities asked for, on all pages, newest first, as the reader sees them. They must not be changed.
func (v *View) Each(q Query) iter.Seq[*musette.Activity] {
	return func(yield func(*musette.Activity) bool) {
		q.Cursor = ""
		first, _ := q.after() // without a cursor there is no error
		for _, a := range v.scan(q, first, (*Entry).For) {
			if !yield(a) {
				return
			}
		}
	}
}
