-- +goose Up
-- Bodies stand last, so that the rest of a row is read without them.

CREATE TABLE meta (
    meta_id INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    seq INTEGER NOT NULL,
    oldest INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (meta_id)
) STRICT;

CREATE TABLE settings (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE athletes (
    athlete_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    listed_at_ms INTEGER NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (athlete_id)
) STRICT;

CREATE TABLE grants (
    grant_id TEXT NOT NULL,
    athlete_id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    previous BLOB NOT NULL,
    scopes TEXT NOT NULL,
    taken_in TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (grant_id)
) STRICT;
CREATE INDEX grants_athlete ON grants (athlete_id);

CREATE TABLE keys (
    key_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL,
    parent BLOB NOT NULL,
    scopes TEXT NOT NULL,
    athlete_id INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    used_at_ms INTEGER NOT NULL,
    revoked_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (key_id)
) STRICT;
CREATE UNIQUE INDEX keys_hash ON keys (hash);

CREATE TABLE quota (
    quota_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (quota_id)
) STRICT;

CREATE TABLE cursors (
    athlete_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    sum INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (athlete_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE zones (
    zone_id TEXT NOT NULL,
    athlete_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    lat REAL NOT NULL,
    lng REAL NOT NULL,
    radius_m REAL NOT NULL,
    created_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (zone_id)
) STRICT;

CREATE TABLE hides (
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    what TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, what)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
    secret_hash TEXT NOT NULL,
    subscription_id INTEGER NOT NULL,
    token_hash BLOB NOT NULL,
    public_url TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (secret_hash)
) STRICT;

CREATE TABLE deletions (
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    found_at_ms INTEGER NOT NULL,
    listing TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    decision TEXT NOT NULL,
    decided_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (athlete_id, activity_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE activities (
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    sport_type TEXT NOT NULL,
    type TEXT NOT NULL,
    distance_m REAL NOT NULL,
    moving_s INTEGER NOT NULL,
    elapsed_s INTEGER NOT NULL,
    climb_m INTEGER NOT NULL,
    visibility TEXT NOT NULL,
    view_version INTEGER NOT NULL,
    gone_at_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    view BLOB NOT NULL,
    PRIMARY KEY (athlete_id, activity_id)
) STRICT;
CREATE INDEX activities_id ON activities (activity_id);
CREATE INDEX activities_start ON activities (athlete_id, start_ms);
CREATE INDEX activities_gone ON activities (gone_at_ms) WHERE gone_at_ms <> 0;

CREATE TABLE documents (
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    part TEXT NOT NULL,
    source TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    size INTEGER NOT NULL,
    fetched_at_ms INTEGER NOT NULL,
    confirmed_at_ms INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, part)
) STRICT;

CREATE TABLE document_history (
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    part TEXT NOT NULL,
    fetched_at_ms INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    source TEXT NOT NULL,
    size INTEGER NOT NULL,
    confirmed_at_ms INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    replaced_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, part, fetched_at_ms, sha256)
) STRICT;
CREATE INDEX document_history_replaced ON document_history (replaced_at_ms);

CREATE TABLE part_states (
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    part TEXT NOT NULL,
    due_at_ms INTEGER NOT NULL,
    class INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    first_walk INTEGER NOT NULL,
    last_try_ms INTEGER NOT NULL,
    last_success_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    rechecks INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    contradicted_ms INTEGER NOT NULL,
    not_found_ms INTEGER NOT NULL,
    error_kind TEXT NOT NULL,
    error TEXT NOT NULL,
    ready INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, part)
) STRICT, WITHOUT ROWID;
-- What is due is found by these alone, see due.go.
CREATE INDEX part_states_due ON part_states (ready, due_at_ms) WHERE due_at_ms <> 0;
CREATE INDEX part_states_ready ON part_states (class, athlete_id, start_ms DESC, activity_id DESC, part, due_at_ms) WHERE ready = 1;
CREATE INDEX part_states_waiting ON part_states (ready, due_at_ms, class, athlete_id, activity_id, outcome)
    WHERE ready = 0 AND due_at_ms <> 0 AND activity_id <> 0 AND class <> 7 AND outcome <> 'failed' AND outcome <> 'quarantined';
-- (Not "= 0": SQLite would compile every statement with "activity_id = $1" anew for each value.)
CREATE INDEX part_states_lists ON part_states (athlete_id, part) WHERE activity_id < 1;
CREATE INDEX part_states_hinted ON part_states (due_at_ms) WHERE outcome = 'hinted';
CREATE INDEX part_states_error ON part_states (last_try_ms DESC) WHERE error_kind <> '';

CREATE TABLE changes (
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (athlete_id, activity_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX changes_seq ON changes (seq);

CREATE TABLE inbox (
    inbox_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    body BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_about ON inbox (kind, athlete_id, activity_id);

CREATE TABLE tallies (
    athlete_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    row_xor INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (athlete_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE part_counts (
    athlete_id INTEGER NOT NULL,
    part TEXT NOT NULL,
    have INTEGER NOT NULL,
    due INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (athlete_id, part)
) STRICT, WITHOUT ROWID;

-- What is due of one class for one athlete, and how much of each class in all; see lanes.go.
CREATE TABLE lanes (
    athlete_id INTEGER NOT NULL,
    class INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    newest_ms INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    blocked INTEGER NOT NULL,
    PRIMARY KEY (athlete_id, class)
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_turn ON lanes (class, turn, newest_ms DESC, athlete_id, ready) WHERE ready > 0 AND blocked = 0;
CREATE INDEX lanes_blocked ON lanes (athlete_id) WHERE blocked = 1;

CREATE TABLE lane_totals (
    class INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    PRIMARY KEY (class)
) STRICT, WITHOUT ROWID;

CREATE TABLE pictures (
    athlete_id INTEGER NOT NULL,
    activity_id INTEGER NOT NULL,
    photo_id TEXT NOT NULL,
    url TEXT NOT NULL,
    asked_px INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    made INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size INTEGER NOT NULL,
    forms TEXT NOT NULL,
    due_at_ms INTEGER NOT NULL,
    tried_at_ms INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    reason TEXT NOT NULL,
    kept_at_ms INTEGER NOT NULL,
    dropped_at_ms INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, photo_id)
) STRICT;
CREATE INDEX pictures_due ON pictures (due_at_ms);
CREATE INDEX pictures_outcome ON pictures (outcome, made);
CREATE INDEX pictures_dropped ON pictures (dropped_at_ms);

-- The pictures themselves, on Postgres alone: SQLite has them as files beside it.
CREATE TABLE picture_files (
    athlete_id INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    put_at_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (athlete_id, sha256)
) STRICT;

CREATE TABLE leases (
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    number INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;
