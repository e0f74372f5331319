-- eagate's tables, version 1, for MariaDB and MySQL. Times are UTC; no time is
-- NULL.

CREATE TABLE IF NOT EXISTS eagate_schema (
    version    INTEGER PRIMARY KEY,
    applied_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6))
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS eagate_accounts (
    user_id             VARBINARY(255) NOT NULL PRIMARY KEY,
    version             BIGINT NOT NULL,
    email               TEXT NOT NULL DEFAULT (''),
    state               TINYINT UNSIGNED NOT NULL DEFAULT 0, -- 0 off, 1 on
    epoch               BIGINT NOT NULL DEFAULT 0,
    secret              BLOB, -- sealed
    algorithm           TEXT NOT NULL DEFAULT (''),
    digits              BIGINT NOT NULL DEFAULT 0,
    period              BIGINT NOT NULL DEFAULT 0, -- seconds
    staged              MEDIUMTEXT, -- JSON
    enabled_at          DATETIME(6),
    last_step           BIGINT NOT NULL DEFAULT 0,
    failures            BIGINT NOT NULL DEFAULT 0,
    locked_until        DATETIME(6),
    push_live           TEXT NOT NULL DEFAULT (''),
    push_reserved       TEXT NOT NULL DEFAULT (''),
    push_reserved_until DATETIME(6),
    push_sent           MEDIUMTEXT, -- JSON
    push_paused_until   DATETIME(6),
    sync_wanted         BIGINT NOT NULL DEFAULT 0,
    sync_confirmed      BIGINT NOT NULL DEFAULT 0,
    sync_since          DATETIME(6),
    sync_claimed_until  DATETIME(6),
    sync_next_at        DATETIME(6),
    sync_attempts       BIGINT NOT NULL DEFAULT 0,
    sync_last_err       TEXT NOT NULL DEFAULT (''),
    sync_retired        BLOB, -- sealed
    -- When the next attempt is due; NULL where the service knows everything.
    sync_due_at         DATETIME(6) GENERATED ALWAYS AS
        (CASE WHEN sync_wanted <> sync_confirmed THEN COALESCE(sync_next_at, TIMESTAMP'1000-01-01 00:00:00') END) STORED,
    INDEX eagate_accounts_due (sync_due_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS eagate_challenges (
    id         VARBINARY(255) NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    user_id    VARBINARY(255) NOT NULL DEFAULT '',
    binding    TEXT NOT NULL DEFAULT (''),
    epoch      BIGINT NOT NULL DEFAULT 0,
    state      TINYINT UNSIGNED NOT NULL DEFAULT 0, -- 0 pending, 1 approved, 2 rejected, 3 consumed, 4 void, 5 replaced
    mode       TINYINT UNSIGNED NOT NULL DEFAULT 0, -- 0 number
    number     TEXT NOT NULL DEFAULT (''),
    created_at DATETIME(6),
    decided_at DATETIME(6),
    expires_at DATETIME(6),
    forget_at  DATETIME(6),
    grant_id   TEXT NOT NULL DEFAULT (''),
    INDEX eagate_challenges_forget (forget_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS eagate_grants (
    id          VARBINARY(255) NOT NULL PRIMARY KEY,
    version     BIGINT NOT NULL,
    user_id     VARBINARY(255) NOT NULL DEFAULT '',
    kind        TINYINT UNSIGNED NOT NULL DEFAULT 0, -- 0 proof, 1 moved, 2 ended
    epoch       BIGINT NOT NULL DEFAULT 0,
    method      TINYINT UNSIGNED NOT NULL DEFAULT 0, -- 1 totp, 2 push
    binding     TEXT NOT NULL DEFAULT (''),
    successor   TEXT NOT NULL DEFAULT (''),
    verified_at DATETIME(6),
    expires_at  DATETIME(6),
    INDEX eagate_grants_expires (expires_at)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT IGNORE INTO eagate_schema (version) VALUES (1);
