package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"musette"
	"musette/plan"
	"musette/quota"
)

// Policy settings are the planner's and the ledger's tables as configuration: MUSETTE_POLICY_RESERVE_EVENT in the
// environment, policy.reserve.event in musette.yaml, or event below reserve below policy. Their defaults are those of
// the tables; what the tables say of a value is an error of its setting.
const (
	policyPrefix = "MUSETTE_POLICY_"
	policyYAML   = "policy."
)

func isPolicy(name string) bool { return strings.HasPrefix(name, policyPrefix) }

// policyTable is every policy setting, in the order in which they are shown.
var policyTable = []setting{
	wait("POLL_WEBHOOKS", "time between looks at the newest activities where webhooks work", func(p *plan.Policy) *time.Duration { return &p.PollWebhooks }),
	wait("SWEEP", "time between walks over the whole list", func(p *plan.Policy) *time.Duration { return &p.Sweep }),
	wait("SWEEP_PUBLISHED", "the same while MUSETTE_PUBLISH isn't off", func(p *plan.Policy) *time.Duration { return &p.SweepPublished }),
	share("LIST_SHARE", "share of a day's reads for lists; with many athletes they come less often",
		func(c *config) *float64 { return &c.Policy.ListShare }),
	waits("RETRY", "waits after the failed tries that together are one failure", func(p *plan.Policy) *[]time.Duration { return &p.Retry }),
	wait("ESSENTIAL_BACKOFF", "wait after a failure of a first detail; four times as long each time",
		func(p *plan.Policy) *time.Duration { return &p.EssentialBackoff }),
	wait("ESSENTIAL_MAX", "the longest of these waits; they never end", func(p *plan.Policy) *time.Duration { return &p.EssentialMax }),
	wait("FAILURE_WAIT", "wait after a failure of anything else", func(p *plan.Policy) *time.Duration { return &p.FailureWait }),
	{
		name: policyPrefix + "MAX_FAILURES", byDefault: strconv.Itoa(plan.Default().MaxFailures), about: "failures after which anything else is given up",
		right: "write a whole number, such as 5", set: parsed(func(c *config) *int { return &c.Policy.MaxFailures }, parseCount),
	},
	waits("RECHECK", "when, after first seen, a description is looked for again; none is never",
		func(p *plan.Policy) *[]time.Duration { return &p.Recheck }),
	wait("RECHECK_FRESH", "how old the first walk's activities may be to be rechecked", func(p *plan.Policy) *time.Duration { return &p.RecheckFresh }),
	wait("RECHECK_END", "when, after first seen, rechecks end", func(p *plan.Policy) *time.Duration { return &p.RecheckEnd }),
	waits("PLACEHOLDER", "waits for photos that Strava still prepares; none is never",
		func(p *plan.Policy) *[]time.Duration { return &p.Placeholder }),
	wait("BELIEVE", "how long an answer must contradict the list to be believed", func(p *plan.Policy) *time.Duration { return &p.Believe }),
	wait("NOT_FOUND_WAIT", "wait after Strava first says that an activity isn't there", func(p *plan.Policy) *time.Duration { return &p.NotFoundWait }),
	wait("RECENT", "how old an activity may be to go before older ones", func(p *plan.Policy) *time.Duration { return &p.Recent }),
	wait("TOMBSTONE_KEEP", "how long the documents of a deleted activity are kept", func(p *plan.Policy) *time.Duration { return &p.TombstoneKeep }),
	wait("HISTORY_KEEP", "how long documents that were replaced are kept", func(p *plan.Policy) *time.Duration { return &p.HistoryKeep }),
	reserve("LOGIN", "sign-ins", musette.ClassLogin),
	reserve("FORCED", "a person's refresh", musette.ClassForced),
	reserve("EVENT", "webhook events", musette.ClassEvent),
	reserve("LIST", "lists", musette.ClassList),
	reserve("RECENT", "recent activities", musette.ClassRecent),
	reserve("ENRICH", "photos and comments", musette.ClassEnrich),
	reserve("BACKFILL", "older activities", musette.ClassBackfill),
	share("RECHECK_SPARE", "share of a day's limits that rechecks leave alone", func(c *config) *float64 { return &c.Rules.RecheckSpare }),
}

const rightWait = "write a time such as 90s, 15m, 6h or 7d"

// tables returns the tables that the settings start from.
func tables() *config { return &config{Policy: plan.Default(), Rules: quota.DefaultRules()} }

