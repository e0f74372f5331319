-- eagate's tables, version 1, for SQLite. Times are UTC, as
-- 'YYYY-MM-DD HH:MM:SS.ffffff'; no time is NULL.

CREATE TABLE eagate_schema (
    version    INTEGER PRIMARY KEY,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE eagate_accounts (
    user_id             TEXT NOT NULL PRIMARY KEY,
    version             INTEGER NOT NULL,
    email               TEXT NOT NULL DEFAULT '',
    state               INTEGER NOT NULL DEFAULT 0, -- 0 off, 1 on
    epoch               INTEGER NOT NULL DEFAULT 0,
    secret              BLOB, -- sealed
    algorithm           TEXT NOT NULL DEFAULT '',
    digits              INTEGER NOT NULL DEFAULT 0,
    period              INTEGER NOT NULL DEFAULT 0, -- seconds
    staged              TEXT, -- JSON
    enabled_at          TEXT,
    last_step           INTEGER NOT NULL DEFAULT 0,
    failures            INTEGER NOT NULL DEFAULT 0,
    locked_until        TEXT,
    push_live           TEXT NOT NULL DEFAULT '',
    push_reserved       TEXT NOT NULL DEFAULT '',
    push_reserved_until TEXT,
    push_sent           TEXT, -- JSON
    push_paused_until   TEXT,
    sync_wanted         INTEGER NOT NULL DEFAULT 0,
    sync_confirmed      INTEGER NOT NULL DEFAULT 0,
    sync_since          TEXT,
    sync_claimed_until  TEXT,
    sync_next_at        TEXT,
    sync_attempts       INTEGER NOT NULL DEFAULT 0,
    sync_last_err       TEXT NOT NULL DEFAULT '',
    sync_retired        BLOB, -- sealed
    -- When the next attempt is due; NULL where the service knows everything.
    sync_due_at         TEXT GENERATED ALWAYS AS
        (CASE WHEN sync_wanted <> sync_confirmed THEN COALESCE(sync_next_at, '') END) STORED
);
CREATE INDEX eagate_accounts_due ON eagate_accounts (sync_due_at) WHERE sync_due_at IS NOT NULL;

CREATE TABLE eagate_challenges (
    id         TEXT NOT NULL PRIMARY KEY,
    version    INTEGER NOT NULL,
    user_id    TEXT NOT NULL DEFAULT '',
    binding    TEXT NOT NULL DEFAULT '',
    epoch      INTEGER NOT NULL DEFAULT 0,
    state      INTEGER NOT NULL DEFAULT 0, -- 0 pending, 1 approved, 2 rejected, 3 consumed, 4 void, 5 replaced
    mode       INTEGER NOT NULL DEFAULT 0, -- 0 number
    number     TEXT NOT NULL DEFAULT '',
    created_at TEXT,
    decided_at TEXT,
    expires_at TEXT,
    forget_at  TEXT,
    grant_id   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX eagate_challenges_forget ON eagate_challenges (forget_at);

CREATE TABLE eagate_grants (
    id          TEXT NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    user_id     TEXT NOT NULL DEFAULT '',
    kind        INTEGER NOT NULL DEFAULT 0, -- 0 proof, 1 moved, 2 ended
    epoch       INTEGER NOT NULL DEFAULT 0,
    method      INTEGER NOT NULL DEFAULT 0, -- 1 totp, 2 push
    binding     TEXT NOT NULL DEFAULT '',
    successor   TEXT NOT NULL DEFAULT '',
    verified_at TEXT,
    expires_at  TEXT
);
CREATE INDEX eagate_grants_expires ON eagate_grants (expires_at);

INSERT INTO eagate_schema (version) VALUES (1);
