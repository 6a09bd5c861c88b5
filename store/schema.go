package store

// A kind is how a column is kept; there are four, the same in both databases.
type kind byte

const (
	integer kind = 'i' // BIGINT: ids, counts, 0/1, instants in Unix milliseconds (0: the zero time)
	real    kind = 'r' // DOUBLE PRECISION, REAL on SQLite
	text    kind = 't' // TEXT; see escapeText for bytes that Postgres refuses
	blob    kind = 'b' // BYTEA, BLOB on SQLite
)

// A column of a table. None is ever NULL, and the zero value means "none": so a column added later changes no
// checksum of the rows before it.
type column struct {
	name string
	kind kind

	unsummed bool // outside the row's checksum; the table says why
	derived  bool // made anew by Load, so in no dump
}

// A table as both databases have it. The one description drives the reads and writes, the checksums, Dump and Load,
// and the test that the DDL of both dialects agrees.
type table struct {
	name     string
	cols     []column // without "sum", see summed
	keys     int      // the first so many columns are the primary key
	snapshot bool     // in a dump
	derived  bool     // follows from other tables
	tallied  bool     // per athlete, tallies has the number of rows and the XOR of their checksums

	stmts statements // made by init
}

// tables in the order of a dump. What is left out of checksums:
//
//   - documents.body and document_history.body: they have the SHA-256 of the plain bytes beside them, which is in the
//     checksum, so that looking at a document's row needs no reading of its body;
//   - documents.confirmed_at_ms: a listing confirms 200 documents in one statement; wrong, it costs one call or
//     moves the end of a retention;
//   - part_states.ready: see due.go; it follows from due_at_ms;
//   - all of leases: they run on the database's clock, and a wrong one ends within seconds;
//   - all of picture_files: a file is kept under the SHA-256 of its bytes, so it needs no other, and a check that reads
//     whole rows need not read all pictures;
//   - all of lanes and lane_totals: they follow from part_states, and are mended where they don't, see lanes.go.
var tables = []*table{
	tMeta, tSettings, tAthletes, tGrants, tKeys, tQuota, tCursors, tZones, tHides, tSubscriptions, tDeletions,
	tActivities, tDocuments, tHistory, tPartStates, tPictures, tChanges, tInbox, tTallies, tPartCounts, tLanes, tLaneTotals, tPictureFiles, tLeases,
}

