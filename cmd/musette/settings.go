package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"musette"
	"musette/feed"
	"musette/plan"
	"musette/strava"
	"musette/web"
)

// A setting is one name of the configuration. In musette.yaml it is called as [yamlName] says.
type setting struct {
	name      string // the environment variable
	byDefault string
	secret    bool   // never shown
	about     string // one line for people
	right     string // what a good value looks like, for the line after an error
	// set checks the text and keeps what it means. Its error finishes the sentence `MUSETTE_X (.env line 3): "text" …`,
	// for secrets without the text.
	set func(c *config, text string) error
}

// settingsTable is every setting there is, in the order in which they are shown.
var settingsTable = slices.Concat(contractTable, originsTable, notifyTable, policyTable)

// contractTable is every setting of the contract.
var contractTable = []setting{
	{
		name: "STRAVA_CLIENT_ID", about: "your Strava app, from https://www.strava.com/settings/api",
		right: "it is the number called Client ID at https://www.strava.com/settings/api", set: setClientID,
	},
	{
		name: "STRAVA_CLIENT_SECRET", secret: true, about: "your Strava app's secret, from the same page",
		right: "copy it again from https://www.strava.com/settings/api",
		set:   secret(func(c *config) *strava.Secret { return &c.ClientSecret }),
	},
	{
		name: "STRAVA_REFRESH_TOKEN", secret: true, about: "taken in once; `musette connect` needs none",
		right: "copy it again, or leave it out and run `musette connect`",
		set:   secret(func(c *config) *strava.Secret { return &c.RefreshToken }),
	},
	{
		name: "STRAVA_CACHE_HOURS", byDefault: "6", about: "hours between looks at the newest activities",
		right: "write a number of hours above 0, such as 6 or 0.5", set: setCacheHours,
	},
	{
		name: "STRAVA_API_URL", byDefault: strava.DefaultAPIURL, about: "where Strava's API is",
		right: "write an address such as " + strava.DefaultAPIURL,
		set:   address(func(c *config) *string { return &c.APIURL }),
	},
	{
		name: "STRAVA_OAUTH_URL", byDefault: strava.DefaultOAuthURL, about: "where Strava's /authorize and /token are",
		right: "write an address such as " + strava.DefaultOAuthURL,
		set:   address(func(c *config) *string { return &c.OAuthURL }),
	},
	{
		name: "STRAVA_PUSH_URL", about: "where Strava's push subscriptions are; else below the API's address",
		right: "write an address such as " + strava.DefaultAPIURL + "/push_subscriptions, or leave it out",
		set:   address(func(c *config) *string { return &c.PushURL }),
	},
	{
		name: "DATABASE_URL", secret: true, about: "a Postgres database; else SQLite in the data directory",
		right: "write postgres://user:password@host:5432/database, or leave it out for SQLite", set: setDatabaseURL,
	},
	{
		name: "MUSETTE_DATA", byDefault: "./musette-data", about: "the directory that holds everything kept",
		right: "write a directory's path", set: func(c *config, text string) error { c.DataDir = text; return nil },
	},
	{
		name: "MUSETTE_ADDR", byDefault: "127.0.0.1:8080", about: "the address and port to serve on",
		right: "write host:port, such as 127.0.0.1:8080, or :8080 for every network this machine is on", set: setAddr,
	},
	{
		name: "MUSETTE_URL", about: "the public address under which visitors reach it",
		right: "write an address such as https://runs.example.org",
		set:   address(func(c *config) *string { return &c.PublicURL }),
	},
	{
		name: "MUSETTE_API_KEY", secret: true, about: "the operator's key; else one is made at the first start",
		right: "`openssl rand -hex 24` makes a good one", set: setAPIKey,
	},
	{
		name: "MUSETTE_SECRET_KEY", secret: true, about: "seals the athletes' tokens at rest; else a key file does",
		right: "`openssl rand -hex 32` makes one; keep it, the tokens can't be opened without it", set: setSecretKey,
	},
	{
		name: "MUSETTE_SCOPES", byDefault: "read,activity:read_all", about: "what athletes are asked to allow",
		right: "write names with commas between, such as read,activity:read_all", set: setScopes,
	},
	{
		name: "MUSETTE_TYPES", about: "which sports are shown, such as Run,Ride; else all",
		right: "write Strava's names with commas between, such as Run,Ride", set: setTypes,
	},
	{
		name: "MUSETTE_FROM", about: "the first day shown, such as 2025-05-22; else all",
		right: "write year-month-day, such as 2025-05-22", set: setFrom,
	},
	{
		name: "MUSETTE_GOAL_M", byDefault: "0", about: "the distance to reach, in metres; 0 is no goal",
		right: "write a number of metres, such as 1000000 for 1,000 km", set: setGoal,
	},
	{
		name: "MUSETTE_STREAMS", byDefault: "off", about: "fetch second-by-second data: off, recent or all",
		right: "write off, recent or all",
		set:   oneOf(func(c *config) *plan.Streams { return &c.Policy.Streams }, "off", "recent", "all"),
	},
	{
		name: "MUSETTE_PUBLISH", byDefault: "off", about: "what strangers may see: off, aggregate or full",
		right: "write off, aggregate or full",
		set:   oneOf(func(c *config) *string { return &c.Publish }, "off", "aggregate", "full"),
	},
	{
		name: "MUSETTE_PUBLISH_API", about: "yes lets strangers see what came from Strava's API",
		right: "write yes, or leave it out; the README says what Strava's policy asks", set: setPublishAPI,
	},
	{
		name: "MUSETTE_LOG_LEVEL", byDefault: "info", about: "how much is logged: debug, info, warn or error",
		right: "write debug, info, warn or error", set: setLogLevel,
	},
	{
		name: "MUSETTE_LOG_FILE", about: "the file that the log goes to; else stderr",
		right: "write a file's path", set: func(c *config, text string) error { c.LogFile = text; return nil },
	},
}

