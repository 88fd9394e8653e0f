-- Instants are milliseconds since 1970 in UTC where they are compared, RFC 3339 text where they are part of the record.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    incident TEXT NOT NULL,
    version INTEGER NOT NULL,
    at TEXT NOT NULL,
    "by" TEXT NOT NULL,
    via TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE INDEX entry_by_incident ON entry (incident, seq);

-- Whoever owns the file can drop these; the chain is what shows it. They stop mistakes.
CREATE TRIGGER entry_stays BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER entry_as_written BEFORE UPDATE OF seq, incident, version, at, "by", via, kind, prev, hash ON entry
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER entry_redacted_only BEFORE UPDATE OF body ON entry WHEN instr(NEW.body, '[redacted sha256:') = 0
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;

CREATE TABLE snapshot (
    incident TEXT PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    service TEXT NOT NULL,
    codename TEXT NOT NULL UNIQUE,
    upstream_connector TEXT,
    upstream_key TEXT,
    body TEXT NOT NULL,
    UNIQUE (upstream_connector, upstream_key)
) STRICT;

CREATE TABLE page (
    id TEXT PRIMARY KEY,
    incident TEXT NOT NULL REFERENCES snapshot (incident)
) STRICT;

CREATE TABLE counter (
    prefix TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;

CREATE TABLE outbox (
    key TEXT PRIMARY KEY,
    page TEXT NOT NULL,
    incident TEXT NOT NULL,
    team TEXT NOT NULL,
    route TEXT NOT NULL,
    step INTEGER NOT NULL,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE done = 0;
CREATE INDEX outbox_by_page ON outbox (page) WHERE done = 0;

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    role TEXT NOT NULL,
    counsel INTEGER NOT NULL,
    clearance TEXT NOT NULL,
    services TEXT NOT NULL,
    team TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX token_by_name ON token (name);

CREATE TABLE answer (
    token TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BLOB NOT NULL,
    status INTEGER NOT NULL,
    etag TEXT,
    location TEXT,
    body BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (token, key)
) STRICT;
CREATE INDEX answer_by_age ON answer (at);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
