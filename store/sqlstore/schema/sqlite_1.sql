-- eagate's tables and views, version 1, for SQLite. The views' times are UTC, as
-- CURRENT_TIMESTAMP is.

CREATE TABLE {schema}{prefix}schema (
    version    INTEGER PRIMARY KEY,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE {schema}{prefix}documents (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL,
    due     INTEGER, -- microseconds since 1970
    body    TEXT NOT NULL, -- JSON, as it was written
    PRIMARY KEY (kind, id)
);
CREATE INDEX {schema}{prefix}documents_due ON {prefix}documents (kind, due, id) WHERE due IS NOT NULL;

-- Who has a second factor, and what is up with it. Failures are wrong codes in a row,
-- apart for codes of the phone and recovery codes.
CREATE VIEW {schema}{prefix}accounts AS
SELECT
    id AS user_id,
    json_extract(body, '$.email') AS email,
    json_extract(body, '$.state') AS state,
    datetime(json_extract(body, '$.enabled_at')) AS enabled_at,
    COALESCE(json_extract(body, '$.failures'), 0) AS failures,
    datetime(json_extract(body, '$.locked_until')) AS locked_until,
    COALESCE(json_extract(body, '$.recovery_failures'), 0) AS recovery_failures,
    datetime(json_extract(body, '$.recovery_locked_until')) AS recovery_locked_until,
    datetime(json_extract(body, '$.held_since')) AS held_since,
    datetime(json_extract(body, '$.required_since')) AS required_since,
    COALESCE(json_array_length(body, '$.recovery.hashes'), 0) AS recovery_codes,
    COALESCE(json_array_length(body, '$.devices'), 0) AS devices
FROM {schema}{prefix}documents
WHERE kind = 'account';

-- Whose change the service hasn't been told of yet.
CREATE VIEW {schema}{prefix}late AS
SELECT
    id AS user_id,
    json_extract(body, '$.email') AS email,
    datetime(json_extract(body, '$.sync.since')) AS since,
    COALESCE(json_extract(body, '$.sync.attempts'), 0) AS attempts,
    datetime(json_extract(body, '$.sync.next_at')) AS next_at,
    json_extract(body, '$.sync.last_error') AS last_error
FROM {schema}{prefix}documents
WHERE kind = 'account' AND due IS NOT NULL AND json_extract(body, '$.sync.since') IS NOT NULL;

-- The requests to phones.
CREATE VIEW {schema}{prefix}challenges AS
SELECT
    id AS id,
    json_extract(body, '$.user') AS user_id,
    json_extract(body, '$.state') AS state,
    json_extract(body, '$.mode') AS mode,
    datetime(json_extract(body, '$.created_at')) AS created_at,
    datetime(json_extract(body, '$.decided_at')) AS decided_at,
    datetime(json_extract(body, '$.expires_at')) AS expires_at
FROM {schema}{prefix}documents
WHERE kind = 'challenge';

-- The proofs that sessions have, and marks of sessions that are over.
CREATE VIEW {schema}{prefix}grants AS
SELECT
    id AS id,
    json_extract(body, '$.user') AS user_id,
    json_extract(body, '$.kind') AS kind,
    json_extract(body, '$.method') AS method,
    datetime(json_extract(body, '$.verified_at')) AS verified_at,
    datetime(json_extract(body, '$.expires_at')) AS expires_at
FROM {schema}{prefix}documents
WHERE kind = 'grant';

INSERT INTO {schema}{prefix}schema (version) VALUES (1);