func wait(name, about string, field func(*plan.Policy) *time.Duration) setting {
	return setting{
		name: policyPrefix + name, byDefault: showWait(*field(&tables().Policy)), about: about, right: rightWait,
		set: parsed(func(c *config) *time.Duration { return field(&c.Policy) }, parseWait),
	}
}

func waits(name, about string, field func(*plan.Policy) *[]time.Duration) setting {
	return setting{
		name: policyPrefix + name, byDefault: showWaits(*field(&tables().Policy)), about: about,
		right: "write times with commas between, such as 1h,24h,7d",
		set:   parsed(func(c *config) *[]time.Duration { return field(&c.Policy) }, parseWaits),
	}
}

func share(name, about string, field func(*config) *float64) setting {
	return setting{
		name: policyPrefix + name, byDefault: showShare(*field(tables())), about: about, right: "write a share such as 10%",
		set: parsed(field, parseShare),
	}
}

// parsed puts what the text means into the field, and leaves the default there if it means nothing.
func parsed[T any](field func(*config) *T, parse func(string) (T, error)) func(*config, string) error {
	return func(c *config, text string) error {
		v, err := parse(text)
		if err == nil {
			*field(c) = v
		}
		return err
	}
}

// reserve is the share of each window that is kept at its start for one class from all below it.
func reserve(name, what string, class musette.Class) setting {
	return share("RESERVE_"+name, "share of each window's start kept for "+what, func(c *config) *float64 { return &c.Rules.Reserve[class] })
}

func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, errors.New("is not a whole number")
	}
	return n, nil
}

// parseWait reads a time as Go writes it, with days: 90s, 1h30m, 7d, 1d12h.
func parseWait(text string) (time.Duration, error) {
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, errors.New("is not a time")
		}
		return d, nil
	}
	n, err := number(days)
	if err != nil {
		return 0, errors.New("is not a time")
	}
	if rest == "" {
		rest = "0s"
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || n < 0 && d != 0 {
		return 0, errors.New("is not a time")
	}
	const most = 100 * 365 // more would not fit
	return time.Duration(min(max(n, -most), most)*24*float64(time.Hour)) + min(d, math.MaxInt64/2), nil
}

// none is an empty list of times, for it isn't the same as a setting left out.
const none = "none"

func parseWaits(text string) ([]time.Duration, error) {
	if text == none {
		return nil, nil
	}
	var waits []time.Duration
	for _, item := range list(text) {
		d, err := parseWait(item)
		if err != nil {
			return nil, fmt.Errorf("has %q, which %w", item, err)
		}
		waits = append(waits, d)
	}
	return waits, nil
}

// parseShare reads 10% or 0.1.
func parseShare(text string) (float64, error) {
	bare, percent := strings.CutSuffix(text, "%")
	f, err := number(strings.TrimSpace(bare))
	if percent {
		f /= 100
	}
	return f, err
}

func showWait(d time.Duration) string {
	const day = 24 * time.Hour
	if d > day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func showWaits(waits []time.Duration) string {
	if len(waits) == 0 {
		return none
	}
	items := make([]string, len(waits))
	for i, d := range waits {
		items[i] = showWait(d)
	}
	return strings.Join(items, ",")
}

func showShare(f float64) string {
	return strconv.FormatFloat(math.Round(f*1e6)/1e4, 'f', -1, 64) + "%"
}

// validate asks the tables what they think of their values, and lays what is wrong at the door of a setting.
func (c *config) validate() error {
	var errs []error
	for _, err := range []error{c.Policy.Validate(), c.Rules.Validate()} {
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			for _, err := range several.Unwrap() {
				errs = append(errs, c.blame(err))
			}
		}
	}
	return together(errs...)
}

// blame finds the setting that made a value what it is: the first at fault that isn't a default.
func (c *config) blame(err error) error {
	invalid, ok := errors.AsType[*musette.InvalidError](err)
	if !ok {
		return err
	}
	for _, name := range invalid.Names {
		if v, given := c.values["MUSETTE_RETENTION_API"]; given && name == "retention" {
			return misused(invalid.Right, "%s: %q %s", v.named(), v.text, invalid.Problem)
		}
		for _, s := range policyTable {
			v, given := c.values[s.name]
			if given && yamlName(s.name) == policyYAML+name {
				return misused(invalid.Right, "%s: %q %s", v.named(), v.text, invalid.Problem)
			}
		}
	}
	return misused(invalid.Right, "%s", invalid)
}
