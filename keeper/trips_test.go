package keeper_test

import (
	"context"
	"testing"

	"musette/internal/pgtest"
	"musette/strava/stravatest"
)

// With a database some way off it is the round trips that take the time. A page costs a number of them that doesn't depend
// on how many activities it has, or how many of those have changed; and a part of an activity costs few.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	type costs struct{ first, rest, same, edited, moreEdited int }
	pages := func(activities int) (c costs) {
		h, _, step := overLine(t, activities, onlyLists)
		h.lead(func(context.Context) error {
			step() // who it is
			c.first, c.rest = step(), step()
			step()
			poll := func(edits int) int {
				h.clock.Advance(h.policy.Poll)
				for _, a := range h.server.Activities(h.athlete())[:edits] {
					h.must(h.server.Rename(a.ID, h.clock.Now().String()))
				}
				return step()
			}
			poll(0) // its token is new
			c.same, c.edited, c.moreEdited = poll(0), poll(3), poll(activities/2)
			return nil
		})
		if n := len(h.activities()); n != activities {
			t.Errorf("%d activities, want %d", n, activities)
		}
		return c
	}
	few, many := pages(20), pages(200)
	t.Logf("round trips for a page of 20: %+v, of 200: %+v", few, many)
	for _, c := range []struct {
		what            string
		few, many, most int
	}{
		{"a first page", few.first, many.first, 90},
		{"the page that ends the walk", few.rest, many.rest, 70},
		{"a page that is as it was", few.same, many.same, 85},
		{"three edits", few.edited, many.edited, 95},
		{"half of it edited", few.moreEdited, many.moreEdited, 110},
	} {
		if c.many > c.most || c.many > c.few+slack {
			t.Errorf("%s: %d round trips with 20 activities, %d with 200, want the same and at most %d", c.what, c.few, c.many, c.most)
		}
	}

	h, _, step := overLine(t, 9)
	h.lead(func(context.Context) error {
		for range 3 {
			step()
		}
		for range 3 { // three details each
			if n := step(); n > 90 {
				t.Errorf("%d round trips for three parts, want at most 90", n)
			}
		}
		return nil
	})
}

// slack is for a lease or a token that is renewed meanwhile.
const slack = 10

// overLine is a house with Postgres at the other end of a line. step makes a step and returns its round trips.
func overLine(t *testing.T, activities int, with ...func(*house)) (h *house, line *pgtest.Line, step func() int) {
	line = pgtest.NewLine(t, pgtest.New(t))
	with = append(with, func(h *house) { h.url = line.URL })
	h = newHouse(t, stravatest.Config{Seed: 1, Activities: activities, Limits: plenty}, with...)
	return h, line, func() int {
		before := line.Trips()
		_, err := h.keeper.Step(t.Context(), h.clock.Now())
		h.must(err)
		return line.Trips() - before
	}
}
