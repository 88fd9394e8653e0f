-- Texts of entries count by their hash under a salt, so that what was redacted cannot be guessed from what is left.
-- NULL: an entry from before there were salts; empty: the texts were redacted, and the salt with them.
ALTER TABLE entry ADD COLUMN salt TEXT;

-- Which incident a remembered answer tells of: what it says goes when a text of the incident is redacted.
ALTER TABLE answer ADD COLUMN incident TEXT;
CREATE INDEX answer_by_incident ON answer (incident);

-- The one change that an entry takes: its texts, and nothing else, make way for their hashes, and the salt goes.
DROP TRIGGER entry_redacted_only;
CREATE TRIGGER entry_redacted_only BEFORE UPDATE OF body, salt ON entry WHEN NOT (
    ((OLD.salt IS NULL AND NEW.salt IS NULL) OR (OLD.salt <> '' AND NEW.salt = ''))
    AND NEW.body <> OLD.body
    AND json_valid(NEW.body)
    AND (NEW.body = json(NEW.body) OR OLD.body <> json(OLD.body))
    AND (SELECT count(*) FROM json_tree(OLD.body)) = (SELECT count(*) FROM json_tree(NEW.body))
    AND NOT EXISTS (
        SELECT 1 FROM json_tree(OLD.body) AS was LEFT JOIN json_tree(NEW.body) AS now ON now.fullkey = was.fullkey
        WHERE now.type IS NOT was.type
           OR (now.atom IS NOT was.atom AND NOT (was.type = 'text' AND now.atom GLOB '[[]redacted sha256:*]'))
    )
)
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;

-- REPLACE would take an entry's place without a DELETE.
CREATE TRIGGER entry_at_the_end BEFORE INSERT ON entry
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entry)
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
