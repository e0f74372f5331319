-- eagate's tables and views, version 1, for MariaDB and MySQL. The views' times are
-- UTC, as UTC_TIMESTAMP is.

CREATE TABLE IF NOT EXISTS {schema}{prefix}schema (
    version    INTEGER PRIMARY KEY,
    applied_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
) ENGINE=InnoDB;

-- IDs are bytes: each collation for texts that both databases have takes some of
-- them for equal.
CREATE TABLE IF NOT EXISTS {schema}{prefix}documents (
    kind    VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    id      VARBINARY(255) NOT NULL,
    version BIGINT NOT NULL,
    due     BIGINT, -- microseconds since 1970
    body    MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, -- JSON, as it was written
    PRIMARY KEY (kind, id),
    INDEX {prefix}documents_due (kind, due)
) ENGINE=InnoDB;

-- Who has a second factor, and what is up with it. Failures are wrong codes in a row,
-- apart for codes of the phone and recovery codes.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {schema}{prefix}accounts AS
SELECT
    CONVERT(id USING utf8mb4) AS user_id,
    JSON_VALUE(body, '$.email') AS email,
    JSON_VALUE(body, '$.state') AS state,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.enabled_at'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS enabled_at,
    COALESCE(CAST(JSON_VALUE(body, '$.failures') AS SIGNED), 0) AS failures,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.locked_until'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS locked_until,
    COALESCE(CAST(JSON_VALUE(body, '$.recovery_failures') AS SIGNED), 0) AS recovery_failures,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.recovery_locked_until'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS recovery_locked_until,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.held_since'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS held_since,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.required_since'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS required_since,
    COALESCE(JSON_LENGTH(body, '$.recovery.hashes'), 0) AS recovery_codes,
    COALESCE(JSON_LENGTH(body, '$.devices'), 0) AS devices
FROM {schema}{prefix}documents
WHERE kind = 'account';

-- Whose change the service hasn't been told of yet.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {schema}{prefix}late AS
SELECT
    CONVERT(id USING utf8mb4) AS user_id,
    JSON_VALUE(body, '$.email') AS email,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.sync.since'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS since,
    COALESCE(CAST(JSON_VALUE(body, '$.sync.attempts') AS SIGNED), 0) AS attempts,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.sync.next_at'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS next_at,
    JSON_VALUE(body, '$.sync.last_error') AS last_error
FROM {schema}{prefix}documents
WHERE kind = 'account' AND due IS NOT NULL AND JSON_VALUE(body, '$.sync.since') IS NOT NULL;

-- The requests to phones.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {schema}{prefix}challenges AS
SELECT
    CONVERT(id USING utf8mb4) AS id,
    JSON_VALUE(body, '$.user') AS user_id,
    JSON_VALUE(body, '$.state') AS state,
    JSON_VALUE(body, '$.mode') AS mode,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.created_at'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS created_at,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.decided_at'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS decided_at,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.expires_at'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS expires_at
FROM {schema}{prefix}documents
WHERE kind = 'challenge';

-- The proofs that sessions have, and marks of sessions that are over.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW {schema}{prefix}grants AS
SELECT
    CONVERT(id USING utf8mb4) AS id,
    JSON_VALUE(body, '$.user') AS user_id,
    JSON_VALUE(body, '$.kind') AS kind,
    JSON_VALUE(body, '$.method') AS method,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.verified_at'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS verified_at,
    CAST(REPLACE(REPLACE(JSON_VALUE(body, '$.expires_at'), 'T', ' '), 'Z', '') AS DATETIME(6)) AS expires_at
FROM {schema}{prefix}documents
WHERE kind = 'grant';

INSERT IGNORE INTO {schema}{prefix}schema (version) VALUES (1);
