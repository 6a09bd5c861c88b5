package musette_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"musette"
)

// The JSON of an activity, member by member and in order: scripts and pages rely on it.
func TestActivityJSONIsAsTheContractSays(t *testing.T) {
	v := derive(t, all()...)
	v.Laps = nil // shown only where one activity is
	v.Map.Polyline = "_p~iF~ps|U"
	v.Photos[0] = v.Photos[0].Shown()
	got, err := json.Marshal(&v.Activity, jsontext.WithIndent("  "))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "id": "19403555631",
  "athlete_id": "4242",
  "name": "Park loop",
  "sport_type": "TrailRun",
  "start": "2026-05-22T06:49:27Z",
  "start_local": "2026-05-22T07:49:27",
  "timezone": "Europe/London",
  "distance_m": 5218.5,
  "moving_s": 1590,
  "elapsed_s": 1622,
  "climb_m": 41,
  "description": "Cold.",
  "map": {
    "polyline": "_p~iF~ps|U",
    "bounds": {
      "south": 51.5,
      "west": -0.112,
      "north": 51.549,
      "east": -0.1
    }
  },
  "photos": [
    {
      "url": "https://pictures.example/l.jpg",
      "width": 1536,
      "height": 2048,
      "caption": ""
    }
  ],
  "comments": [
    {
      "author": "Jo D.",
      "text": "Nice",
      "at": "2026-05-22T08:00:00Z"
    }
  ],
  "kudos": 4,
  "links": {
    "strava": "https://www.strava.com/activities/19403555631"
  },
  "visibility": "everyone",
  "source": "api",
  "missing": [],
  "fetched_at": "2026-05-22T11:00:00Z"
}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	var back musette.Activity
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back, jsontext.WithIndent("  "))
	if err != nil || string(again) != string(got) {
		t.Errorf("read and written again: %v\n%s", err, again)
	}
}

func TestWhereThereIsNothingListsAreEmptyAndTheRestIsNull(t *testing.T) {
	body := object{"id": 7, "start_date": "2026-05-22T06:49:27.9Z", "type": "Workout", "description": "", "map": nil}
	for _, part := range []musette.Part{musette.PartSummary, musette.PartDetail} {
		v := derive(t, doc(part, body.bytes(), 0, 0))
		got := string(jsonOf(&v.Activity))
		want := `{"id":"7","athlete_id":"0","name":"","sport_type":"Workout","start":"2026-05-22T06:49:27Z",` +
			`"start_local":"2026-05-22T06:49:27","timezone":"UTC","distance_m":0,"moving_s":0,"elapsed_s":0,"climb_m":0,` +
			`"description":null,"map":null,"photos":[],"comments":[],"kudos":0,` +
			`"links":{"strava":"https://www.strava.com/activities/7"},"visibility":"unknown","source":"api",`
		if part == musette.PartSummary {
			want += `"missing":["detail"],"fetched_at":"2026-05-22T12:00:00Z"}`
		} else {
			want += `"missing":[],"fetched_at":"2026-05-22T12:00:00Z"}`
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", part, diff)
		}
	}
}

func TestMissingSaysWhatStravaHasAndWeDoNot(t *testing.T) {
	docs := all()
	for _, c := range []struct {
		have []musette.Document
		want []musette.Part
	}{
		{docs[:1], []musette.Part{musette.PartDetail, musette.PartPhotos, musette.PartComments, musette.PartStreams}},
		{docs[:2], []musette.Part{musette.PartPhotos, musette.PartComments, musette.PartStreams}},
		{docs, []musette.Part{musette.PartStreams}},
		{append(slices.Clone(docs), doc(musette.PartStreams, []byte(`{"time":{"data":[0]}}`), 0, 1)), []musette.Part{}},
		{
			append(docs[:2:2], doc(musette.PartPhotos, []byte(`[]`), 0, 1), doc(musette.PartComments, []byte(`[]`), 0, 2)),
			[]musette.Part{musette.PartComments, musette.PartStreams},
		}, // photos: believed at that count; comments: at another
	} {
		v, err := musette.Derive(c.have, true)
		if err != nil || !slices.Equal(v.Missing, c.want) {
			t.Errorf("with %d documents %q is missing, want %q (%v)", len(c.have), v.Missing, c.want, err)
		}
		if len(v.Marks) != len(c.have) {
			t.Errorf("%d marks of %d documents", len(v.Marks), len(c.have))
		}
	}
}

// Until the photos are here, the detail's own stands in.
func TestTheDetailsOwnPhotoStandsIn(t *testing.T) {
	docs := all()
	placeholder := doc(musette.PartPhotos, jsonOf([]object{photoObject().but(object{"urls": object{}, "placeholder_image": object{"light_url": "x"}})}), 0, 1)
	for name, have := range map[string][]musette.Document{"none yet": docs[:2], "a placeholder": append(docs[:2:2], placeholder)} {
		v := derive(t, have...)
		if len(v.Photos) != 1 || v.Photos[0].URL != "https://pictures.example/m.jpg" {
			t.Errorf("%s: %+v", name, v.Photos)
		}
	}
}