var (
	tMeta = &table{name: "meta", keys: 1, snapshot: true, cols: []column{
		{name: "meta_id", kind: integer}, // always 1
		{name: "epoch", kind: text},
		{name: "seq", kind: integer},
		{name: "oldest", kind: integer},
	}}
	tSettings = &table{name: "settings", keys: 1, snapshot: true, cols: []column{
		{name: "name", kind: text},
		{name: "value", kind: text},
	}}
	tAthletes = &table{name: "athletes", keys: 1, snapshot: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "name", kind: text},
		{name: "first_seen_ms", kind: integer},
		{name: "listed_at_ms", kind: integer},
		{name: "state", kind: text},
		{name: "cause", kind: text},
	}}
	tGrants = &table{name: "grants", keys: 1, snapshot: true, cols: []column{
		{name: "grant_id", kind: text},
		{name: "athlete_id", kind: integer},
		{name: "sealed", kind: blob},
		{name: "previous", kind: blob},
		{name: "scopes", kind: text},
		{name: "taken_in", kind: text},
		{name: "state", kind: text},
		{name: "cause", kind: text},
		{name: "updated_at_ms", kind: integer},
	}}
	tKeys = &table{name: "keys", keys: 1, snapshot: true, cols: []column{
		{name: "key_id", kind: text},
		{name: "kind", kind: text},
		{name: "name", kind: text},
		{name: "hash", kind: blob},
		{name: "parent", kind: blob},
		{name: "scopes", kind: text},
		{name: "athlete_id", kind: integer},
		{name: "created_at_ms", kind: integer},
		{name: "expires_at_ms", kind: integer},
		{name: "used_at_ms", kind: integer},
		{name: "revoked_at_ms", kind: integer},
	}}
	tQuota = &table{name: "quota", keys: 1, snapshot: true, cols: []column{
		{name: "quota_id", kind: integer}, // always 1
		{name: "version", kind: integer},
		{name: "body", kind: blob},
	}}
	tCursors = &table{name: "cursors", keys: 2, snapshot: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "name", kind: text},
		{name: "body", kind: blob},
	}}
	tZones = &table{name: "zones", keys: 1, snapshot: true, cols: []column{
		{name: "zone_id", kind: text},
		{name: "athlete_id", kind: integer},
		{name: "name", kind: text},
		{name: "lat", kind: real},
		{name: "lng", kind: real},
		{name: "radius_m", kind: real},
		{name: "created_at_ms", kind: integer},
	}}
	tHides = &table{name: "hides", keys: 3, snapshot: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "what", kind: text},
		{name: "created_at_ms", kind: integer},
	}}
	tSubscriptions = &table{name: "subscriptions", keys: 1, snapshot: true, cols: []column{
		{name: "secret_hash", kind: text}, // in hex
		{name: "subscription_id", kind: integer},
		{name: "token_hash", kind: blob},
		{name: "public_url", kind: text},
		{name: "created_at_ms", kind: integer},
	}}
	tDeletions = &table{name: "deletions", keys: 2, snapshot: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "found_at_ms", kind: integer},
		{name: "listing", kind: text},
		{name: "from_ms", kind: integer},
		{name: "to_ms", kind: integer},
		{name: "decision", kind: text},
		{name: "decided_at_ms", kind: integer},
	}}
	tActivities = &table{name: "activities", keys: 2, snapshot: true, tallied: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "status", kind: text},
		{name: "start_ms", kind: integer},
		{name: "sport_type", kind: text},
		{name: "type", kind: text},
		{name: "distance_m", kind: real},
		{name: "moving_s", kind: integer},
		{name: "elapsed_s", kind: integer},
		{name: "climb_m", kind: integer},
		{name: "visibility", kind: text},
		{name: "view_version", kind: integer},
		{name: "gone_at_ms", kind: integer},
		{name: "seq", kind: integer},
		{name: "view", kind: blob},
	}}
	tDocuments = &table{name: "documents", keys: 3, snapshot: true, tallied: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "part", kind: text},
		{name: "source", kind: text},
		{name: "sha256", kind: blob},
		{name: "size", kind: integer}, // of the plain bytes
		{name: "fetched_at_ms", kind: integer},
		{name: "confirmed_at_ms", kind: integer, unsummed: true},
		{name: "mark", kind: integer},
		{name: "body", kind: blob, unsummed: true}, // zstd
	}}
	tHistory = &table{name: "document_history", keys: 5, snapshot: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "part", kind: text},
		{name: "fetched_at_ms", kind: integer},
		{name: "sha256", kind: blob},
		{name: "source", kind: text},
		{name: "size", kind: integer},
		{name: "confirmed_at_ms", kind: integer},
		{name: "mark", kind: integer},
		{name: "replaced_at_ms", kind: integer},
		{name: "body", kind: blob, unsummed: true},
	}}
	tPartStates = &table{name: "part_states", keys: 3, snapshot: true, tallied: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "part", kind: text},
		{name: "due_at_ms", kind: integer},
		{name: "class", kind: integer},
		{name: "start_ms", kind: integer},
		{name: "outcome", kind: text},
		{name: "first_seen_ms", kind: integer},
		{name: "first_walk", kind: integer},
		{name: "last_try_ms", kind: integer},
		{name: "last_success_ms", kind: integer},
		{name: "tries", kind: integer},
		{name: "failures", kind: integer},
		{name: "rechecks", kind: integer},
		{name: "wanted", kind: integer},
		{name: "contradicted_ms", kind: integer},
		{name: "not_found_ms", kind: integer},
		{name: "error_kind", kind: text},
		{name: "error", kind: text},
		{name: "ready", kind: integer, unsummed: true, derived: true},
	}}
	tPictures = &table{name: "pictures", keys: 3, snapshot: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "photo_id", kind: text},
		{name: "url", kind: text},
		{name: "asked_px", kind: integer},
		{name: "outcome", kind: text},
		{name: "made", kind: integer}, // 0/1: the smaller sizes
		{name: "sha256", kind: text},  // of the original, in hex; it and the following "" and 0 until it is kept
		{name: "type", kind: text},
		{name: "width", kind: integer},
		{name: "height", kind: integer},
		{name: "size", kind: integer}, // bytes
		{name: "forms", kind: text},   // the smaller sizes, JSON
		{name: "due_at_ms", kind: integer},
		{name: "tried_at_ms", kind: integer},
		{name: "failures", kind: integer},
		{name: "reason", kind: text},
		{name: "kept_at_ms", kind: integer},
		{name: "dropped_at_ms", kind: integer},
	}}
	tChanges = &table{name: "changes", keys: 2, snapshot: true, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "seq", kind: integer},
		{name: "kind", kind: text},
	}}
	tInbox = &table{name: "inbox", keys: 1, cols: []column{
		{name: "inbox_id", kind: integer}, // given by the database
		{name: "kind", kind: text},
		{name: "athlete_id", kind: integer},
		{name: "activity_id", kind: integer},
		{name: "body", kind: blob},
		{name: "received_at_ms", kind: integer},
	}}
	tTallies = &table{name: "tallies", keys: 2, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "name", kind: text}, // of a tallied table
		{name: "row_count", kind: integer},
		{name: "row_xor", kind: integer},
	}}
	tPartCounts = &table{name: "part_counts", keys: 2, cols: []column{
		{name: "athlete_id", kind: integer},
		{name: "part", kind: text},
		{name: "have", kind: integer},
		{name: "due", kind: integer},
		{name: "failed", kind: integer},
		{name: "quarantined", kind: integer},
	}}
	tLanes = &table{name: "lanes", keys: 2, derived: true, cols: []column{
		{name: "athlete_id", kind: integer, unsummed: true},
		{name: "class", kind: integer, unsummed: true},
		{name: "ready", kind: integer, unsummed: true},     // how many of its part states are
		{name: "waiting", kind: integer, unsummed: true},   // how many of them wait for another try, see waits
		{name: "newest_ms", kind: integer, unsummed: true}, // start of the newest that is ready
		{name: "turn", kind: integer, unsummed: true},      // the higher, the later it was served
		{name: "blocked", kind: integer, unsummed: true},   // the same in all lanes of an athlete
	}}
	tLaneTotals = &table{name: "lane_totals", keys: 1, derived: true, cols: []column{
		{name: "class", kind: integer, unsummed: true},
		{name: "ready", kind: integer, unsummed: true},   // in lanes that aren't blocked
		{name: "waiting", kind: integer, unsummed: true}, // the same
		{name: "turn", kind: integer, unsummed: true},    // the highest yet
	}}
	tPictureFiles = &table{name: "picture_files", keys: 2, derived: true, cols: []column{
		{name: "athlete_id", kind: integer, unsummed: true},
		{name: "sha256", kind: text, unsummed: true}, // in hex
		{name: "put_at_ms", kind: integer, unsummed: true},
		{name: "body", kind: blob, unsummed: true},
	}}
	tLeases = &table{name: "leases", keys: 1, cols: []column{
		{name: "name", kind: text, unsummed: true},
		{name: "holder", kind: text, unsummed: true},
		{name: "number", kind: integer, unsummed: true},
		{name: "until_ms", kind: integer, unsummed: true},
	}}
)

// summed reports whether the table's rows carry a checksum.
func (t *table) summed() bool { return t != tLeases && !t.derived }

// index returns the place of a column, which must be there.
func (t *table) index(name string) int {
	for i, c := range t.cols {
		if c.name == name {
			return i
		}
	}
	panic("store: no column " + name + " in " + t.name)
}

func tableNamed(name string) *table {
	for _, t := range tables {
		if t.name == name {
			return t
		}
	}
	return nil
}
