package main

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"musette"
	"musette/plan"
	"musette/quota"
	"musette/strava"
	"musette/web"
)

// config is every setting, checked. Where several sources name one, the first of these counts: a flag, the
// environment, .env in the working directory, musette.yaml (or --config PATH), the default. An empty value counts
// as none. The names, defaults and checks are in [settingsTable].
type config struct {
	ClientID     string
	ClientSecret strava.Secret
	RefreshToken strava.Secret

	APIURL, OAuthURL, PushURL string

	DatabaseURL strava.Secret // "" is SQLite in DataDir
	DataDir     string
	BackupDir   string // a further directory for snapshots; "" for none
	Addr        string
	PublicURL   string // without a slash at its end
	APIKey      strava.Secret
	SecretKey   strava.Secret
	Scopes      []string

	Filter musette.Filter
	GoalM  float64

	Policy plan.Policy
	Rules  quota.Rules

	Publish    string // off, aggregate, full
	PublishAPI bool

	PublishFields []string
	PublishDelay  time.Duration

	Origins []string  // whose pages may read the APIs
	Tiles   web.Tiles // where map tiles come from; its directory follows from DataDir

	NotifyURL   strava.Secret // where states that last are told; "" for nowhere
	NotifyAfter time.Duration

	LogLevel slog.Level
	LogFile  string

	values map[string]value // by the variable's name; only what is set
}

// value is a setting's text and where it was written.
type value struct {
	text string
	origin
}

// origin is where a value was written.
type origin struct {
	name   string // as it is called there: MUSETTE_ADDR, addr, --addr
	source string // environment, .env, musette.yaml; "" for a flag or a default
	line   int    // 0 where lines mean nothing
}

func (o origin) String() string {
	switch {
	case o.source == "" && strings.HasPrefix(o.name, "--"):
		return o.name
	case o.source == "":
		return "default"
	case o.line > 0:
		return fmt.Sprintf("%s line %d", o.source, o.line)
	}
	return o.source
}

// named is how an error speaks of the setting: by the name used where it was written.
func (o origin) named() string {
	if o.source == "" {
		return o.name
	}
	return fmt.Sprintf("%s (%s)", o.name, o)
}

// configSources say where to look for settings. The zero value has nothing but the defaults: the demo's start.
type configSources struct {
	flags   map[string]string // by variable name; empty values count as not given
	environ []string          // as from os.Environ
	dir     string            // where .env and musette.yaml may be; "" for nowhere
	file    string            // --config, "" for musette.yaml in dir
}

// loadConfig reads all sources and checks every value. The error joins one problem for each thing that is wrong.
func loadConfig(from configSources) (*config, error) {
	values := map[string]value{}
	var errs []error
	take := func(found map[string]value, err error) {
		if err != nil {
			errs = append(errs, err)
		}
		for name, v := range found {
			if v.text = strings.TrimSpace(v.text); v.text != "" {
				values[name] = v
			}
		}
	}
	// From the weakest to the strongest: later ones replace.
	take(fromYAML(from.dir, from.file))
	take(fromDotenv(from.dir))
	take(fromEnviron(from.environ))
	take(fromFlags(from.flags))

	c := tables()
	c.values = values
	for _, s := range settingsTable {
		v, given := values[s.name]
		if !given {
			v = value{text: s.byDefault, origin: origin{name: s.name}}
		}
		if v.text == "" {
			continue
		}
		if err := s.set(c, v.text); err != nil {
			errs = append(errs, s.refuse(v, err))
		}
	}
	if c.PushURL == "" {
		c.PushURL = c.APIURL + "/push_subscriptions"
	}
	c.Policy.Published = c.Publish != "off"
	if err := together(append(errs, c.validate())...); err != nil {
		return nil, err
	}
	return c, nil
}

// refuse says which setting is wrong, where it was written, why, and what would be right.
func (s *setting) refuse(v value, err error) error {
	if s.secret {
		return misused(s.right, "%s: %w", v.named(), err)
	}
	return misused(s.right, "%s: %q %w", v.named(), withoutPassword(v.text), err)
}

// withoutPassword takes user and password out of an address.
func withoutPassword(text string) string {
	scheme, rest, isAddress := strings.Cut(text, "://")
	if at := strings.LastIndexByte(rest, '@'); isAddress && at >= 0 {
		return scheme + "://***" + rest[at:]
	}
	return text
}

// fromFlags takes what was given on the command line.
func fromFlags(flags map[string]string) (map[string]value, error) {
	found := map[string]value{}
	for name, text := range flags {
		found[name] = value{text, origin{name: "--" + yamlName(name)}}
	}
	return found, nil
}

// fromEnviron takes the settings out of the environment; a MUSETTE_ name that isn't one is an error, since it is
// most likely a misspelt one that would silently do nothing.
func fromEnviron(environ []string) (map[string]value, error) {
	found := map[string]value{}
	var errs []error
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		at := origin{name: name, source: "environment"}
		if err := known(at); err != nil {
			errs = append(errs, err)
		}
		if settingNamed(name) != nil {
			found[name] = value{text, at}
		}
	}
	return found, together(errs...)
}

// known refuses a variable of ours that doesn't exist. Other programs' variables, and STRAVA_ ones that Musette
// doesn't know, are left alone.
func known(at origin) error {
	if !strings.HasPrefix(at.name, "MUSETTE_") || settingNamed(at.name) != nil {
		return nil
	}
	names := yamlNames()
	near := names[nearestYAML(yamlName(at.name), names)] // without what all names share
	return misused(didYouMean(near), "%s is not a setting (%s)", at.name, at)
}

func didYouMean(name string) string {
	if name == "" {
		return "`musette help settings` lists all there are"
	}
	return "did you mean " + name + "? `musette help settings` lists all there are"
}

func settingNamed(name string) *setting {
	i := slices.IndexFunc(settingsTable, func(s setting) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return &settingsTable[i]
}

// yamlName is a setting's name in musette.yaml: the variable's in lower case, without MUSETTE_. Those of the policy
// are grouped by dots: policy.sweep, policy.reserve.event.
func yamlName(name string) string {
	if rest, ok := strings.CutPrefix(name, policyPrefix); ok {
		return policyYAML + strings.Replace(strings.ToLower(rest), "reserve_", "reserve.", 1)
	}
	if source, ok := strings.CutPrefix(name, "MUSETTE_RETENTION_"); ok { // one for each source
		return "retention." + strings.ToLower(source)
	}
	return strings.ToLower(strings.TrimPrefix(name, "MUSETTE_"))
}

func yamlNames() map[string]string {
	names := make(map[string]string, len(settingsTable))
	for i := range settingsTable {
		names[yamlName(settingsTable[i].name)] = settingsTable[i].name
	}
	return names
}

// nearestYAML is the name in musette.yaml most like the one that was written there, "" if none is near enough.
func nearestYAML(written string, names map[string]string) string {
	switch written { // of the policy too, but called otherwise
	case policyYAML + "poll":
		return "strava_cache_hours"
	case policyYAML + "streams":
		return "streams"
	}
	return nearest(written, sortedKeys(names))
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