func TestRoutes(t *testing.T) {
	summary := func(polyline any, after time.Duration) musette.Document {
		return doc(musette.PartSummary, summaryObject().but(object{"map": object{"summary_polyline": polyline}}).bytes(), after, 0)
	}
	detail := func(polyline, simple any) musette.Document {
		return doc(musette.PartDetail, detailObject().but(object{"map": object{"polyline": polyline, "summary_polyline": simple}}).bytes(), 0, 0)
	}
	const broken = "~~~~~~\x7f" // no polyline
	for name, c := range map[string]struct {
		docs []musette.Document
		want string
	}{
		"the summary's until the detail is here": {[]musette.Document{summary(short, 0)}, short},
		"the detail's":                           {[]musette.Document{summary(short, -time.Hour), detail(whole, short)}, whole},
		"the same after a newer summary":         {[]musette.Document{summary(short, time.Hour), detail(whole, short)}, whole},
		"cropped since":                          {[]musette.Document{summary(cropped, time.Hour), detail(whole, short)}, cropped},
		"the new detail is here":                 {[]musette.Document{summary(short, -time.Hour), detail(cropped, cropped)}, cropped},
		"a poorer summary takes nothing away":    {[]musette.Document{summary("", time.Hour), detail(whole, short)}, whole},
		"nor does null":                          {[]musette.Document{summary(nil, time.Hour), detail(whole, short)}, whole},
		"GPS came later":                         {[]musette.Document{summary(short, time.Hour), detail("", "")}, short},
		"a broken one is passed over":            {[]musette.Document{summary(short, -time.Hour), detail(broken, short)}, short},
		"all broken":                             {[]musette.Document{summary(broken, -time.Hour), detail(broken, broken)}, ""},
		"a broken new one":                       {[]musette.Document{summary(broken, time.Hour), detail(whole, short)}, whole},
		"no GPS":                                 {[]musette.Document{summary("", 0), detail("", nil)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := derive(t, c.docs...)
			got := ""
			if v.Map != nil {
				got = v.Map.Polyline
			}
			if got != c.want {
				t.Errorf("the route is %q, want %q", got, c.want)
			}
		})
	}
}

// Strava's own documents go before all others, whenever those came; what can't be read leaves its place.
func TestWhichDocumentsAreGoneBy(t *testing.T) {
	old := musette.NewDocument(4242, 19403555631, musette.PartDetail, musette.SourceArchive,
		detailObject().but(object{"name": "From the archive", "description": "Of old."}).bytes(), noon.Add(time.Hour))
	docs := all()
	if v := derive(t, append(docs, old)...); v.Name != "Park loop" || *v.Description != "Cold." {
		t.Errorf("a later import took the place of what Strava sent: %s, %s", v.Name, *v.Description)
	}
	if v := derive(t, docs[0], old); v.Name != "Park loop" || *v.Description != "Of old." || v.Source != musette.SourceAPI {
		t.Errorf("%s, %s, %s: want Strava's summary with the archive's description", v.Name, *v.Description, v.Source)
	}
	torn := docs[1]
	torn.Body = torn.Body[:len(torn.Body)/2]
	if v := derive(t, docs[0], torn, old); v.Description == nil || *v.Description != "Of old." {
		t.Error("a document that can't be read hid one that can")
	}
	for _, part := range []musette.Part{musette.PartPhotos, musette.PartComments} {
		v := derive(t, docs[0], docs[1], doc(part, []byte(`{"message":"no"}`), time.Hour, 1))
		if _, have := v.Marks[part]; have || !slices.Contains(v.Missing, part) {
			t.Errorf("%s that can't be read count as here", part)
		}
	}
	if _, err := musette.Derive([]musette.Document{torn, docs[2]}, false); !errors.Is(err, musette.ErrNoBasics) {
		t.Errorf("without basics: %v", err)
	}
	file := musette.NewDocument(4242, 7, musette.PartDetail, musette.SourceFile, detailObject().bytes(), noon)
	if v := derive(t, file); v.Links.Strava != "" || v.Source != musette.SourceFile {
		t.Errorf("an activity from a file has the link %q, source %s", v.Links.Strava, v.Source)
	}
}

func TestAnOddMemberCostsNoOther(t *testing.T) {
	odd := detailObject().but(object{"description": 7, "laps": "none", "photos": []int{1}, "map": object{"polyline": whole}})
	v := derive(t, doc(musette.PartDetail, odd.bytes(), 0, 0))
	if v.Map == nil || v.Map.Polyline != whole || v.Description != nil || v.Laps != nil {
		t.Errorf("%+v", v.Activity)
	}
	twice := []byte(`{"id":7,"id":7,"start_date":"2026-05-22T06:49:27Z","name":"caf` + "\xe9" + `","distance":null,"moving_time":1e300,` +
		`"total_elevation_gain":1e300,"upload_id":987654321234567891234}`)
	v = derive(t, doc(musette.PartDetail, twice, 0, 0))
	if v.ID != 7 || v.Name != "caf\ufffd" || v.MovingS != 0 || v.ClimbM < 0 {
		t.Errorf("%+v", v.Activity)
	}
}

