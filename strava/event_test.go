package strava_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"musette/strava"
)

func event(object, aspect, updates string) string {
	return fmt.Sprintf(`{"object_type":%q,"object_id":9007199254740993,"aspect_type":%q,"updates":%s,"owner_id":5150,"subscription_id":271828,"event_time":1784656960}`,
		object, aspect, updates)
}

func TestParseEvent(t *testing.T) {
	text := func(s string) *string { return &s }
	yes, no := true, false
	for body, want := range map[string]strava.Event{
		event("activity", "create", `{}`):   {},
		event("activity", "delete", `null`): {},
		event("activity", "update", `{"title":"Commute \"home\"","type":"Ride","private":"false"}`): {Title: text(`Commute "home"`), Type: text("Ride"), Private: &no},
		event("activity", "update", `{"private":"true"}`):                                           {Private: &yes},
		event("activity", "update", `{"privacy":"true"}`):                                           {Private: &yes},
		event("activity", "update", `{"private":true}`):                                             {Private: &yes},
		event("activity", "update", `{"private":"False","privacy":"true"}`):                         {Private: &no},
		event("activity", "update", `{"private":"maybe","title":7}`):                                {},
		event("activity", "update", `{"title":""}`):                                                 {Title: text("")},
		event("activity", "update", `["private"]`):                                                  {},
		event("athlete", "update", `{"authorized":"false"}`):                                        {Authorized: &no},
		event("athlete", "update", `{"authorized":"true"}`):                                         {Authorized: &yes},
		event("segment", "starred", `{"new":{"a":1}}`):                                              {},
	} {
		got, err := strava.ParseEvent([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		want.ObjectType, want.AspectType = got.ObjectType, got.AspectType
		want.ObjectID, want.OwnerID, want.SubscriptionID = 9007199254740993, 5150, 271828
		want.Time, want.Raw = time.Unix(1784656960, 0).UTC(), []byte(body)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
		if !strings.Contains(body, `"object_type":"`+got.ObjectType+`"`) || !strings.Contains(body, `"aspect_type":"`+got.AspectType+`"`) {
			t.Errorf("%s: %+v", body, got)
		}
		if gone := got.Deauthorized(); gone != strings.Contains(body, `"authorized":"false"`) {
			t.Errorf("%s: deauthorized %v", body, gone)
		}
	}
}

func TestParseEventRefuses(t *testing.T) {
	sound := event("activity", "create", `{}`)
	for _, body := range []string{
		``, `null`, `{}`, `[]`, `[` + sound + `]`, sound[:40], sound + "x", webPage,
		strings.Replace(sound, "9007199254740993", "0", 1),
		strings.Replace(sound, "9007199254740993", "-7", 1),
		strings.Replace(sound, "9007199254740993", "9223372036854775808", 1),
		strings.Replace(sound, "9007199254740993", `"7"`, 1),
		strings.Replace(sound, "5150", "null", 1),
		strings.Replace(sound, `"activity"`, `""`, 1),
		strings.Replace(sound, `"aspect_type"`, `"aspect"`, 1),
		strings.Replace(sound, `{}`, `{"title":"`+strings.Repeat("x", strava.MaxEventBytes)+`"}`, 1),
	} {
		if e, err := strava.ParseEvent([]byte(body)); err == nil || e.Raw != nil {
			t.Errorf("%.80s: %+v, %v", body, e, err)
		}
	}
	longest := sound + strings.Repeat(" ", strava.MaxEventBytes-len(sound))
	if _, err := strava.ParseEvent([]byte(longest)); err != nil {
		t.Error(err)
	}
}

func TestAnswerChallenge(t *testing.T) {
	query := func(mode, challenge, verify string) url.Values {
		return url.Values{"hub.mode": {mode}, "hub.challenge": {challenge}, "hub.verify_token": {verify}}
	}
	body, err := strava.AnswerChallenge(query("subscribe", `15f7"<d1`, verifyToken.Reveal()), verifyToken)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(body, &got); err != nil || got["hub.challenge"] != `15f7"<d1` || len(got) != 1 {
		t.Errorf("%s, %v", body, err)
	}
	for name, q := range map[string]url.Values{
		"another token": query("subscribe", "x", "wrong"),
		"no token":      query("subscribe", "x", ""),
		"no challenge":  query("subscribe", "", verifyToken.Reveal()),
		"another mode":  query("unsubscribe", "x", verifyToken.Reveal()),
		"nothing":       {},
	} {
		if body, err := strava.AnswerChallenge(q, verifyToken); err == nil {
			t.Errorf("%s: %s", name, body)
		} else {
			wantNoSecret(t, err.Error())
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(event("activity", "update", `{"title":"x","private":"true"}`)))
	f.Add([]byte(event("athlete", "update", `{"authorized":"false"}`)))
	f.Add([]byte(`{"object_type":"activity","object_id":1e3}`))
	f.Add([]byte("{\"object_type\":\"\xff\",\"aspect_type\":\"a\",\"object_id\":1,\"owner_id\":1,\"updates\":{\"title\":\"\\ud800\"}}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		e, err := strava.ParseEvent(body)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			return
		}
		if e.ObjectID <= 0 || e.OwnerID <= 0 || e.ObjectType == "" || e.AspectType == "" || !bytes.Equal(e.Raw, body) || len(body) > strava.MaxEventBytes {
			t.Fatalf("%+v", e)
		}
	})
}
