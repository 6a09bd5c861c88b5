-- +goose Up
-- The schema musette is there already: the version table lives in it. Text sorts by its bytes, as in SQLite.

CREATE TABLE musette.meta (
    meta_id BIGINT NOT NULL,
    epoch TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    oldest BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (meta_id)
);
ALTER TABLE musette.meta ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.settings (
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (name)
);
ALTER TABLE musette.settings ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.athletes (
    athlete_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    listed_at_ms BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (athlete_id)
);
ALTER TABLE musette.athletes ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.grants (
    grant_id TEXT COLLATE "C" NOT NULL,
    athlete_id BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    previous BYTEA NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    taken_in TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    cause TEXT COLLATE "C" NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (grant_id)
);
CREATE INDEX grants_athlete ON musette.grants (athlete_id);
ALTER TABLE musette.grants ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.keys (
    key_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    parent BYTEA NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    athlete_id BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (key_id)
);
CREATE UNIQUE INDEX keys_hash ON musette.keys (hash);
ALTER TABLE musette.keys ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.quota (
    quota_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (quota_id)
);
ALTER TABLE musette.quota ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.cursors (
    athlete_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    sum BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (athlete_id, name)
);
ALTER TABLE musette.cursors ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.zones (
    zone_id TEXT COLLATE "C" NOT NULL,
    athlete_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    lat DOUBLE PRECISION NOT NULL,
    lng DOUBLE PRECISION NOT NULL,
    radius_m DOUBLE PRECISION NOT NULL,
    created_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (zone_id)
);
ALTER TABLE musette.zones ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.hides (
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    what TEXT COLLATE "C" NOT NULL,
    created_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, what)
);
ALTER TABLE musette.hides ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.subscriptions (
    secret_hash TEXT COLLATE "C" NOT NULL,
    subscription_id BIGINT NOT NULL,
    token_hash BYTEA NOT NULL,
    public_url TEXT COLLATE "C" NOT NULL,
    created_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (secret_hash)
);
ALTER TABLE musette.subscriptions ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.deletions (
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    found_at_ms BIGINT NOT NULL,
    listing TEXT COLLATE "C" NOT NULL,
    from_ms BIGINT NOT NULL,
    to_ms BIGINT NOT NULL,
    decision TEXT COLLATE "C" NOT NULL,
    decided_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (athlete_id, activity_id)
);
ALTER TABLE musette.deletions ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.activities (
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    start_ms BIGINT NOT NULL,
    sport_type TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    distance_m DOUBLE PRECISION NOT NULL,
    moving_s BIGINT NOT NULL,
    elapsed_s BIGINT NOT NULL,
    climb_m BIGINT NOT NULL,
    visibility TEXT COLLATE "C" NOT NULL,
    view_version BIGINT NOT NULL,
    gone_at_ms BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    view BYTEA NOT NULL,
    PRIMARY KEY (athlete_id, activity_id)
);
CREATE INDEX activities_id ON musette.activities (activity_id);
CREATE INDEX activities_start ON musette.activities (athlete_id, start_ms);
CREATE INDEX activities_gone ON musette.activities (gone_at_ms) WHERE gone_at_ms <> 0;
ALTER TABLE musette.activities ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.documents (
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    sha256 BYTEA NOT NULL,
    size BIGINT NOT NULL,
    fetched_at_ms BIGINT NOT NULL,
    confirmed_at_ms BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, part)
);
ALTER TABLE musette.documents ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.document_history (
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    fetched_at_ms BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    confirmed_at_ms BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    replaced_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, part, fetched_at_ms, sha256)
);
CREATE INDEX document_history_replaced ON musette.document_history (replaced_at_ms);
ALTER TABLE musette.document_history ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.part_states (
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    due_at_ms BIGINT NOT NULL,
    class BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    first_seen_ms BIGINT NOT NULL,
    first_walk BIGINT NOT NULL,
    last_try_ms BIGINT NOT NULL,
    last_success_ms BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    rechecks BIGINT NOT NULL,
    wanted BIGINT NOT NULL,
    contradicted_ms BIGINT NOT NULL,
    not_found_ms BIGINT NOT NULL,
    error_kind TEXT COLLATE "C" NOT NULL,
    error TEXT COLLATE "C" NOT NULL,
    ready BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, part)
);
-- What is due is found by these alone, see due.go.
CREATE INDEX part_states_due ON musette.part_states (ready, due_at_ms) WHERE due_at_ms <> 0;
CREATE INDEX part_states_ready ON musette.part_states (class, athlete_id, start_ms DESC, activity_id DESC, part, due_at_ms) WHERE ready = 1;
CREATE INDEX part_states_waiting ON musette.part_states (ready, due_at_ms, class, athlete_id, activity_id, outcome)
    WHERE ready = 0 AND due_at_ms <> 0 AND activity_id <> 0 AND class <> 7 AND outcome <> 'failed' AND outcome <> 'quarantined';