// originsTable is what publishing, the APIs, maps and backups want to know besides.
var originsTable = []setting{
	{
		name: "MUSETTE_PUBLISH_FIELDS", byDefault: "name,description,map,strava",
		about: "what strangers see of an activity besides sport, time and distance",
		right: "write any of " + strings.Join(feed.Fields, ", ") + " with commas between, or none", set: setPublishFields,
	},
	{
		name: "MUSETTE_PUBLISH_DELAY", byDefault: "0s", about: "how long after its end strangers see an activity",
		right: "write a time such as 90m, 24h or 2d",
		set:   parsed(func(c *config) *time.Duration { return &c.PublishDelay }, parseDelay),
	},
	{
		name: "MUSETTE_ORIGINS", about: "whose pages may read the APIs from a browser",
		right: "write origins with commas between, such as https://example.org,https://www.example.org", set: setOrigins,
	},
	{
		name: "MUSETTE_TILES_URL", secret: true, about: "map tiles under a route, fetched by the server; else routes are drawn on plain ground",
		right: "write an address such as https://tiles.example/{z}/{x}/{y}.png?key=KEY; it stays on the server", set: setTilesURL,
	},
	{
		name: "MUSETTE_TILES_ATTRIBUTION", about: "what the tiles' host wants to be said on each map",
		right: "write what the host asks for, such as © OpenStreetMap contributors", set: func(c *config, text string) error { c.Tiles.Attribution = text; return nil },
	},
	{
		name: "MUSETTE_BACKUP_DIR", about: "a further directory for snapshots, a mount elsewhere; must be there",
		right: "write a directory's path", set: func(c *config, text string) error { c.BackupDir = text; return nil },
	},
	{
		name: "MUSETTE_RETENTION_API", byDefault: "0", about: "drop what came from Strava's API and wasn't confirmed for so long, such as 168h; 0 keeps it",
		right: "write 0 to keep for ever, or a time such as 168h or 7d", set: setRetention,
	},
}

func setOrigins(c *config, text string) error {
	for item := range strings.SplitSeq(text, ",") {
		origin, err := web.CheckOrigin(strings.TrimSpace(item))
		if err != nil {
			return fmt.Errorf("has %q, which is not an origin", strings.TrimSpace(item))
		}
		c.Origins = append(c.Origins, origin)
	}
	return nil
}

func setTilesURL(c *config, text string) error {
	c.Tiles.URL = text
	return web.CheckTilesURL(text)
}

func setClientID(c *config, text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("is not a client id")
	}
	c.ClientID = text
	return nil
}

// secret takes one word.
func secret(field func(*config) *strava.Secret) func(*config, string) error {
	return func(c *config, text string) error {
		if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return errors.New("there is a space or a line break within it")
		}
		*field(c) = strava.Secret(text)
		return nil
	}
}

