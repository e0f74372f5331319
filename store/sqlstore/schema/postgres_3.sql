-- Version 3: recovery codes and trusted devices, as JSON; since when somebody who
-- must have a second factor has been without one, and since when an account has
-- been held after a rejection.

ALTER TABLE eagate_accounts ADD COLUMN recovery TEXT;

ALTER TABLE eagate_accounts ADD COLUMN devices TEXT;

ALTER TABLE eagate_accounts ADD COLUMN required_since TIMESTAMPTZ;

ALTER TABLE eagate_accounts ADD COLUMN held_since TIMESTAMPTZ;

INSERT INTO eagate_schema (version) VALUES (3);
