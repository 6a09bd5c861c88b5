package season

import "time"

// place is a town to live in or travel to. Its position, height and zone are
// real, its roads and hills only resemble the real ones.
type place struct {
	city, state, country string
	zone                 zone
	lat, lng             float64
	baseM                float64 // height of the centre
	bowlM                float64 // how far the surroundings rise around it
	reliefM              float64 // of the hills
	rangeM               float64 // height of the mountains beyond
	rangeX, rangeY       float64 // unit vector towards them
	winterC, summerC     float64 // mean daytime temperature
	south                bool
	swimLat, swimLng     float64
	swimM                float64 // height of the lake
	swim                 string
	park, race, sportive string
	runs, rides, hills   []string // names of places that routes go past
	cafes                []string
	club                 string
}

// towns are where an athlete can live, in the order of seeds from 1 on; the
// last is only travelled to.
var towns = []*place{
	{
		city: "Bath", state: "England", country: "United Kingdom",
		zone: zone{"Europe/London", 0, europe},
		lat:  51.3811, lng: -2.3590, baseM: 32, bowlM: 112, reliefM: 270, rangeM: 90, rangeX: -0.64, rangeY: -0.77,
		winterC: 7, summerC: 20, swimLat: 51.2457, swimLng: -2.4246, swimM: 118, swim: "the quarry",
		park: "Bath Skyline parkrun", race: "Bath", sportive: "Mendip Rouleur",
		runs:  []string{"Solsbury Hill", "Widcombe", "the towpath", "Lansdown", "Bathampton", "Prior Park", "the Two Tunnels", "Kelston", "Claverton", "Combe Down", "Weston", "Monkton Combe"},
		rides: []string{"the Mendips", "Bradford on Avon", "Castle Combe", "Cheddar", "Chew Valley", "Wells", "Lacock", "Frome", "Marshfield", "Mells", "Pensford", "Westbury"},
		hills: []string{"Lansdown Lane", "Bannerdown", "Brassknocker Hill", "Burrington Combe", "Toghill", "Bathwick Hill"},
		cafes: []string{"the bike café in Bradford", "the farm shop", "the garden centre at Whatley", "the Angel", "the lock café"},
		club:  "the Tuesday lot",
	},
	{
		city: "Girona", state: "Catalonia", country: "Spain",
		zone: zone{"Europe/Madrid", time.Hour, europe},
		lat:  41.9794, lng: 2.8214, baseM: 75, bowlM: 60, reliefM: 250, rangeM: 520, rangeX: -0.8, rangeY: 0.6,
		winterC: 11, summerC: 27, swimLat: 42.1262, swimLng: 2.7520, swimM: 172, swim: "the lake at Banyoles",
		park: "Devesa parkrun", race: "Girona", sportive: "Gran Fondo Les Gavarres",
		runs:  []string{"Sant Daniel", "the Devesa", "Montjuïc", "the Ter", "Sarrià", "Les Gavarres", "the city walls", "Salt", "Castell de Sant Miquel", "Palau"},
		rides: []string{"Banyoles", "Santa Pellaia", "the coast", "Besalú", "Madremanya", "La Bisbal", "Rupit", "Llagostera", "Cassà", "Monells"},
		hills: []string{"Rocacorba", "Els Àngels", "Sant Martí", "Santa Pellaia", "Mare de Déu del Mont", "Sant Grau"},
		cafes: []string{"the café on the square", "the bakery in Madremanya", "the bar in Cassà", "the old railway café"},
		club:  "the Thursday café group",
	},
	{
		city: "Boulder", state: "Colorado", country: "United States",
		zone: zone{"America/Denver", -7 * time.Hour, northAmerica},
		lat:  40.0150, lng: -105.2705, baseM: 1630, bowlM: 20, reliefM: 160, rangeM: 1250, rangeX: -0.98, rangeY: 0.2,
		winterC: 6, summerC: 28, swimLat: 40.0745, swimLng: -105.2240, swimM: 1577, swim: "the reservoir",
		park: "South Boulder Creek parkrun", race: "Boulder", sportive: "Front Range Century",
		runs:  []string{"Chautauqua", "Sanitas", "Boulder Creek", "Marshall Mesa", "Wonderland Lake", "Eben G. Fine", "Green Mountain", "Bobolink", "Davidson Mesa", "Shanahan Ridge"},
		rides: []string{"Lyons", "Niwot", "Hygiene", "Carter Lake", "Ward", "Nederland", "Louisville", "Longmont", "Gold Hill", "Jamestown"},
		hills: []string{"Flagstaff", "Lefthand Canyon", "Sunshine Canyon", "Lee Hill", "Four Mile", "Magnolia"},
		cafes: []string{"the coffee hut in Hygiene", "the bakery in Lyons", "the Ward store", "the old fire station"},
		club:  "the Wednesday worlds",
	},
	{
		city: "Freiburg", state: "Baden-Württemberg", country: "Germany",
		zone: zone{"Europe/Berlin", time.Hour, europe},
		lat:  47.9959, lng: 7.8522, baseM: 278, bowlM: 40, reliefM: 210, rangeM: 720, rangeX: 0.93, rangeY: -0.37,
		winterC: 5, summerC: 24, swimLat: 47.9985, swimLng: 7.7300, swimM: 205, swim: "Opfinger See",
		park: "Seepark parkrun", race: "Freiburg", sportive: "Schwarzwald Giro",
		runs:  []string{"the Dreisam", "Schlossberg", "Günterstal", "Seepark", "Mooswald", "Lorettoberg", "Kappel", "St. Georgen", "Rieselfeld", "Littenweiler"},
		rides: []string{"the Kaiserstuhl", "St. Peter", "Titisee", "Staufen", "Breisach", "Glottertal", "Elzach", "Kirchzarten", "Münstertal", "Colmar"},
		hills: []string{"Schauinsland", "Kandel", "Texaspass", "Notschrei", "Lorettoberg", "St. Märgen"},
		cafes: []string{"the mill in Glottertal", "the café at the pass", "the bakery in Staufen", "the lido kiosk"},
		club:  "the Wednesday group",
	},
	{
		city: "Wānaka", state: "Otago", country: "New Zealand", south: true,
		zone: zone{"Pacific/Auckland", 12 * time.Hour, newZealand},
		lat:  -44.7000, lng: 169.1340, baseM: 300, bowlM: 40, reliefM: 230, rangeM: 620, rangeX: -0.75, rangeY: -0.66,
		winterC: 8, summerC: 23, swimLat: -44.6905, swimLng: 169.1330, swimM: 278, swim: "Roys Bay",
		park: "Wānaka parkrun", race: "Wānaka", sportive: "Tour of the Lakes",
		runs:  []string{"the lakefront", "Mount Iron", "the Outlet", "Glendhu Bay", "Albert Town", "Eely Point", "Sticky Forest", "the Clutha", "Waterfall Creek", "Beacon Point"},
		rides: []string{"Hāwea", "Cardrona", "Glendhu Bay", "Luggate", "Tarras", "the Maungawera valley", "Treble Cone", "Lake Hāwea", "Queensberry", "Makarora"},
		hills: []string{"the Crown Range", "Mount Barker", "Treble Cone road", "the Snow Farm road", "Mount Iron", "Dublin Bay"},
		cafes: []string{"the Cardrona pub", "the store in Hāwea", "the bakery in Luggate", "the lavender farm"},
		club:  "the Thursday crew",
	},
	{
		city: "Hobart", state: "Tasmania", country: "Australia", south: true,
		zone: zone{"Australia/Hobart", 10 * time.Hour, australia},
		lat:  -42.8806, lng: 147.3250, baseM: 30, bowlM: 80, reliefM: 250, rangeM: 520, rangeX: -0.9, rangeY: -0.43,
		winterC: 12, summerC: 22, swimLat: -42.8990, swimLng: 147.3420, swimM: 1, swim: "Sandy Bay",
		park: "Queens Domain parkrun", race: "Hobart", sportive: "Channel Challenge",
		runs:  []string{"the Domain", "Salamanca", "the Rivulet", "Sandy Bay", "Battery Point", "Knocklofty"},
		rides: []string{"Richmond", "the Channel", "Kettering", "New Norfolk", "Seven Mile Beach", "Huonville"},
		hills: []string{"Mount Wellington", "Mount Nelson", "Bonnet Hill", "Grasstree Hill", "Fern Tree", "Knocklofty"},
		cafes: []string{"the ferry café", "the bakery in Richmond", "the market", "the apple shed"},
		club:  "the early birds",
	},
}

// summerness is 0 in the depth of winter and 1 at the height of summer.
func (p *place) summerness(t time.Time) float64 {
	day := float64(t.YearDay()) - 200 // 19 July
	if p.south {
		day += 182.5
	}
	for day > 182.5 {
		day -= 365
	}
	for day < -182.5 {
		day += 365
	}
	u := day / 182.5
	u *= u
	return (1 - u) * (1 - 0.5*u) // a bell, without a cosine
}

// key tells places apart in hashes.
func (p *place) key() uint64 { return uint64(int64(round(p.lat*1e4, 1))) }
