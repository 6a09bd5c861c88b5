package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"musette"
	"musette/feed"
)

// MaxAthletes is how many athletes may have figures of their own; where there are more, only the sums are shown.
const MaxAthletes = 20

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("musette_"+name, help, labels, nil)
}

var (
	descState        = gauge("state", "1 for the state that the mirror is in.", "state")
	descStaleness    = gauge("staleness_seconds", "Time since the list of activities was last known to be complete.")
	descETA          = gauge("eta_seconds", "Time until everything due will be here; 0 if nothing is due.")
	descWorry        = gauge("worry", "1 where the store's own safety needs a person.", "kind")
	descClock        = gauge("clock_off_seconds", "How far a wrong clock is ahead of Strava's; 0 if it is not known to be wrong.")
	descAthletes     = gauge("athletes", "Athletes by the state of their mirror.", "state")
	descActivities   = gauge("activities", "Activities that are here.")
	descParts        = gauge("parts", "Parts of activities by how far they are here, over all athletes.", "part", "status")
	descAthleteParts = gauge("athlete_parts", "The same of each athlete, where they are few.", "athlete", "part", "status")
	descQuotaUsed    = gauge("quota_used", "Calls that Strava has counted in a window.", "limit", "window")
	descQuotaLimit   = gauge("quota_limit", "Calls that Strava allows in a window.", "limit", "window")

	descSeq       = gauge("changes_seq", "Number of the last change that is shown.")
	descMemory    = gauge("memory_activities", "Activities in memory.")
	descBytes     = gauge("memory_bytes", "Bytes of their ready JSON.")
	descDamaged   = gauge("damaged_rows", "Rows left out of memory because they are damaged.")
	descFollowers = gauge("event_followers", "Readers who follow the stream of events now.")
	descLeader    = gauge("leader", "1 if this process makes the calls to Strava.")

	descUp      = gauge("database_up", "1 if the database answered when it was last looked at.")
	descLatency = gauge("database_latency_seconds", "How long its answer took.")
	descInbox   = gauge("inbox_items", "What waits to be worked off: events, and wishes of people.", "kind")
	descOldest  = gauge("inbox_oldest_seconds", "How long the first of them has waited.", "kind")

	descSnapshots     = gauge("snapshots", "Snapshots that can be used.", "directory")
	descSnapshotAge   = gauge("snapshot_age_seconds", "Time since the newest snapshot was written.", "directory")
	descSnapshotBytes = gauge("snapshot_bytes", "Size of the newest snapshot.", "directory")
	descDiskFree      = gauge("disk_free_bytes", "Room left where the snapshots are.", "directory")
	descDiskSize      = gauge("disk_size_bytes", "Size of that disk.", "directory")
)

var descs = []*prometheus.Desc{
	descState, descStaleness, descETA, descWorry, descClock, descAthletes, descActivities, descParts, descAthleteParts, descQuotaUsed, descQuotaLimit,
	descSeq, descMemory, descBytes, descDamaged, descFollowers, descLeader, descUp, descLatency, descInbox, descOldest,
	descSnapshots, descSnapshotAge, descSnapshotBytes, descDiskFree, descDiskSize,
}

// worries are what status lists among its last errors though no call has failed.
var worries = []string{"damage", "copy", "backup", "pictures"}

// collector shows what isn't counted but is so at the moment.
type collector struct{ m *Metrics }

func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range descs {
		to <- d
	}
}

func (c collector) Collect(to chan<- prometheus.Metric) {
	s := c.m.site.Load()
	if s == nil {
		return
	}
	show := shower{to: to, now: c.m.now()}
	view := s.View()
	show.status(&view.Status)
	show.view(view)
	show.set(descFollowers, float64(s.Followers()))
	show.set(descLeader, yes(s.Leads()))
	if d := c.m.database.Load(); d != nil {
		show.database(d)
	}
	if list := c.m.shelves.Load(); list != nil {
		for i := range *list {
			show.shelf(&(*list)[i])
		}
	}
}

type shower struct {
	to  chan<- prometheus.Metric
	now time.Time
}