func setCacheHours(c *config, text string) error {
	const most = 24 * 365
	hours, err := number(text)
	switch {
	case err != nil:
		return err
	case hours <= 0:
		return errors.New("is not above 0")
	case hours > most:
		return errors.New("is more than a year")
	}
	c.Policy.Poll = time.Duration(hours * float64(time.Hour))
	return nil
}

func number(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, errors.New("is not a number")
	}
	return f, nil
}

// address takes an absolute http or https address without user, query and fragment, and the last slash off.
func address(field func(*config) *string) func(*config, string) error {
	return func(c *config, text string) error {
		u, err := url.Parse(text)
		switch {
		case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
			return errors.New("is not an address that starts with http:// or https:// and a host")
		case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
			return errors.New("must have no user, query or fragment")
		}
		*field(c) = strings.TrimRight(u.String(), "/")
		return nil
	}
}

func setDatabaseURL(c *config, text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("is not an address; a password with special characters must be percent-encoded")
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return errors.New("does not start with postgres://")
	}
	c.DatabaseURL = strava.Secret(text)
	return nil
}

func setAddr(c *config, text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil || strings.ContainsAny(host, " /") {
		return errors.New("is not host:port")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return errors.New("has no port between 0 and 65535")
	}
	c.Addr = text
	return nil
}

func setAPIKey(c *config, text string) error {
	const least = 16
	if n := len([]rune(text)); n < least {
		return fmt.Errorf("%d characters are too easy to guess, it takes %d or more", n, least)
	}
	c.APIKey = strava.Secret(text)
	return nil
}

func setSecretKey(c *config, text string) error {
	const digits = 64
	if len(text) != digits {
		return fmt.Errorf("it has %d characters, not %d hex digits", len(text), digits)
	}
	if _, err := hex.DecodeString(text); err != nil {
		return errors.New("it has characters other than 0 to 9 and a to f")
	}
	c.SecretKey = strava.Secret(text)
	return nil
}

// stravaScopes are those that Strava documents.
var stravaScopes = []string{
	"read", "read_all", "profile:read_all", "profile:write", "activity:read", "activity:read_all", "activity:write",
}

func setScopes(c *config, text string) error {
	scopes := list(text)
	for _, s := range scopes {
		if !slices.Contains(stravaScopes, s) {
			if near := nearest(s, stravaScopes); near != "" {
				return fmt.Errorf("has %q, which Strava doesn't know (did you mean %s?)", s, near)
			}
			return fmt.Errorf("has %q, which Strava doesn't know", s)
		}
	}
	if !slices.Contains(scopes, "activity:read") && !slices.Contains(scopes, "activity:read_all") {
		return errors.New("has neither activity:read nor activity:read_all, without which there are no activities")
	}
	c.Scopes = scopes
	return nil
}

// list splits at commas and drops what is empty.
func list(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func setTypes(c *config, text string) error {
	types := list(text)
	for _, t := range types {
		if strings.ContainsFunc(t, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return fmt.Errorf("has %q, which can't be a sport's name", t)
		}
	}
	c.Filter.Types = types
	return nil
}

func setFrom(c *config, text string) error {
	if _, err := musette.NewFilter(nil, text); err != nil {
		return errors.New("is not a date")
	}
	c.Filter.From = text
	return nil
}

func setGoal(c *config, text string) error {
	goal, err := number(text)
	switch {
	case err != nil:
		return err
	case goal < 0:
		return errors.New("is below 0")
	}
	c.GoalM = goal
	return nil
}

func setRetention(c *config, text string) error {
	d, err := parseWait(text)
	if text == "0" {
		d, err = 0, nil
	}
	c.Policy.Retention = d
	return err
}

func oneOf[S ~string](field func(*config) *S, words ...string) func(*config, string) error {
	return func(c *config, text string) error {
		if !slices.Contains(words, text) {
			return errors.New("is none of " + strings.Join(words, ", "))
		}
		*field(c) = S(text)
		return nil
	}
}

func setPublishAPI(c *config, text string) error {
	if text != "yes" {
		return errors.New("is not yes")
	}
	c.PublishAPI = true
	return nil
}

func setLogLevel(c *config, text string) error {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level, ok := levels[text]
	if !ok {
		return errors.New("is none of debug, info, warn, error")
	}
	c.LogLevel = level
	return nil
}
