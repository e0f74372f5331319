-- eagate's tables, version 1, for PostgreSQL. No time is NULL.

CREATE TABLE eagate_schema (
    version    INTEGER PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE eagate_accounts (
    user_id             TEXT COLLATE "C" PRIMARY KEY,
    version             BIGINT NOT NULL,
    email               TEXT NOT NULL DEFAULT '',
    state               SMALLINT NOT NULL DEFAULT 0, -- 0 off, 1 on
    epoch               BIGINT NOT NULL DEFAULT 0,
    secret              BYTEA, -- sealed
    algorithm           TEXT NOT NULL DEFAULT '',
    digits              BIGINT NOT NULL DEFAULT 0,
    period              BIGINT NOT NULL DEFAULT 0, -- seconds
    staged              TEXT, -- JSON
    enabled_at          TIMESTAMPTZ,
    last_step           BIGINT NOT NULL DEFAULT 0,
    failures            BIGINT NOT NULL DEFAULT 0,
    locked_until        TIMESTAMPTZ,
    push_live           TEXT NOT NULL DEFAULT '',
    push_reserved       TEXT NOT NULL DEFAULT '',
    push_reserved_until TIMESTAMPTZ,
    push_sent           TEXT, -- JSON
    push_paused_until   TIMESTAMPTZ,
    sync_wanted         BIGINT NOT NULL DEFAULT 0,
    sync_confirmed      BIGINT NOT NULL DEFAULT 0,
    sync_since          TIMESTAMPTZ,
    sync_claimed_until  TIMESTAMPTZ,
    sync_next_at        TIMESTAMPTZ,
    sync_attempts       BIGINT NOT NULL DEFAULT 0,
    sync_last_err       TEXT NOT NULL DEFAULT '',
    sync_retired        BYTEA, -- sealed
    -- When the next attempt is due; NULL where the service knows everything.
    sync_due_at         TIMESTAMPTZ GENERATED ALWAYS AS
        (CASE WHEN sync_wanted <> sync_confirmed THEN COALESCE(sync_next_at, '-infinity') END) STORED
);
CREATE INDEX eagate_accounts_due ON eagate_accounts (sync_due_at) WHERE sync_due_at IS NOT NULL;

CREATE TABLE eagate_challenges (
    id         TEXT COLLATE "C" PRIMARY KEY,
    version    BIGINT NOT NULL,
    user_id    TEXT COLLATE "C" NOT NULL DEFAULT '',
    binding    TEXT NOT NULL DEFAULT '',
    epoch      BIGINT NOT NULL DEFAULT 0,
    state      SMALLINT NOT NULL DEFAULT 0, -- 0 pending, 1 approved, 2 rejected, 3 consumed, 4 void, 5 replaced
    mode       SMALLINT NOT NULL DEFAULT 0, -- 0 number
    number     TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ,
    decided_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    forget_at  TIMESTAMPTZ,
    grant_id   TEXT NOT NULL DEFAULT ''
);
CREATE INDEX eagate_challenges_forget ON eagate_challenges (forget_at);

CREATE TABLE eagate_grants (
    id          TEXT COLLATE "C" PRIMARY KEY,
    version     BIGINT NOT NULL,
    user_id     TEXT COLLATE "C" NOT NULL DEFAULT '',
    kind        SMALLINT NOT NULL DEFAULT 0, -- 0 proof, 1 moved, 2 ended
    epoch       BIGINT NOT NULL DEFAULT 0,
    method      SMALLINT NOT NULL DEFAULT 0, -- 1 totp, 2 push
    binding     TEXT NOT NULL DEFAULT '',
    successor   TEXT NOT NULL DEFAULT '',
    verified_at TIMESTAMPTZ,
    expires_at  TIMESTAMPTZ
);
CREATE INDEX eagate_grants_expires ON eagate_grants (expires_at);

INSERT INTO eagate_schema (version) VALUES (1);