func (s shower) set(d *prometheus.Desc, value float64, labels ...string) {
	s.to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func (s shower) since(t time.Time) float64 { return max(0, s.now.Sub(t).Seconds()) }

func (s shower) status(st *musette.Status) {
	for _, state := range musette.States() {
		s.set(descState, yes(st.State == state), string(state))
	}
	if st.AsOf != nil {
		s.set(descStaleness, s.since(*st.AsOf))
	}
	eta := 0.0
	if st.ETA != nil {
		eta = max(0, st.ETA.Sub(s.now).Seconds())
	}
	s.set(descETA, eta)
	noted := map[string]bool{}
	for _, e := range st.LastErrors {
		noted[e.Kind] = true
	}
	for _, kind := range worries {
		s.set(descWorry, yes(noted[kind]), kind)
	}
	off := 0.0
	for _, w := range st.Warnings {
		if w.Name == musette.WarningClock {
			off = float64(w.OffS)
		}
	}
	s.set(descClock, off)
	for name, w := range map[string]musette.Windows{"read": st.Quota.Read, "overall": st.Quota.Overall} {
		s.set(descQuotaUsed, float64(w.Quarter.Used), name, "quarter")
		s.set(descQuotaLimit, float64(w.Quarter.Limit), name, "quarter")
		s.set(descQuotaUsed, float64(w.Day.Used), name, "day")
		s.set(descQuotaLimit, float64(w.Day.Limit), name, "day")
	}
	s.athletes(st.Athletes)
}

func (s shower) athletes(list []musette.Athlete) {
	states, activities, sums := map[musette.State]int{}, 0, map[musette.Part]musette.PartCount{}
	for i := range list {
		a := &list[i]
		states[a.State]++
		activities += a.Activities
		for _, part := range musette.ActivityParts {
			n, sum := a.Parts[part], sums[part]
			sum.Have += n.Have
			sum.Due += n.Due
			sum.Failed += n.Failed
			sum.Quarantined += n.Quarantined
			sums[part] = sum
			if len(list) <= MaxAthletes {
				s.parts(descAthleteParts, n, strconv.FormatInt(a.ID, 10), string(part))
			}
		}
	}
	for _, state := range musette.States() {
		s.set(descAthletes, float64(states[state]), string(state))
	}
	s.set(descActivities, float64(activities))
	for _, part := range musette.ActivityParts {
		s.parts(descParts, sums[part], string(part))
	}
}

func (s shower) parts(d *prometheus.Desc, n musette.PartCount, labels ...string) {
	with := func(status string) []string { return append(labels[:len(labels):len(labels)], status) }
	s.set(d, float64(n.Have), with("have")...)
	s.set(d, float64(n.Due), with("due")...)
	s.set(d, float64(n.Failed), with("failed")...)
	s.set(d, float64(n.Quarantined), with("quarantined")...)
}

func (s shower) view(v *feed.View) {
	activities, bytes := v.Size()
	s.set(descSeq, float64(v.Seq))
	s.set(descMemory, float64(activities))
	s.set(descBytes, float64(bytes))
	s.set(descDamaged, float64(v.Damaged))
}

func (s shower) database(d *seenDatabase) {
	s.set(descUp, yes(d.up))
	if !d.up {
		return
	}
	s.set(descLatency, d.took.Seconds())
	for _, kind := range []string{"event", "forced"} {
		w, oldest := d.inbox[kind], 0.0
		if w.Items > 0 {
			oldest = s.since(w.Oldest)
		}
		s.set(descInbox, float64(w.Items), kind)
		s.set(descOldest, oldest, kind)
	}
}

func (s shower) shelf(f *seenShelf) {
	s.set(descSnapshots, float64(f.files), f.name)
	if f.files > 0 {
		s.set(descSnapshotAge, s.since(f.newest.At), f.name)
		s.set(descSnapshotBytes, float64(f.newest.Bytes), f.name)
	}
	if f.size > 0 {
		s.set(descDiskFree, float64(f.free), f.name)
		s.set(descDiskSize, float64(f.size), f.name)
	}
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
