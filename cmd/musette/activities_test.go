package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	gojson "github.com/go-json-experiment/json"

	"musette"
	"musette/store"
)

// keepTwo puts two activities into the data directory of the working directory.
func keepTwo(t *testing.T) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{Dir: "musette-data"})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	run := musette.Activity{
		ID: 9007199254740993, AthleteID: 4242, Name: "Park loop", SportType: "Run", Type: "Run", Timezone: "Europe/London",
		Start: musette.At(time.Date(2026, 5, 22, 6, 49, 27, 0, time.UTC)), StartLocal: "2026-05-22T07:49:27",
		DistanceM: 5218.5, MovingS: 1590, ElapsedS: 1622, ClimbM: 41, Visibility: "everyone", Source: musette.SourceAPI,
		Photos: []musette.Photo{}, Comments: []musette.Comment{}, Missing: []musette.Part{},
	}
	ride := run
	ride.ID, ride.SportType, ride.Type = 7, "GravelRide", "Ride"
	ride.Name = "Over the hills\x1b[2J\n\u009bcursed" // a name is somebody else's text
	ride.Start, ride.StartLocal = musette.At(run.Start.AddDate(0, 0, 1)), "2026-05-23T07:49:27"
	ride.DistanceM, ride.MovingS, ride.ClimbM = 102_345, 14_405, 1204
	ride.Missing = []musette.Part{musette.PartDetail, musette.PartPhotos}
	err = st.Update(t.Context(), nil, func(tx *store.Tx) error {
		if err := tx.PutAthlete(t.Context(), store.Athlete{ID: 4242, Name: "Ann", State: musette.StateOK}); err != nil {
			return err
		}
		for _, a := range []musette.Activity{run, ride} {
			view, err := gojson.Marshal(a)
			if err != nil {
				return err
			}
			_, err = tx.PutActivity(t.Context(), store.Activity{
				AthleteID: 4242, ID: a.ID, Status: "live", Start: a.Start.Time, SportType: a.SportType, Type: a.Type,
				DistanceM: a.DistanceM, MovingS: a.MovingS, ElapsedS: a.ElapsedS, ClimbM: a.ClimbM,
				Visibility: a.Visibility, View: view, ViewVersion: musette.ViewVersion,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func runHere(t *testing.T, wantCode int, args ...string) (out, said string) {
	t.Helper()
	var o, e bytes.Buffer
	if code := run(t.Context(), &console{in: strings.NewReader(""), out: &o, err: &e}, args); code != wantCode {
		t.Fatalf("musette %v: exit code %d, not %d: %s", args, code, wantCode, e.String())
	}
	return o.String(), e.String()
}

func TestActivitiesIsATable(t *testing.T) {
	t.Chdir(t.TempDir())
	keepTwo(t)
	out, _ := runHere(t, exitDone, "activities")
	const want = `id                start             sport          km  h:mm:ss  climb m  missing        name
7                 2026-05-23 07:49  GravelRide  102.3  4:00:05     1204  detail,photos  Over the hills [2J cursed
9007199254740993  2026-05-22 07:49  Run           5.2  0:26:30       41  -              Park loop
`
	if out != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}

	t.Setenv("MUSETTE_TYPES", "Run")
	if out, _ := runHere(t, exitDone, "activities"); strings.Contains(out, "GravelRide") || !strings.Contains(out, "Park loop") {
		t.Errorf("with MUSETTE_TYPES=Run:\n%s", out)
	}
	t.Setenv("MUSETTE_TYPES", "Swim")
	out, said := runHere(t, exitDone, "activities")
	if out != "" || !strings.Contains(said, "no activities to show") {
		t.Errorf("with MUSETTE_TYPES=Swim: %q, %q", out, said)
	}
}

func TestActivitiesAsJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	keepTwo(t)
	out, _ := runHere(t, exitDone, "activities", "--json")
	var list []struct {
		ID        string  `json:"id"`
		Name      string  `json:"name"`
		DistanceM float64 `json:"distance_m"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if len(list) != 2 || list[0].ID != "7" || list[1].ID != "9007199254740993" || list[1].DistanceM != 5218.5 {
		t.Errorf("%+v", list)
	}
	if list[0].Name != "Over the hills\x1b[2J\n\u009bcursed" {
		t.Errorf("the name is %q", list[0].Name)
	}
	t.Setenv("MUSETTE_TYPES", "Swim")
	if out, _ := runHere(t, exitDone, "activities", "--json"); out != "[]\n" {
		t.Errorf("none are %q", out)
	}
}
