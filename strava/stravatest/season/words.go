package season

// The texts are as people write them below their activities. {route}, {town},
// {friend}, {cafe}, {club}, {hill}, {swim}, {km} and {min} are filled in.

const hospice = "Marsh Lane Hospice"

// titles are names for a kind; "" stands for Strava's own, like "Lunch Run".
var titles = [...][]string{
	easyRun:    {"", "", "", "Round by {route}", "{route} and home", "Easy does it", "Shake-out", "Just ticking over", "Out before the rain", "Legs like lead", "Podcast run", "{km} with {friend}", "The usual", "Ran to the post box the long way", "Recovery, allegedly"},
	backRun:    {"", "", "There and back to {route}", "Out to {route}", "Out and back with {friend}", "{route} and turn round", "Headwind out, tailwind back", "To the gate and home"},
	tempoRun:   {"", "Club night", "Tempo with {club}", "6 x 800 m", "5 x 1 km off 90 s", "Hill reps, sort of", "Threshold, apparently", "Fast bits and slow bits", "Track session, no track", "Progression run", "3 x 10 minutes"},
	steadyLong: {"Long run", "Sunday long run", "Long one round {route}", "Long and slow", "Over to {route} and back the long way", "Time on feet", "{km} with {friend}, talking all the way", "Long run, long lunch", "Half marathon training, week something", ""},
	trailRun:   {"Mud", "Trails above {route}", "Off-road round {route}", "Up {hill} on foot", "Hills for breakfast", "Stiles: 14, cows: 30", "Trail miles", "Ran where I could, walked where I had to", "Bluebell tour", ""},
	parkrun:    {"parkrun", "Saturday parkrun", "{park}", "parkrun with {friend}", "{park}, coffee after", "parkrun and a bun"},
	tenK:       {"{race}", "{race}: done", "{race} with the whole club"},
	half:       {"{race}", "{race}. Everything hurts", "Thirteen and a bit"},
	ride:       {"", "", "Over to {route}", "{route} loop", "Spin with {friend}", "Lanes", "{route} before breakfast", "A loop in the sun", "Windy", "Testing the new chain", "Not the way I meant to go", "Chasing {friend}"},
	bigRide:    {"Over {route} with {friend}", "{route} and back", "Long way round to {cafe}", "Coffee ride, lots of ride", "{club} to {route}", "All the lanes", "Hundred-ish", "Out past {route}", "Big day out", ""},
	gravel:     {"Gravel round {route}", "Bridleways", "Mostly rideable", "Mud, sweat and gears", "{route} the rough way", "Tractor outing", ""},
	hillClimb:  {"Up {hill}", "{hill}, once was enough", "{hill} for the view", "Hill reps on {hill}", "Up and down {hill}", "Slowly up {hill}"},
	commuteIn:  {"", "To work", "Commute", "Morning commute", "Work, via the bakery"},
	commuteOut: {"", "Home", "Commute home", "Home from work", "Home, uphill"},
	granFondo:  {"{race}", "{race}, the long route", "{race}, with far too many gels"},
	indoorRide: {"Zwift - Watopia", "Zwift - Volcano Flat", "Zwift - Tempus Fugit", "Turbo", "Turbo and a box set", "Sweet spot 3 x 12", "Going nowhere fast", "Too icy outside"},
	gym:        {"Gym", "Strength", "Weights", "Lifting things, putting them down", "Core and grumbling"},
	yoga:       {"Yoga", "Yoga with {friend}", "Stretching what is left", "Yin, mostly lying down"},
	pool:       {"", "Lengths", "Pool", "Lane four again", "Drills"},
	openWater:  {"Dip at {swim}", "{swim}", "Buoys at {swim}", "Cold", "Swim with {friend}, cake with {friend}"},
	hiking:     {"Up {hill} with {friend}", "Sunday walk, big boots", "{hill} the long way", "Sandwiches with a view", "Picnic above {route}", ""},
	walking:    {"", "", "Dog walk", "Round the block", "Walk with Mum", "Pushchair lap", "To the shops by way of {route}", "Phone call walk"},
	wing:       {"Wingfoil at {swim}", "Learning to wingfoil", "Mostly swimming", "Foiling, briefly"},
}

