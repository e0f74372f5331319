-- Rows as a release with version 1 of the schema has left them. TIME(…) stands for
-- a time and BYTES(…) for a byte string, as the database writes them.

INSERT INTO eagate_accounts (user_id, version, email, state, epoch, secret, algorithm, digits, period, enabled_at, last_step, sync_wanted, sync_confirmed)
VALUES ('on', 7, 'on@example.com', 1, 3, BYTES(00ff10), 'SHA1', 6, 30, TIME(2026-01-02 03:04:05.678901), 58000000, 1, 1);

INSERT INTO eagate_accounts (user_id, version, email, state, epoch, secret, algorithm, digits, period, enabled_at, sync_wanted, sync_confirmed, sync_since, sync_next_at, sync_attempts, sync_last_err)
VALUES ('late', 4, 'o''late@example.com', 1, 1, BYTES(01), 'SHA256', 8, 60, TIME(2026-01-02 03:04:05.000000), 2, 1, TIME(2026-01-03 00:00:00.000001), TIME(2026-01-04 00:00:00.000000), 9, 'service unavailable');

INSERT INTO eagate_accounts (user_id, version, email, state, epoch, failures, locked_until, push_sent, push_paused_until)
VALUES ('locked', 21, 'locked@example.com', 0, 2, 20, TIME(2026-01-02 04:00:00.000000), '["2026-01-02T03:00:00.000001Z"]', TIME(2026-01-02 03:15:00.000000));

INSERT INTO eagate_accounts (user_id, version, staged)
VALUES ('staged', 1, '{"Factor":{"Secret":"AP8=","Algorithm":"SHA1","Digits":6,"Period":30000000000},"Binding":"b","ExpiresAt":"2026-01-02T03:30:00Z"}');

INSERT INTO eagate_challenges (id, version, user_id, binding, epoch, state, number, created_at, expires_at, forget_at)
VALUES ('challenge', 2, 'on', 'b', 3, 1, '70', TIME(2026-01-02 03:04:05.000000), TIME(2026-01-02 03:09:05.000000), TIME(2026-01-02 04:09:05.000000));

INSERT INTO eagate_grants (id, version, user_id, epoch, method, binding, verified_at, expires_at)
VALUES ('grant', 1, 'on', 3, 2, 'b', TIME(2026-01-02 03:04:05.000000), TIME(2026-01-03 03:04:05.000000));
