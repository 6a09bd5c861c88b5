package musette_test

import (
	"errors"
	"testing"

	"musette"
)

// verdicts are what Accept can say.
const (
	fine = iota
	failed
	contradiction
	placeholder
)

func verdict(err error) int {
	switch {
	case err == nil:
		return fine
	case errors.Is(err, musette.ErrContradiction):
		return contradiction
	case errors.Is(err, musette.ErrPlaceholder):
		return placeholder
	}
	return failed
}

func TestAccept(t *testing.T) {
	basics, err := musette.ParseBasics(summaryObject().bytes())
	if err != nil {
		t.Fatal(err)
	}
	bare := basics
	bare.PhotoCount, bare.CommentCount, bare.SummaryPolyline = 0, 0, ""
	photo := func(changes object) []byte { return jsonOf([]object{photoObject(), photoObject().but(changes)}) }
	noMap := object{"map": object{"polyline": "", "summary_polyline": nil}}
	for name, c := range map[string]struct {
		part musette.Part
		body []byte
		b    *musette.Basics
		want int
	}{
		"a summary":                  {musette.PartSummary, summaryObject().bytes(), nil, fine},
		"a detail":                   {musette.PartDetail, detailObject().bytes(), &basics, fine},
		"a detail of we know what":   {musette.PartDetail, detailObject().bytes(), nil, fine},
		"another activity's":         {musette.PartDetail, detailObject().but(object{"id": 8}).bytes(), &basics, failed},
		"another athlete's":          {musette.PartDetail, detailObject().but(object{"athlete": object{"id": 8}}).bytes(), &basics, failed},
		"nobody's":                   {musette.PartDetail, detailObject().but(object{"athlete": nil}).bytes(), &basics, fine},
		"a summary for a detail":     {musette.PartDetail, summaryObject().bytes(), &basics, failed},
		"an empty object":            {musette.PartDetail, []byte(`{}`), &basics, failed},
		"HTML":                       {musette.PartDetail, []byte(`<!DOCTYPE html>`), &basics, failed},
		"a route lost":               {musette.PartDetail, detailObject().but(noMap).bytes(), &basics, contradiction},
		"no route, none expected":    {musette.PartDetail, detailObject().but(noMap).bytes(), &bare, fine},
		"only the short route":       {musette.PartDetail, detailObject().but(object{"map": object{"summary_polyline": short}}).bytes(), &basics, fine},
		"photos":                     {musette.PartPhotos, photo(nil), &basics, fine},
		"no photos":                  {musette.PartPhotos, []byte(`[]`), &basics, contradiction},
		"no photos, none expected":   {musette.PartPhotos, []byte(`[]`), &bare, fine},
		"photos, nothing known":      {musette.PartPhotos, photo(nil), nil, fine},
		"another activity's photo":   {musette.PartPhotos, photo(object{"activity_id": 8}), &basics, failed},
		"a photo in preparation":     {musette.PartPhotos, photo(object{"placeholder_image": object{"light_url": "x"}}), &basics, placeholder},
		"no address yet":             {musette.PartPhotos, photo(object{"urls": object{}}), &basics, placeholder},
		"an empty address":           {musette.PartPhotos, photo(object{"urls": object{"5000": ""}}), &basics, placeholder},
		"a missing size":             {musette.PartPhotos, photo(object{"sizes": object{}}), &basics, placeholder},
		"a size of nothing":          {musette.PartPhotos, photo(object{"sizes": object{"5000": []int{0, 0}}}), &basics, placeholder},
		"a photo that is null":       {musette.PartPhotos, []byte(`[null]`), &basics, placeholder},
		"photos that are null":       {musette.PartPhotos, []byte(`null`), &basics, failed},
		"a fault for photos":         {musette.PartPhotos, []byte(`{"message":"Record Not Found"}`), &basics, failed},
		"comments":                   {musette.PartComments, jsonOf([]object{commentObject()}), &basics, fine},
		"no comments":                {musette.PartComments, []byte(`[]`), &basics, contradiction},
		"another activity's comment": {musette.PartComments, jsonOf([]object{commentObject().but(object{"activity_id": 8})}), &basics, failed},
		"comments that are null":     {musette.PartComments, []byte(`null`), &basics, failed},
		"streams":                    {musette.PartStreams, []byte(`{"time":{"data":[0,1]},"latlng":{"data":[[1,2],[1,3]]}}`), &basics, fine},
		"streams of unequal length":  {musette.PartStreams, []byte(`{"time":{"data":[0,1]},"latlng":{"data":[[1,2]]}}`), &basics, failed},
		"streams without data":       {musette.PartStreams, []byte(`{"time":{}}`), &basics, failed},
		"no streams":                 {musette.PartStreams, []byte(`{}`), &basics, failed},
		"streams in a list":          {musette.PartStreams, []byte(`[{"type":"time","data":[0]}]`), &basics, failed},
		"an unknown part":            {"kudos", []byte(`[]`), &basics, failed},
	} {
		if err := musette.Accept(c.part, c.body, c.b); verdict(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
