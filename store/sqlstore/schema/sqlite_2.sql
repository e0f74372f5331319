-- Version 2: the addresses under which the service may have the second factor
-- on, as JSON. So far it was the account's own.

ALTER TABLE eagate_accounts ADD COLUMN sync_addresses TEXT;

UPDATE eagate_accounts SET sync_addresses = json_array(email) WHERE state = 1;

INSERT INTO eagate_schema (version) VALUES (2);