// members that a poorer document may lack.
var optional = []string{
	"athlete", "name", "type", "sport_type", "distance", "moving_time", "elapsed_time", "total_elevation_gain", "timezone",
	"utc_offset", "visibility", "private", "gear_id", "kudos_count", "comment_count", "total_photo_count", "map", "start_date_local",
}

// documents draws some documents of one activity: of all parts, richer and poorer, older and newer, of all sources,
// some of them broken.
func documents(t *rapid.T) []musette.Document {
	var docs []musette.Document
	for i := range rapid.IntRange(1, 8).Draw(t, "documents") {
		part := rapid.SampledFrom(musette.ActivityParts).Draw(t, "part")
		var body []byte
		switch part {
		case musette.PartSummary, musette.PartDetail:
			o := summaryObject()
			if part == musette.PartDetail {
				o = detailObject()
			}
			o["name"] = fmt.Sprintf("name %d", i)
			o["total_photo_count"] = rapid.IntRange(0, 2).Draw(t, "photos")
			for _, name := range rapid.SliceOfN(rapid.SampledFrom(optional), 0, 4).Draw(t, "without") {
				o = o.but(object{name: rapid.SampledFrom([]any{absent{}, nil}).Draw(t, "as")})
			}
			body = o.bytes()
		case musette.PartPhotos:
			body = jsonOf(slices.Repeat([]object{photoObject()}, rapid.IntRange(0, 2).Draw(t, "photos")))
		case musette.PartComments:
			body = jsonOf(slices.Repeat([]object{commentObject()}, rapid.IntRange(0, 2).Draw(t, "comments")))
		default:
			body = []byte(`{"time":{"data":[0,1]}}`)
		}
		if rapid.IntRange(0, 9).Draw(t, "broken") == 0 {
			body = body[:len(body)/2]
		}
		source := rapid.SampledFrom([]musette.Source{musette.SourceAPI, musette.SourceAPI, musette.SourceArchive, musette.SourceCache}).Draw(t, "source")
		at := noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "hour")) * time.Hour)
		d := musette.NewDocument(4242, 19403555631, part, source, body, at)
		d.ConfirmedAt = at.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "confirmed")) * time.Hour)
		d.Mark = rapid.Int64Range(0, 2).Draw(t, "mark")
		docs = append(docs, d)
	}
	return docs
}

func TestDeriveIsOrderFreeAndIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		docs := documents(t)
		v, err := musette.Derive(docs, true)
		w, again := musette.Derive(rapid.Permutation(docs).Draw(t, "other order"), true)
		if diff := cmp.Diff(v, w); diff != "" || (err == nil) != (again == nil) {
			t.Fatalf("in another order %v, before %v: %s", again, err, diff)
		}
		twice, _ := musette.Derive(append(slices.Clone(docs), docs...), true)
		if diff := cmp.Diff(v, twice); diff != "" {
			t.Fatalf("with each document twice: %s", diff)
		}
		if err != nil {
			return
		}
		body := jsonOf(&v.Activity)
		var back musette.Activity
		if err := json.Unmarshal(body, &back); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if again := jsonOf(&back); string(again) != string(body) {
			t.Fatalf("read and written again: %s, before %s", again, body)
		}
		if v.Description != nil && *v.Description == "" || v.Photos == nil || v.Comments == nil || v.Missing == nil {
			t.Fatalf("%s", body)
		}
	})
}

// A summary, however poor and however new, takes nothing away that a detail had, unless it says something else.
func TestDeriveIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rich, err := musette.Derive(all(), false)
		if err != nil {
			t.Fatal(err)
		}
		poor := summaryObject()
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(optional), 0, len(optional)).Draw(t, "without") {
			poor = poor.but(object{name: rapid.SampledFrom([]any{absent{}, nil}).Draw(t, "as")})
		}
		source := rapid.SampledFrom([]musette.Source{musette.SourceAPI, musette.SourceArchive}).Draw(t, "source")
		later := musette.NewDocument(4242, 19403555631, musette.PartSummary, source, poor.bytes(), noon.Add(time.Hour))
		docs := append(all(), later)
		if rapid.Bool().Draw(t, "it takes the other summary's place") {
			docs = docs[1:]
		}
		got, err := musette.Derive(docs, false)
		if err != nil {
			t.Fatal(err)
		}
		got.FetchedAt = rich.FetchedAt
		// Half of a pair says something by itself.
		if _, ok := poor["sport_type"]; !ok || poor["sport_type"] == nil {
			got.SportType, got.Type = rich.SportType, rich.Type
		}
		if poor["type"] == nil {
			got.Type = rich.Type
		}
		if poor["visibility"] == nil && poor["private"] != nil {
			got.Visibility = rich.Visibility
		}
		if diff := cmp.Diff(rich.Activity, got.Activity); diff != "" {
			t.Fatalf("after %s: %s", poor.bytes(), diff)
		}
	})
}
