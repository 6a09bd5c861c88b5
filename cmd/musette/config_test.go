package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDefaultsAreGoodSettings(t *testing.T) {
	c, err := loadConfig(configSources{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Policy.Poll != 6*time.Hour || c.Addr != "127.0.0.1:8080" || c.Publish != "off" || c.GoalM != 0 {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(c.Scopes, []string{"read", "activity:read_all"}) {
		t.Errorf("scopes: %q", c.Scopes)
	}
}

// The names of the contract first, neither more nor fewer; then the others.
func TestEverySettingHasWhatPeopleNeed(t *testing.T) {
	names := strings.Fields(`STRAVA_CLIENT_ID STRAVA_CLIENT_SECRET STRAVA_REFRESH_TOKEN STRAVA_CACHE_HOURS STRAVA_API_URL
		STRAVA_OAUTH_URL STRAVA_PUSH_URL DATABASE_URL MUSETTE_DATA MUSETTE_ADDR MUSETTE_URL MUSETTE_API_KEY MUSETTE_SECRET_KEY
		MUSETTE_SCOPES MUSETTE_TYPES MUSETTE_FROM MUSETTE_GOAL_M MUSETTE_STREAMS MUSETTE_PUBLISH MUSETTE_PUBLISH_API
		MUSETTE_LOG_LEVEL MUSETTE_LOG_FILE`)
	var have []string
	for _, s := range settingsTable {
		have = append(have, s.name)
		if s.about == "" || s.right == "" || s.set == nil {
			t.Errorf("%s lacks something", s.name)
		}
		for _, text := range []string{s.about, s.right} {
			if strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is not one line without a full stop", s.name, text)
			}
		}
	}
	if len(have) < len(names) || !slices.Equal(have[:len(names)], names) {
		t.Fatalf("settings:\n%q, not\n%q", have, names)
	}
	for _, name := range have[len(names):] {
		if name != "MUSETTE_ORIGINS" && name != "MUSETTE_BACKUP_DIR" && name != "MUSETTE_RETENTION_API" && !strings.HasPrefix(name, "MUSETTE_PUBLISH_") && !strings.HasPrefix(name, "MUSETTE_TILES_") && !strings.HasPrefix(name, "MUSETTE_NOTIFY_") && !strings.HasPrefix(name, "MUSETTE_POLICY_") {
			t.Errorf("%s is not in the contract", name)
		}
	}
}

// Whatever is set where, the strongest source wins, and its value and place are what is shown.
func TestPrecedenceHoldsForEveryCombination(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		given := [4]bool{} // flag, environment, .env, musette.yaml
		for i := range given {
			given[i] = rapid.Bool().Draw(t, fmt.Sprint("source", i))
		}
		from := configSources{dir: dir}
		if given[0] {
			from.flags = map[string]string{"MUSETTE_ADDR": ":1"}
		}
		if given[1] {
			from.environ = []string{"MUSETTE_ADDR=:2"}
		}
		write(t, filepath.Join(dir, dotenvFile), given[2], "# first\nMUSETTE_ADDR=:3\n")
		write(t, filepath.Join(dir, yamlFile), given[3], "addr: \":4\"\n")
		c, err := loadConfig(from)
		if err != nil {
			t.Fatal(err)
		}
		want, place := "127.0.0.1:8080", ""
		for i, p := range []string{"--addr", "environment", ".env line 2", "musette.yaml line 1"} {
			if given[i] {
				want, place = fmt.Sprint(":", i+1), p
				break
			}
		}
		if got := c.values["MUSETTE_ADDR"]; c.Addr != want || place != "" && got.String() != place {
			t.Fatalf("%v: %s from %s, not %s from %s", given, c.Addr, got, want, place)
		}
	})
}

func write(t *rapid.T, path string, there bool, body string) {
	err := os.RemoveAll(path)
	if there {
		err = os.WriteFile(path, []byte(body), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever stands in a secret or in a broken file, no error and no table shows it.
func TestFailure20SecretsAreNeverShown(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		const mark = "hunter2"
		secret := rapid.StringMatching(`[ -~]{0,30}`).Draw(t, "before") + mark + rapid.StringMatching(`[ -~]{0,30}`).Draw(t, "after")
		name := rapid.SampledFrom([]string{
			"STRAVA_CLIENT_SECRET", "STRAVA_REFRESH_TOKEN", "MUSETTE_API_KEY", "MUSETTE_SECRET_KEY", "MUSETTE_NOTIFY_URL",
		}).Draw(t, "name")
		place := rapid.SampledFrom([]string{"environment", dotenvFile, yamlFile}).Draw(t, "place")
		from := configSources{dir: dir}
		if place == "environment" {
			from.environ = []string{name + "=" + secret}
		}
		write(t, filepath.Join(dir, dotenvFile), place == dotenvFile, name+"="+secret+"\n")
		write(t, filepath.Join(dir, yamlFile), place == yamlFile, yamlName(name)+": "+secret+"\n")
		var shown strings.Builder
		c, err := loadConfig(from)
		report(&shown, err)
		if err == nil {
			if err := c.print(&shown); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&shown, "%v %+v", c.ClientSecret, c.APIKey)
		}
		if strings.Contains(shown.String(), mark) {
			t.Fatalf("shown: %s", shown.String())
		}
	})
}

func FuzzDotenvNeverPanics(f *testing.F) {
	for _, seed := range []string{"A=1\n", "export A='x\ny'\n", "\ufeffMUSETTE_ADDR=:1\r\n", "A=\"", "=\n", "MUSETTE_X=1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, dotenvFile), body, 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := fromDotenv(dir)
		for name, v := range found {
			if v.line < 1 && err == nil {
				t.Errorf("%s has no line in %q", name, body)
			}
		}
	})
}

func FuzzYAMLNeverPanics(f *testing.F) {
	for _, seed := range []string{"addr: :1\n", "types: [Run, Ride]\n", "a: &a\n  - *a\n", "? [x]\n: y\n", "---\n---\n", "addr: *x\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := parseYAML(yamlFile, body)
		for name, v := range found {
			if v.line < 1 && err == nil {
				t.Errorf("%s has no line in %q", name, body)
			}
		}
	})
}

func TestNumbersThatAreNone(t *testing.T) {
	for _, text := range []string{"NaN", "Inf", "-Inf", "1e400", "1,000", "0x"} {
		_, err := loadConfig(configSources{environ: []string{"MUSETTE_GOAL_M=" + text}})
		if err == nil || !strings.Contains(err.Error(), "is not a number") {
			t.Errorf("a goal of %s: %v", text, err)
		}
	}
}

func TestNearestIsOnlyWhatCanBeMeant(t *testing.T) {
	names := sortedKeys(yamlNames())
	for written, want := range map[string]string{
		"adr": "addr", "goal": "goal_m", "client_id": "strava_client_id", "database_uri": "database_url",
		"publishapi": "publish_api", "loglevel": "log_level", "x": "", "colour": "", "port": "",
	} {
		if got := nearest(written, names); got != want {
			t.Errorf("%s: %q, not %q", written, got, want)
		}
	}
}
