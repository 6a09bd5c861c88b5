package season

import (
	"fmt"
	"time"
)

var athletes = map[string][]struct{ first, last, sex string }{
	"Bath":     {{"Nell", "Ashworth", "F"}, {"Tom", "Pascoe", "M"}, {"Harriet", "Lyle", "F"}, {"Owen", "Tranter", "M"}},
	"Girona":   {{"Laia", "Puigdemunt", "F"}, {"Jordi", "Serrat", "M"}, {"Marta", "Vilanova", "F"}},
	"Boulder":  {{"Casey", "Lindqvist", "F"}, {"Drew", "Okafor", "M"}, {"Maya", "Hollis", "F"}},
	"Freiburg": {{"Lena", "Brugger", "F"}, {"Jonas", "Wehrle", "M"}, {"Katrin", "Faller", "F"}},
	"Wānaka":   {{"Aroha", "Tamati", "F"}, {"Finn", "McLeod", "M"}, {"Jess", "Paterson", "F"}},
}

func newAthlete(o Options, town *place) (Athlete, body) {
	r := source(o.Seed, 'A')
	who := athletes[town.city][int((max(o.Seed, 1)-1)/uint64(len(towns)-1)%uint64(len(athletes[town.city])))]
	a := Athlete{
		ID: o.AthleteID, FirstName: who.first, LastName: who.last, Sex: who.sex,
		City: town.city, State: town.state, Country: town.country, Timezone: town.zone.name,
		Bio:       "Slow uphill, slower after cake. Running for " + hospice + ".",
		CreatedAt: time.Date(2013+r.IntN(5), time.Month(1+r.IntN(12)), 1+r.IntN(28), 18, r.IntN(60), r.IntN(60), 0, time.UTC),
		Premium:   true, Followers: 40 + r.IntN(160), Friends: 40 + r.IntN(120),
	}
	if id := int64(20_000_000 + r.Int64N(90_000_000)); a.ID == 0 {
		a.ID = id
	}
	a.Username = fmt.Sprintf("%s_%s", ascii(who.first), ascii(who.last))
	b := body{
		run: round(between(r, 2.9, 3.2), 100), ride: round(between(r, 8.3, 9.1), 100),
		restHR: float64(46 + r.IntN(10)), maxHR: float64(181 + r.IntN(11)),
		massKG: round(between(r, 69, 79), 10),
	}
	if who.sex == "F" {
		b.run, b.ride, b.massKG = round(b.run*0.94, 100), round(b.ride*0.94, 100), round(b.massKG*0.83, 10)
	}
	b.ftp = int(b.massKG * between(r, 3.2, 3.9))
	a.WeightKG, a.FTP = b.massKG, b.ftp
	return a, b
}

// ascii is a name in lower case without what a user name can't hold.
func ascii(name string) string {
	var out []byte
	for _, c := range []byte(name) {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c >= 'a' && c <= 'z' {
			out = append(out, c)
		}
	}
	return string(out)
}

// Places in newGear's list that activities refer to.
const (
	roadBike = iota
	gravelBike
	trailShoes
	firstShoes // the newest pair; the ones after it are ever older
)

func newGear(seed uint64) []Gear {
	r := source(seed, 'G')
	bikes, shoes := 15_000_000+r.IntN(2_000_000), 26_000_000+r.IntN(2_000_000)
	list := []Gear{
		{Name: "Summer road bike", Nickname: "Dorothy", Brand: "Canyon", Model: "Endurace CF 7", Bike: true, Primary: true, WeightKG: 8.2, FrameType: 3, Description: "Not to be ridden in the rain. Is ridden in the rain."},
		{Name: "Gravel and work", Nickname: "The Tractor", Brand: "Genesis", Model: "Croix de Fer 20", Bike: true, WeightKG: 11.4, FrameType: 2, Description: "Mudguards, rack, one bell."},
		{Name: "Inov-8 Trailfly", Brand: "Inov-8", Model: "Trailfly 250", Description: "For mud."},
		{Name: "Saucony Ride 18", Brand: "Saucony", Model: "Ride 18", Primary: true},
		{Name: "Brooks Ghost 16", Nickname: "Old faithful", Brand: "Brooks", Model: "Ghost 16", Retired: true},
		{Name: "Brooks Ghost 15", Nickname: "Gardening", Brand: "Brooks", Model: "Ghost 15", Retired: true},
		{Name: "Asics Cumulus 23", Brand: "Asics", Model: "Gel-Cumulus 23", Retired: true},
	}
	for i := range list {
		if list[i].Bike {
			list[i].ID = fmt.Sprintf("b%d", bikes+1871*i)
		} else {
			list[i].ID = fmt.Sprintf("g%d", shoes-3119*i)
		}
	}
	return list
}

// gearFor is what the athlete wore or rode: shoes last eight months.
func (m *maker) gearFor(s slot) string {
	switch {
	case s.where != m.town && s.kind.isRide():
		return "" // a hired bike
	case s.kind == gravel, s.kind == commuteIn, s.kind == commuteOut:
		return m.gear[gravelBike].ID
	case s.kind.isRide(), s.kind == indoorRide:
		return m.gear[roadBike].ID
	case s.kind == trailRun, s.kind == hiking:
		return m.gear[trailShoes].ID
	case s.kind.isRun():
		age := int(m.Until.Sub(s.start) / (243 * 24 * time.Hour))
		return m.gear[firstShoes+min(age, len(m.gear)-1-firstShoes)].ID
	}
	return ""
}
