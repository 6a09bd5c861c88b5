package main

import (
	"errors"
	"slices"
	"time"

	"musette/feed"
)

func setPublishFields(c *config, text string) error {
	fields := []string{}
	if text != none {
		fields = list(text)
	}
	for _, f := range fields {
		if !slices.Contains(feed.Fields, f) {
			return errors.New("has " + plain(f) + ", which is none of them")
		}
	}
	c.PublishFields = fields
	return nil
}

func parseDelay(text string) (time.Duration, error) {
	d, err := parseWait(text)
	if err == nil && d < 0 {
		err = errors.New("is below 0")
	}
	return d, err
}

// publish is what strangers see.
func (c *config) publish() feed.Publish {
	return feed.Publish{Mode: c.Publish, API: c.PublishAPI, Fields: c.PublishFields, Delay: c.PublishDelay}
}

// sayPublished says what Strava's policy has to do with what is published.
func (a *app) sayPublished() {
	const policy = "Strava's API policy (2.3, 6.1) lets what came through its API be shown to the athlete alone, and nothing be passed on (5.10)"
	switch {
	case !a.cfg.publish().On():
	case a.cfg.PublishAPI:
		a.say("strangers see what came through Strava's API, as MUSETTE_PUBLISH_API=yes says. %s. docs/strava-terms.md has more", policy)
	default:
		a.say("what came through Strava's API stays private: %s. If you decide otherwise, set MUSETTE_PUBLISH_API=yes; docs/strava-terms.md has more", policy)
	}
}
