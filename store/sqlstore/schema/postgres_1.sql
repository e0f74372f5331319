-- eagate's tables and views, version 1, for PostgreSQL. The views show U+FFFD where
-- a text holds U+0000, which PostgreSQL refuses.

CREATE TABLE {schema}{prefix}schema (
    version    INTEGER PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE {schema}{prefix}documents (
    kind    TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    due     BIGINT, -- microseconds since 1970
    body    TEXT NOT NULL, -- JSON, as it was written
    PRIMARY KEY (kind, id)
);
CREATE INDEX {prefix}documents_due ON {schema}{prefix}documents (kind, due, id) WHERE due IS NOT NULL;

-- Who has a second factor, and what is up with it. Failures are wrong codes in a row,
-- apart for codes of the phone and recovery codes.
CREATE VIEW {schema}{prefix}accounts AS
SELECT
    id AS user_id,
    record ->> 'email' AS email,
    record ->> 'state' AS state,
    (record ->> 'enabled_at')::timestamptz AS enabled_at,
    COALESCE((record ->> 'failures')::int, 0) AS failures,
    (record ->> 'locked_until')::timestamptz AS locked_until,
    COALESCE((record ->> 'recovery_failures')::int, 0) AS recovery_failures,
    (record ->> 'recovery_locked_until')::timestamptz AS recovery_locked_until,
    (record ->> 'held_since')::timestamptz AS held_since,
    (record ->> 'required_since')::timestamptz AS required_since,
    COALESCE(json_array_length(record #> '{recovery,hashes}'), 0) AS recovery_codes,
    COALESCE(json_array_length(record #> '{devices}'), 0) AS devices
FROM (SELECT kind, id, due, replace(body, '\u0000', '\ufffd')::json AS record FROM {schema}{prefix}documents) AS d
WHERE kind = 'account';

-- Whose change the service hasn't been told of yet.
CREATE VIEW {schema}{prefix}late AS
SELECT
    id AS user_id,
    record ->> 'email' AS email,
    (record #>> '{sync,since}')::timestamptz AS since,
    COALESCE((record #>> '{sync,attempts}')::int, 0) AS attempts,
    (record #>> '{sync,next_at}')::timestamptz AS next_at,
    record #>> '{sync,last_error}' AS last_error
FROM (SELECT kind, id, due, replace(body, '\u0000', '\ufffd')::json AS record FROM {schema}{prefix}documents) AS d
WHERE kind = 'account' AND due IS NOT NULL AND record #>> '{sync,since}' IS NOT NULL;

-- The requests to phones.
CREATE VIEW {schema}{prefix}challenges AS
SELECT
    id AS id,
    record ->> 'user' AS user_id,
    record ->> 'state' AS state,
    record ->> 'mode' AS mode,
    (record ->> 'created_at')::timestamptz AS created_at,
    (record ->> 'decided_at')::timestamptz AS decided_at,
    (record ->> 'expires_at')::timestamptz AS expires_at
FROM (SELECT kind, id, due, replace(body, '\u0000', '\ufffd')::json AS record FROM {schema}{prefix}documents) AS d
WHERE kind = 'challenge';

-- The proofs that sessions have, and marks of sessions that are over.
CREATE VIEW {schema}{prefix}grants AS
SELECT
    id AS id,
    record ->> 'user' AS user_id,
    record ->> 'kind' AS kind,
    record ->> 'method' AS method,
    (record ->> 'verified_at')::timestamptz AS verified_at,
    (record ->> 'expires_at')::timestamptz AS expires_at
FROM (SELECT kind, id, due, replace(body, '\u0000', '\ufffd')::json AS record FROM {schema}{prefix}documents) AS d
WHERE kind = 'grant';

INSERT INTO {schema}{prefix}schema (version) VALUES (1);
