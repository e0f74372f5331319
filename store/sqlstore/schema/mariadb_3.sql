-- Version 3: recovery codes and trusted devices, as JSON; since when somebody who
-- must have a second factor has been without one, and since when an account has
-- been held after a rejection, or was released; and the device that a grant comes from.

ALTER TABLE eagate_accounts ADD COLUMN recovery MEDIUMTEXT;

ALTER TABLE eagate_accounts ADD COLUMN devices MEDIUMTEXT;

ALTER TABLE eagate_accounts ADD COLUMN required_since DATETIME(6);

ALTER TABLE eagate_accounts ADD COLUMN held_since DATETIME(6);

ALTER TABLE eagate_accounts ADD COLUMN released_at DATETIME(6);

ALTER TABLE eagate_grants ADD COLUMN device TEXT NOT NULL DEFAULT ('');

INSERT IGNORE INTO eagate_schema (version) VALUES (3);
