package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"musette"
	"musette/store"
	"musette/track"
	"musette/web"
)

type zoneCmd struct {
	Add    zoneAddCmd    `cmd:"" help:"hide an area from strangers, besides the ends of routes"`
	List   zoneListCmd   `cmd:"" help:"list the zones"`
	Remove zoneRemoveCmd `cmd:"" help:"show an area again"`
}

// joinDegrees makes `--lng -0.0015` one word, for what begins with a dash would be taken for a flag.
func joinDegrees(args []string) []string {
	var joined []string
	for i := 0; i < len(args); i++ {
		if (args[i] == "--lat" || args[i] == "--lng") && i+1 < len(args) && strings.HasPrefix(args[i+1], "-") {
			if _, err := number(args[i+1]); err == nil {
				joined = append(joined, args[i]+"="+args[i+1])
				i++
				continue
			}
		}
		joined = append(joined, args[i])
	}
	return joined
}

type zoneAddCmd struct {
	settings
	Name     string   `arg:"" help:"what it is, for your own eyes"`
	Lat      *float64 `placeholder:"DEGREES" help:"latitude of its middle, south negative"`
	Lng      *float64 `placeholder:"DEGREES" help:"longitude of its middle, west negative"`
	Radius   float64  `default:"400" placeholder:"METRES" help:"how far it reaches; 400 m if left out"`
	Activity int64    `placeholder:"ID" help:"around an end of this activity's route, instead of --lat and --lng"`
	End      string   `default:"start" placeholder:"END" help:"which end: start or finish"`
	Athlete  int64    `placeholder:"ID" help:"hide it in this athlete's routes only; everybody's if left out"`
}

func (zoneAddCmd) Help() string {
	return `musette zone add school --lat 51.4779 --lng -0.0015
musette zone add office --lat 51.5033 --lng -0.1276 --radius 800
musette zone add club --activity 19403555631 --end finish --athlete 4242`
}

// check says what is wrong with the flags.
func (c *zoneAddCmd) check() error {
	if c.Name = strings.TrimSpace(c.Name); c.Name == "" {
		return misused("name it after the place, such as school", "the zone needs a name")
	}
	point := c.Lat != nil || c.Lng != nil
	switch {
	case point == (c.Activity != 0), point && (c.Lat == nil || c.Lng == nil):
		return misused("`musette zone add --help` shows both", "write either --lat and --lng, or --activity")
	case point && !(track.Point{Lat: *c.Lat, Lng: *c.Lng}).Valid():
		return misused("latitude goes from -90 to 90, longitude from -180 to 180", "--lat %v --lng %v is no place on Earth", *c.Lat, *c.Lng)
	case !(c.Radius >= web.LeastZoneM && c.Radius <= web.MostZoneM):
		return misused(fmt.Sprintf("write %d to %d metres", web.LeastZoneM, web.MostZoneM), "--radius: %v can't be", c.Radius)
	case c.End != "start" && c.End != "finish":
		return misused("write start or finish", "--end: a route has no %s", plain(c.End))
	}
	return nil
}

func (c *zoneAddCmd) Run(ctx context.Context, a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	st, err := a.existingStore(ctx)
	if err != nil {
		return err
	}
	z := store.Zone{ID: strings.ToLower(rand.Text()[:8]), Name: c.Name, AthleteID: c.Athlete, RadiusM: c.Radius, CreatedAt: a.now()}
	if err := (&keyCreateCmd{Athlete: c.Athlete}).checkAthlete(ctx, st); err != nil {
		return err
	}
	middle, err := c.middle(ctx, st)
	if err != nil {
		return err
	}
	z.Lat, z.Lng = middle.Lat, middle.Lng
	if err := st.Update(ctx, nil, func(tx *store.Tx) error { return tx.PutZone(ctx, z) }); err != nil {
		return err
	}
	a.say("strangers see nothing within %.0f m of %s any more; `musette zone remove %s` shows it again", z.RadiusM, plain(z.Name), z.ID)
	return nil
}

