-- A delivery is claimed by a lease: whoever holds `fence` may write how the attempt went. `lease_until` is 0 while nothing is
-- under way, so that one that ran out tells of an attempt of which nobody knows how it ended.
ALTER TABLE outbox ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN holder TEXT;
-- When the first attempt began; what a minute may hold is counted by it.
ALTER TABLE outbox ADD COLUMN first_at BIGINT;
ALTER TABLE outbox ADD COLUMN may_have_arrived BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN held_back BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN stand_down BIGINT NOT NULL DEFAULT 0;
CREATE INDEX outbox_by_first_attempt ON outbox (first_at);
