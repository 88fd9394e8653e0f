GRANT USAGE ON SCHEMA warboard TO warboard_serve;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA warboard TO warboard_serve;
REVOKE UPDATE, DELETE ON warboard.entry FROM warboard_serve;
GRANT UPDATE (body, salt) ON warboard.entry TO warboard_serve;
REVOKE DELETE ON warboard.meta, warboard.snapshot, warboard.page, warboard.counter, warboard.token, warboard.setting FROM warboard_serve;
