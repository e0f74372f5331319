-- eagate's tables and views, version 1, for PostgreSQL.

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

-- Who has a second factor, and what is up with it. Failures are wrong codes in a row.
CREATE VIEW {schema}{prefix}accounts AS
SELECT
    id AS user_id,
    body::json ->> 'email' AS email,
    body::json ->> 'state' AS state,
    (body::json ->> 'enabled_at')::timestamptz AS enabled_at,
    COALESCE((body::json ->> 'failures')::int, 0) AS failures,
    (body::json ->> 'locked_until')::timestamptz AS locked_until,
    (body::json ->> 'held_since')::timestamptz AS held_since,
    (body::json ->> 'required_since')::timestamptz AS required_since,
    COALESCE(json_array_length(body::json #> '{recovery,hashes}'), 0) AS recovery_codes,
    COALESCE(json_array_length(body::json #> '{devices}'), 0) AS devices
FROM {schema}{prefix}documents
WHERE kind = 'account';

-- Whose change the service hasn't been told of yet.
CREATE VIEW {schema}{prefix}late AS
SELECT
    id AS user_id,
    body::json ->> 'email' AS email,
    (body::json #>> '{sync,since}')::timestamptz AS since,
    COALESCE((body::json #>> '{sync,attempts}')::int, 0) AS attempts,
    (body::json #>> '{sync,next_at}')::timestamptz AS next_at,
    body::json #>> '{sync,last_error}' AS last_error
FROM {schema}{prefix}documents
WHERE kind = 'account' AND due IS NOT NULL;

-- The requests to phones.
CREATE VIEW {schema}{prefix}challenges AS
SELECT
    id AS id,
    body::json ->> 'user' AS user_id,
    body::json ->> 'state' AS state,
    body::json ->> 'mode' AS mode,
    (body::json ->> 'created_at')::timestamptz AS created_at,
    (body::json ->> 'decided_at')::timestamptz AS decided_at,
    (body::json ->> 'expires_at')::timestamptz AS expires_at
FROM {schema}{prefix}documents
WHERE kind = 'challenge';

-- The proofs that sessions have, and marks of sessions that are over.
CREATE VIEW {schema}{prefix}grants AS
SELECT
    id AS id,
    body::json ->> 'user' AS user_id,
    body::json ->> 'kind' AS kind,
    body::json ->> 'method' AS method,
    (body::json ->> 'verified_at')::timestamptz AS verified_at,
    (body::json ->> 'expires_at')::timestamptz AS expires_at
FROM {schema}{prefix}documents
WHERE kind = 'grant';

INSERT INTO {schema}{prefix}schema (version) VALUES (1);
