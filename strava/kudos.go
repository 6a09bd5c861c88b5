package strava

import (
	"context"
	"net/url"
)

// A Kudo is somebody's approval of an activity: a first name and an initial,
// no id and no time.
type Kudo struct {
	First, Last string
	Raw         []byte // the element, byte for byte
}

// PageOptions choose a page by number. What is zero is not sent.
type PageOptions struct {
	Page    int // from 1
	PerPage int // default 30
}

// Kudos lists who gave kudos.
//
// GET /activities/{id}/kudos:
// https://developers.strava.com/docs/reference/#api-Activities-getKudoersByActivityId
func (c *Client) Kudos(ctx context.Context, token Secret, id int64, opts PageOptions) ([]Kudo, *Answer, error) {
	query := url.Values{}
	setPage(query, opts.Page, opts.PerPage)
	return fetch(ctx, c, c.get(token, activityPath(id, "/kudos"), query), decodeKudos)
}

func decodeKudos(body []byte) ([]Kudo, error) {
	type wire struct {
		First string `json:"firstname"`
		Last  string `json:"lastname"`
	}
	return decodeList(body, func(w *wire, raw []byte) (Kudo, error) {
		return Kudo{First: w.First, Last: w.Last, Raw: raw}, nil
	})
}
