package strava

import (
	"context"
	"net/url"
	"slices"
)

// A Gear is a bike (its id begins with b) or a pair of shoes (g).
//
// See https://developers.strava.com/docs/reference/#api-models-DetailedGear.
type Gear struct {
	ID, Name, Nickname        string
	Primary, Retired          bool
	DistanceM                 *float64
	Brand, Model, Description string // "" in an athlete's lists
	Raw                       []byte // as it came, byte for byte; nil in an athlete's lists
}

// Gear returns one of the athlete's bikes or shoes. An answer with another
// id is KindMismatch; an unknown id is KindNotFound.
//
// GET /gear/{id}:
// https://developers.strava.com/docs/reference/#api-Gears-getGearById
func (c *Client) Gear(ctx context.Context, token Secret, id string) (*Gear, *Answer, error) {
	return fetch(ctx, c, c.get(token, "gear/"+url.PathEscape(id), nil), func(body []byte) (*Gear, error) {
		var w wireGear
		if err := decodeObject(body, &w); err != nil {
			return nil, err
		}
		if w.ID != id || id == "" {
			return nil, mismatchError("it is other gear")
		}
		g := w.gear(slices.Clone(body))
		return &g, nil
	})
}

type wireGear struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Nickname    string `json:"nickname"`
	Primary     bool   `json:"primary"`
	Retired     bool   `json:"retired"`
	DistanceM   number `json:"distance"`
	Brand       string `json:"brand_name"`
	Model       string `json:"model_name"`
	Description string `json:"description"`
}

func (w *wireGear) gear(raw []byte) Gear {
	return Gear{
		ID: w.ID, Name: w.Name, Nickname: w.Nickname, Primary: w.Primary, Retired: w.Retired,
		DistanceM: w.DistanceM.pointer(), Brand: w.Brand, Model: w.Model, Description: w.Description, Raw: raw,
	}
}
