-- Texts of entries count by their hash under a salt, so that what was redacted cannot be guessed from what is left.
-- NULL: an entry from before there were salts; empty: the texts were redacted, and the salt with them.
ALTER TABLE entry ADD COLUMN salt TEXT;
GRANT UPDATE (salt) ON entry TO CURRENT_USER;

-- Which incident a remembered answer tells of: what it says goes when a text of the incident is redacted.
ALTER TABLE answer ADD COLUMN incident TEXT;
CREATE INDEX answer_by_incident ON answer (incident);

-- The one change that an entry takes: its texts, and nothing else, make way for their hashes, and the salt goes. An entry is
-- put in behind the last one only.
CREATE OR REPLACE FUNCTION entry_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = warboard, pg_temp SET standard_conforming_strings = on AS $$
DECLARE
    word CONSTANT TEXT := '"(?:[^"\\]|\\.)*"';
    was TEXT[];
    put TEXT[];
    gaps TEXT[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.seq = (SELECT coalesce(max(seq), 0) + 1 FROM entry) THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        gaps := regexp_split_to_array(OLD.body, word);
        IF (NEW.seq, NEW.incident, NEW.version, NEW.at, NEW."by", NEW.via, NEW.kind, NEW.prev, NEW.hash)
            IS NOT DISTINCT FROM (OLD.seq, OLD.incident, OLD.version, OLD.at, OLD."by", OLD.via, OLD.kind, OLD.prev, OLD.hash)
            AND ((OLD.salt IS NULL AND NEW.salt IS NULL) OR (OLD.salt <> '' AND NEW.salt = ''))
            AND NEW.body <> OLD.body
            AND regexp_split_to_array(NEW.body, word) = gaps
        THEN
            was := ARRAY(SELECT found.match[1] FROM regexp_matches(OLD.body, word, 'g') WITH ORDINALITY AS found (match, place) ORDER BY found.place);
            put := ARRAY(SELECT found.match[1] FROM regexp_matches(NEW.body, word, 'g') WITH ORDINALITY AS found (match, place) ORDER BY found.place);
            IF cardinality(was) = cardinality(put) AND NOT EXISTS (
                SELECT 1 FROM generate_subscripts(was, 1) AS place
                WHERE put[place] <> was[place]
                AND (put[place] !~ '^"\[redacted sha256:[0-9a-f]{64}\]"$' OR gaps[place + 1] ~ '^\s*:')
            ) THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION 'the record is append-only';
END;
$$;
CREATE TRIGGER entry_at_the_end BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION entry_stays();
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_at_the_end;
