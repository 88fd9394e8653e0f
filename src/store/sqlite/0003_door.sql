-- Tokens that speak for people who proved to a door who they are.
ALTER TABLE token ADD COLUMN door INTEGER NOT NULL DEFAULT 0;
