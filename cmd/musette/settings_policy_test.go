package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"musette"
	"musette/plan"
	"musette/quota"
)

func TestPolicyDefaultsAreThoseOfTheTables(t *testing.T) {
	c, err := loadConfig(configSources{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c.Policy, plan.Default()) || c.Rules != quota.DefaultRules() {
		t.Errorf("%+v\n%+v\nnot\n%+v\n%+v", c.Policy, c.Rules, plan.Default(), quota.DefaultRules())
	}
}

// Every value of the tables can be set, and every default can be written back as it is shown.
func TestEveryPolicyValueIsASetting(t *testing.T) {
	c := &config{}
	for _, s := range policyTable {
		if err := s.set(c, s.byDefault); err != nil {
			t.Errorf("%s: %q %v", s.name, s.byDefault, err)
		}
	}
	want := plan.Default()
	want.Poll, want.Streams, want.Published = 0, "", false // settings of the contract
	if !reflect.DeepEqual(c.Policy, want) || c.Rules != quota.DefaultRules() {
		t.Errorf("%+v\n%+v\nnot\n%+v\n%+v", c.Policy, c.Rules, want, quota.DefaultRules())
	}
}

func TestPolicyFromYAML(t *testing.T) {
	for name, body := range map[string]string{
		"dotted": "policy.sweep: 48h\npolicy.recheck: [1h, 1d12h]\npolicy.reserve.event: 20%\npolicy.max_failures: 3\npolicy.placeholder: []\n",
		"nested": "policy:\n  sweep: 2d\n  recheck: 1h,36h\n  reserve: {event: 0.2}\n  max_failures: 3\n  placeholder: none\n",
		"both":   "policy:\n  sweep: 2880m\n  reserve.event: 20 %\npolicy.recheck: [60m, 36h]\npolicy.max_failures: 3\npolicy.placeholder: none\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, yamlFile), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadConfig(configSources{dir: dir})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p := c.Policy
		if p.Sweep != 48*time.Hour || !slices.Equal(p.Recheck, []time.Duration{time.Hour, 36 * time.Hour}) || p.MaxFailures != 3 ||
			len(p.Placeholder) != 0 || c.Rules.Reserve[musette.ClassEvent] != 0.2 {
			t.Errorf("%s: %+v %+v", name, p, c.Rules)
		}
	}
}

// A time that is shown is the time that is read.
func TestWaitsAreReadAsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(-int64(400*24*time.Hour), int64(400*24*time.Hour)).Draw(t, "d"))
		if rapid.Bool().Draw(t, "days") {
			d = d.Truncate(24 * time.Hour)
		}
		if got, err := parseWait(showWait(d)); err != nil || got != d {
			t.Fatalf("%d is shown as %q and read as %d, %v", d, showWait(d), got, err)
		}
	})
}

func TestTextsThatAreNoWait(t *testing.T) {
	for _, text := range []string{"", "5", "d", "7days", "7d7d", "1d-1h", "-1d1h", "NaNd", "Infd", "1 d", "h", "1y", "1d1"} {
		if d, err := parseWait(text); err == nil {
			t.Errorf("%q is read as %s", text, d)
		}
	}
	if d, err := parseWait("1e300d"); err != nil || d <= 366*24*time.Hour {
		t.Errorf("more days than fit are read as %s, %v", d, err)
	}
}

// Publishing is part of the policy: what is hidden on Strava has to go soon.
func TestPublishingSweepsOftener(t *testing.T) {
	for mode, want := range map[string]bool{"off": false, "aggregate": true, "full": true} {
		c, err := loadConfig(configSources{environ: []string{"MUSETTE_PUBLISH=" + mode}})
		if err != nil || c.Policy.Published != want {
			t.Errorf("%s: %v, %v", mode, c, err)
		}
	}
}

// The setting that somebody has written is the one to blame, not a default that it doesn't go with.
func TestBlameFallsOnWhatWasWritten(t *testing.T) {
	_, err := loadConfig(configSources{environ: []string{"MUSETTE_POLICY_ESSENTIAL_BACKOFF=48h"}})
	if err == nil || !strings.HasPrefix(err.Error(), `MUSETTE_POLICY_ESSENTIAL_BACKOFF (environment): "48h"`) {
		t.Errorf("%v", err)
	}
}

// A retention is written as a time, by its own name in musette.yaml; one that sweeps can't keep up with is refused.
func TestRetention(t *testing.T) {
	for text, want := range map[string]time.Duration{"0": 0, "168h": 168 * time.Hour, "7d": 168 * time.Hour} {
		c, err := loadConfig(configSources{environ: []string{"MUSETTE_RETENTION_API=" + text}})
		if err != nil || c.Policy.Retention != want {
			t.Errorf("%s is %v, %v", text, c, err)
		}
	}
	file := filepath.Join(t.TempDir(), "musette.yaml")
	for _, text := range []string{"retention.api: 72h\n", "retention:\n  api: 3d\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := loadConfig(configSources{file: file}); err != nil || c.Policy.Retention != 72*time.Hour {
			t.Errorf("%q is %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"24h", "-1h", "soon", "400d"} {
		_, err := loadConfig(configSources{environ: []string{"MUSETTE_RETENTION_API=" + text}})
		if err == nil || !strings.HasPrefix(err.Error(), `MUSETTE_RETENTION_API (environment): "`+text+`"`) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