// notes are first sentences of descriptions.
var notes = [...][]string{
	easyRun: {
		"Legs like lead, head like a feather.", "Nothing to report, which is how I like it.", "Slower than it felt.",
		"Met {friend} by the bridge and we put the world to rights.", "Easy pace, two rabbits and a heron.", "Legs heavy after Sunday.",
		"Set out for half an hour and forgot to turn round.", "Tried the new shoes. They squeak.", "First run without gloves.",
		"Calf held up.", "Very glad I went. Very nearly didn't.", "The dog next door now expects me.", "Kept it easy for once and even meant it.",
		"Every gate open, every light green. Suspicious.",
	},
	backRun: {
		"Out to {route}, touched the gate, came home.", "Downhill out, so you know how the second half went.", "Same way back, different mood.",
		"The turning point has a bench now. I approve of the bench.", "Flat out there, flat on my back afterwards.", "Two herons out, one back.",
	},
	tempoRun: {
		"Last rep was the fastest, as it should be and never is.", "{club} in good voice.", "Aimed for even, got creative.",
		"Chased {friend} all evening, and that is all I did.", "Two minutes off between, which was not enough.", "Felt strong up to the moment I didn't.",
		"The hill did the training, I was just present.", "Held the pace. Would not have held a conversation.",
	},
	steadyLong: {
		"Talked all the way with {friend}, so it can't have been too fast.", "Two gels, one banana, no regrets.", "Good for 15, then a long quiet bit.",
		"The long way round {route}. Legs fine, socks not.", "Practised drinking while running. Needs practice.", "Ended with a sprint for the bakery, which shuts at noon.",
		"Longest in a while.", "Beautiful out there. Nobody about but cows.",
	},
	trailRun: {
		"Mud to the knees.", "Took the path on the map. There is no path on the map.", "Fell over once, gracefully.", "Walked the steep bits and called it tactics.",
		"Skylarks all the way along the top.", "Cattle in three fields, a bull in the fourth, a detour in the fifth.", "Grippy shoes, slippery everything else.",
	},
	parkrun: {
		"Thank you to the volunteers.", "Started too fast, as tradition asks.", "{friend} took me round and didn't let go.", "Barcode remembered, gloves forgotten.",
		"Windy on the back straight.", "Pacing by buggy: I could not catch it.", "Good crowd, good cake.", "Went out easy, came home less easy.",
	},
	tenK: {
		"Even splits until the hill, then honest ones.", "{friend} waited at the line with a flapjack.", "Lovely marshals, horrible hill.", "Started too far back and spent 2 km apologising.",
	},
	half: {
		"Went well to 16 km, then the small print.", "The crowd at the bridge was worth a minute.", "Did not walk. Thought about it, did not do it.", "Thank you to everybody who shouted my name, and to whoever put it on the bib.",
	},
	ride: {
		"Lanes full of hedge cuttings, both tyres fine. A miracle.", "Headwind both ways, somehow.", "Turned left where we always turn right. Good decision.",
		"Legs came back.", "Tractor draft for 3 km.", "Stopped to close a gate, stopped to open a gate.", "Quiet roads, loud freewheel.", "{friend} half-wheeled me home.",
		"Tried to beat the rain. Rain won.", "Summer bike, finally.",
	},
	bigRide: {
		"Over {route} with {friend}. Cake at {cafe}, which was the point.", "Two punctures, one coffee, no phone signal.", "Five of us out, four of us back, {friend} took the train.",
		"Good roads, good company, terrible snack planning.", "Cramped on the last hill in front of a bus stop, with audience.", "Longest since spring. Sat down carefully afterwards.",
		"Coffee at {cafe}. The ride was also nice.", "Tailwind home, so of course I felt fit.",
	},
	gravel: {
		"More carrying than planned.", "The bridleway is a stream, the stream is a bridleway.", "Dropped the chain twice, swore once.", "Dry tracks at last. Dust in the teeth.",
		"Found a gate that opens from the saddle.", "{friend} knew a short cut. It was neither.",
	},
	hillClimb: {
		"{hill} never gets easier, and I don't get faster either.", "Spun up, rolled down, had a look at the view in between.", "Bottom gear from the first bend on.",
		"Someone passed me with a basket on the handlebars. Electric, I tell myself.", "Nobody on the road but a fox.",
	},
	commuteIn:  {"Lights with me all the way.", "Frost on the bridge.", "Late, therefore fast.", "Remembered the laptop, forgot the shirt."},
	commuteOut: {"Home the long way, because of the sun.", "Headwind home, as always.", "Shopping on the rack: two leeks, one cake."},
	granFondo: {
		"All the hills they promised and two they didn't.", "Feed stop at 60 km had jam sandwiches. I may have stayed too long.", "Rode most of it with {friend} and two strangers from Leeds.",
	},
	indoorRide: {"Fan on full, window open, still a puddle.", "Watched half a film, remember none of it.", "Icy outside, sensible inside.", "Sweet spot. It is neither."},
	gym:        {"Squats. Stairs will be interesting.", "Physio's orders.", "Twenty minutes of work and twenty of looking for the other dumbbell."},
	yoga:       {"Touched my toes. They have changed.", "Fell asleep at the end. I think that is allowed.", "Hips noted their objections."},
	pool:       {"Shared a lane with a school of triathletes.", "Counted lengths, lost count, added four.", "Goggles leak only on the left."},
	openWater:  {"Eleven degrees and very good for the soul.", "Swallows drinking beside us.", "{friend} brought a flask. {friend} is a saint.", "Weed at the far buoy."},
	hiking:     {"Sandwiches at the top, chips at the bottom.", "Sun, sheep, and one very long gate.", "Good boots. Bad map reading. Nice day.", "{friend} carried the flask, I carried the conversation."},
	walking:    {"Slow lap with Mum.", "Bluebells out.", "Legs needed loosening.", "Rang half the family on the way round.", "Dog chose the route."},
	wing:       {"Up on the foil for eleven whole seconds.", "More swimming than foiling, but what a place.", "Wind died just as I had the hang of it."},
}

