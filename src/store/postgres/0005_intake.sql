-- Which node asks a source: whoever holds `fence`, until `lease_until`. `told` is what it tells the other nodes.
CREATE TABLE intake (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    told TEXT NOT NULL
);
