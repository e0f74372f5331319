-- Version 3: recovery codes and trusted devices, as JSON; since when somebody who
-- must have a second factor has been without one, and since when an account has
-- been held after a rejection, or was released; and the device that a grant comes from.

ALTER TABLE eagate_accounts ADD COLUMN recovery TEXT;

ALTER TABLE eagate_accounts ADD COLUMN devices TEXT;

ALTER TABLE eagate_accounts ADD COLUMN required_since TEXT;

ALTER TABLE eagate_accounts ADD COLUMN held_since TEXT;

ALTER TABLE eagate_accounts ADD COLUMN released_at TEXT;

ALTER TABLE eagate_grants ADD COLUMN device TEXT NOT NULL DEFAULT '';

INSERT INTO eagate_schema (version) VALUES (3);