// weather is a second sentence, by season.
var weather = [...][]string{
	spring: {"Blossom everywhere.", "Four seasons in an hour.", "Cold wind, warm sun.", "Lambs.", "Mud is finally drying.", "Cuckoo in the wood, first this year.", ""},
	summer: {"Hot.", "Warm and still.", "Should have gone earlier, it was roasting.", "Light until ten, lovely.", "Smell of hay all the way.", "Thunder in the distance.", ""},
	autumn: {"Leaves down, grip gone.", "Misty in the valley, sun on top.", "First frost.", "Conkers underfoot.", "Got the lights out again.", "Sideways rain.", ""},
	winter: {"Frost on everything.", "Dark both ways.", "Zero degrees and not a breath of wind.", "Rain, then sleet, then rain.", "Head torch weather.", "Black ice by the farm, careful.", ""},
}

// extras are third sentences, for any sport.
var extras = []string{
	"Coffee after.", "Bath now.", "Toast.", "More of that, please.", "Same again on Thursday?", "Feet up.", "Legs say hello to the stairs.",
	"Kit straight into the wash.", "Photo doesn't do it justice.", "Thanks for the company, {friend}.", "Onwards.", "Now for the shopping.",
	"Shoes have about 40 km left in them.", "Must fix the rattle.", "Would do it again, not today.", "Hungry ever since.",
	"Music: Elbow – \"One Day Like This\"", "Podcast finished two fields before I did.", "Tomorrow: nothing.",
}

// pleas belong to the charity campaign; {sum} is km run so far.
var pleas = []string{
	"{sum} of 1,000 km for {hospice}. Every pound goes to the night nurses.",
	"Hospice total: {sum} km. Thank you, all of you.",
	"{sum} km for {hospice} so far, {left} to go.",
	"Running 1,000 km for {hospice}: {sum} done. Link in my profile, no pressure, some pressure.",
	"That makes {sum} km for the hospice. Dad would have asked why I don't take the bus.",
	"Hospice kilometres: {sum}. The tea urn there is older than me and in better shape.",
	"{left} km left for {hospice}. It gets shorter every time, funny that.",
	"Number {sum} of 1,000 for {hospice}, and it was an uphill one.",
	"For {hospice}, who looked after Dad so well. {sum} km down.",
	"{sum} km. If everybody who reads this gave a penny a kilometre I'd have to run faster. {hospice} says thank you.",
}

// Texts of the twists: what people write that programs trip over.
var (
	lineBreakTexts = []string{
		"Two laps, one coffee.\r\n\r\n1. Out along {route}\r\n2. Up\r\n3. Down, faster\r\n\r\nThanks to {friend} for waiting at every gate.",
		"Plan: easy hour.\r\nReality: see above.\r\n\r\nMust buy gloves.",
	}
	quoteTexts = []string{
		"{friend} said \"just a short one\". It wasn't. 'Short' is a state of mind, as is \"nearly home\".",
		"Sign on the gate: \"Beware of the dog\". The dog: asleep. Me: \"fine\" — for about 3\" of mud.",
	}
	markupTexts = []string{
		"New shoes: <b>very</b> good. Old shoes & I had 900 km; distance < 1000, sad > glad. <i>Farewell.</i>",
		"Pace <5:30/km all the way & heart rate >150. <b>Bold</b> claim, I know &amp; stand by it.",
	}
	scriptTexts = []string{
		"Wrote code all day, ran it off. <script>alert(\"legs\")</script> is all that's left in my head. See also: <img src=x onerror=alert(1)>, which is how the last hill felt.",
	}
	emojiTexts = []string{
		"☀️ Out, 🌧️ back, ☕ after. Seen: 🦊🐑🐑🐑. Family lap: 👨‍👩‍👧‍👦 Next: 🏴󠁧󠁢󠁥󠁮󠁧󠁿 10K, one week to go 💪🏽",
		"🚴🏻‍♀️🏃🏽 brick session with {friend} 🥵 … never again (see you Tuesday) 🙃",
	}
	semicolonTexts = []string{
		"Route was in C:\\routes\\new\\final_final.gpx; it was not final; nor was it a route. Price of cake: £3.50; value: 100%; regrets: \\0.",
		"a; b; c; d: the four hills; I only like b\\c. 5 \\ 10 would climb again, {cafe}; 'DROP TABLE cakes; -- as they say.",
	}
	videoCaptions = []string{"The descent", "Sound on for the wind", "{friend} meets the puddle", "Lambs"}
	captions      = []string{
		"", "", "", "", "", "View from the top", "Worth it", "Not the worst office", "{friend}, for scale", "Looking back at {town}", "Wrong way",
		"The culprit", "Still frosty", "Gate number nine", "Spot the deer", "Light was better than my phone thinks", "Cake, before", "Nobody about",
	}
)