CREATE INDEX part_states_lists ON musette.part_states (athlete_id, part) WHERE activity_id < 1;
CREATE INDEX part_states_hinted ON musette.part_states (due_at_ms) WHERE outcome = 'hinted';
CREATE INDEX part_states_error ON musette.part_states (last_try_ms DESC) WHERE error_kind <> '';
ALTER TABLE musette.part_states ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.changes (
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (athlete_id, activity_id)
);
CREATE UNIQUE INDEX changes_seq ON musette.changes (seq);
ALTER TABLE musette.changes ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.inbox (
    inbox_id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    kind TEXT COLLATE "C" NOT NULL,
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    body BYTEA NOT NULL,
    received_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (inbox_id)
);
CREATE INDEX inbox_about ON musette.inbox (kind, athlete_id, activity_id);
ALTER TABLE musette.inbox ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.tallies (
    athlete_id BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    row_count BIGINT NOT NULL,
    row_xor BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (athlete_id, name)
);
ALTER TABLE musette.tallies ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.part_counts (
    athlete_id BIGINT NOT NULL,
    part TEXT COLLATE "C" NOT NULL,
    have BIGINT NOT NULL,
    due BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    quarantined BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (athlete_id, part)
);
ALTER TABLE musette.part_counts ENABLE ROW LEVEL SECURITY;

-- What is due of one class for one athlete, and how much of each class in all; see lanes.go.
CREATE TABLE musette.lanes (
    athlete_id BIGINT NOT NULL,
    class BIGINT NOT NULL,
    ready BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    newest_ms BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    blocked BIGINT NOT NULL,
    PRIMARY KEY (athlete_id, class)
);
CREATE INDEX lanes_turn ON musette.lanes (class, turn, newest_ms DESC, athlete_id, ready) WHERE ready > 0 AND blocked = 0;
CREATE INDEX lanes_blocked ON musette.lanes (athlete_id) WHERE blocked = 1;
ALTER TABLE musette.lanes ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.lane_totals (
    class BIGINT NOT NULL,
    ready BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    PRIMARY KEY (class)
);
ALTER TABLE musette.lane_totals ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.pictures (
    athlete_id BIGINT NOT NULL,
    activity_id BIGINT NOT NULL,
    photo_id TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C" NOT NULL,
    asked_px BIGINT NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    made BIGINT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    size BIGINT NOT NULL,
    forms TEXT COLLATE "C" NOT NULL,
    due_at_ms BIGINT NOT NULL,
    tried_at_ms BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    kept_at_ms BIGINT NOT NULL,
    dropped_at_ms BIGINT NOT NULL,
    sum BIGINT NOT NULL,
    PRIMARY KEY (athlete_id, activity_id, photo_id)
);
CREATE INDEX pictures_due ON musette.pictures (due_at_ms);
CREATE INDEX pictures_outcome ON musette.pictures (outcome, made);
CREATE INDEX pictures_dropped ON musette.pictures (dropped_at_ms);
ALTER TABLE musette.pictures ENABLE ROW LEVEL SECURITY;

-- The pictures themselves, on Postgres alone: SQLite has them as files beside it.
CREATE TABLE musette.picture_files (
    athlete_id BIGINT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    put_at_ms BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (athlete_id, sha256)
);
ALTER TABLE musette.picture_files ALTER COLUMN body SET STORAGE EXTERNAL; -- they are compressed
ALTER TABLE musette.picture_files ENABLE ROW LEVEL SECURITY;

CREATE TABLE musette.leases (
    name TEXT COLLATE "C" NOT NULL,
    holder TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    PRIMARY KEY (name)
);
ALTER TABLE musette.leases ENABLE ROW LEVEL SECURITY;
