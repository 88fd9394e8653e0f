-- The same tables and columns as SQLite's of this number, in PostgreSQL's words; a test compares them.
-- Instants are milliseconds since 1970 in UTC where they are compared, RFC 3339 text where they are part of the record.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
-- The end of the chain. Whoever writes locks this row first: seq is allotted in the order of commits.
INSERT INTO meta (name, value) VALUES ('head', '0 0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE entry (
    seq BIGINT PRIMARY KEY,
    incident TEXT NOT NULL,
    version BIGINT NOT NULL,
    at TEXT NOT NULL,
    "by" TEXT NOT NULL,
    via TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX entry_by_incident ON entry (incident, seq);

-- Whoever owns the tables can drop these; the chain is what shows it. They stop mistakes, and every other role.
-- A text may give way to its hash, which the chain covers too: that is the one change a row may see.
CREATE FUNCTION entry_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.seq, NEW.incident, NEW.version, NEW.at, NEW."by", NEW.via, NEW.kind, NEW.prev, NEW.hash)
            IS NOT DISTINCT FROM (OLD.seq, OLD.incident, OLD.version, OLD.at, OLD."by", OLD.via, OLD.kind, OLD.prev, OLD.hash)
            AND position('[redacted sha256:' IN NEW.body) > 0
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the record is append-only';
END;
$$;
CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION entry_stays();
CREATE TRIGGER entry_stays_whole BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION entry_stays();
-- Not even a session that calls itself a replica passes them by.
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_stays;
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_stays_whole;
REVOKE UPDATE, DELETE, TRUNCATE ON entry FROM PUBLIC;
REVOKE UPDATE, DELETE, TRUNCATE ON entry FROM CURRENT_USER;
GRANT UPDATE (body) ON entry TO CURRENT_USER;

CREATE TABLE snapshot (
    incident TEXT PRIMARY KEY,
    seq BIGINT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    service TEXT NOT NULL,
    codename TEXT NOT NULL UNIQUE,
    upstream_connector TEXT,
    upstream_key TEXT,
    body TEXT NOT NULL,
    UNIQUE (upstream_connector, upstream_key)
);

CREATE TABLE page (
    id TEXT PRIMARY KEY,
    incident TEXT NOT NULL REFERENCES snapshot (incident)
);

CREATE TABLE counter (
    prefix TEXT PRIMARY KEY,
    last BIGINT NOT NULL
);

CREATE TABLE outbox (
    key TEXT PRIMARY KEY,
    page TEXT NOT NULL,
    incident TEXT NOT NULL,
    team TEXT NOT NULL,
    route TEXT NOT NULL,
    step BIGINT NOT NULL,
    body BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    done BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE done = 0;
CREATE INDEX outbox_by_page ON outbox (page) WHERE done = 0;

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    role TEXT NOT NULL,
    counsel BIGINT NOT NULL,
    clearance TEXT NOT NULL,
    services TEXT NOT NULL,
    team TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX token_by_name ON token (name);

CREATE TABLE answer (
    token TEXT NOT NULL,
    key TEXT NOT NULL,
    digest BYTEA NOT NULL,
    status BIGINT NOT NULL,
    etag TEXT,
    location TEXT,
    body BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (token, key)
);
CREATE INDEX answer_by_age ON answer (at);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);