// middle is where the zone is to be.
func (c *zoneAddCmd) middle(ctx context.Context, st *store.Store) (track.Point, error) {
	if c.Activity == 0 {
		return track.Point{Lat: *c.Lat, Lng: *c.Lng}, nil
	}
	var row store.Activity
	err := st.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.FindActivity(ctx, c.Activity)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return track.Point{}, failed("`musette activities` lists those there are", "there is no activity %d here", c.Activity)
	case err != nil:
		return track.Point{}, err
	}
	var view musette.Activity
	if err := json.Unmarshal(row.View, &view); err != nil || view.Map == nil {
		return track.Point{}, failed("give --lat and --lng", "activity %d has no route", c.Activity)
	}
	points, err := track.Decode(view.Map.Polyline)
	if err != nil || len(points) == 0 {
		return track.Point{}, failed("give --lat and --lng", "activity %d has no route that can be read", c.Activity)
	}
	if c.End == "finish" {
		return points[len(points)-1], nil
	}
	return points[0], nil
}

type zoneListCmd struct {
	settings
	JSON bool `help:"one JSON array"`
}

func (zoneListCmd) Help() string {
	return `musette zone list
musette zone list --json | jq -r '.[].id'`
}

// zoneShown is a zone as it is shown to its owner.
type zoneShown struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	AthleteID string          `json:"athlete_id,omitempty"` // left out: everybody's
	Lat       float64         `json:"lat"`
	Lng       float64         `json:"lng"`
	RadiusM   float64         `json:"radius_m"`
	Created   musette.Instant `json:"created_at"`
}

func (c *zoneListCmd) Run(ctx context.Context, a *app) error {
	st, err := a.storeToRead(ctx)
	if err != nil {
		return err
	}
	zones, err := readZones(ctx, st)
	if err != nil {
		return err
	}
	list := []zoneShown{}
	for _, z := range zones {
		s := zoneShown{ID: z.ID, Name: z.Name, Lat: z.Lat, Lng: z.Lng, RadiusM: z.RadiusM, Created: musette.At(z.CreatedAt)}
		if z.AthleteID != 0 {
			s.AthleteID = strconv.FormatInt(z.AthleteID, 10)
		}
		list = append(list, s)
	}
	if c.JSON {
		return writeJSON(a, list)
	}
	if len(list) == 0 {
		a.say("there are no zones; the ends of routes are hidden without any, `musette zone add NAME` hides more")
		return nil
	}
	t := &table{}
	t.row("id", "athlete", "middle", "radius", "created", "name")
	for i, z := range list {
		athlete := z.AthleteID
		if athlete == "" {
			athlete = "all"
		}
		t.row(z.ID, athlete, fmt.Sprintf("%.5f %.5f", z.Lat, z.Lng), fmt.Sprintf("%.0f m", math.Round(z.RadiusM)), day(zones[i].CreatedAt), plain(z.Name))
	}
	return t.write(a.out)
}

// readZones returns all zones. A damaged one is an error: who believes that it hides something should know.
func readZones(ctx context.Context, st *store.Store) (zones []store.Zone, err error) {
	err = st.View(ctx, func(tx *store.Tx) (err error) {
		zones, err = tx.Zones(ctx)
		return err
	})
	return zones, err
}

type zoneRemoveCmd struct {
	settings
	Zone string `arg:"" name:"id" help:"the zone's id from musette zone list, or its name"`
}

func (zoneRemoveCmd) Help() string { return "musette zone remove k3jd8x2a\nmusette zone remove school" }

func (c *zoneRemoveCmd) Run(ctx context.Context, a *app) error {
	st, err := a.existingStore(ctx)
	if err != nil {
		return err
	}
	zones, err := readZones(ctx, st)
	if err != nil {
		return err
	}
	meant := slices.DeleteFunc(slices.Clone(zones), func(z store.Zone) bool { return z.ID != c.Zone })
	if len(meant) == 0 {
		meant = slices.DeleteFunc(zones, func(z store.Zone) bool { return z.Name != c.Zone })
	}
	switch {
	case len(meant) == 0:
		return failed("`musette zone list` shows those there are", "there is no zone `%s`", plain(c.Zone))
	case len(meant) > 1:
		return failed("`musette zone list` shows their ids; remove by id", "%d zones are called `%s`", len(meant), plain(c.Zone))
	}
	err = st.Update(ctx, nil, func(tx *store.Tx) error {
		_, err := tx.DropZone(ctx, meant[0])
		return err
	})
	if err != nil {
		return err
	}
	a.say("removed %s (%s): what it hid is shown again, but for the ends of routes", meant[0].ID, plain(meant[0].Name))
	return nil
}
