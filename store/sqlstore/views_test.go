package sqlstore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store/sqlstore"
)

// The views show what operators ask, of records as eagate writes them.
func TestViews(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 123456000, time.UTC)
	onEach(t, func(t *testing.T, d database) {
		keys, err := keyring.New([]byte("0123456789abcdef0123456789abcdef"))
		expect.NoError(t, err)
		db, ctx := d.open(t), t.Context()
		r := records.New(open(t, db, d.dialect), keys)
		err = errors.Join(
			r.UpdateAccount(ctx, "on", func(a *records.Account) error {
				*a = records.Account{
					UserID: a.UserID, Email: `o'"n@example.com`, State: records.On, EnabledAt: at, Failures: 20, LockedUntil: at.Add(time.Second), HeldSince: at,
					RecoveryFailures: 50, RecoveryLockedUntil: at.Add(2 * time.Second),
					Recovery: &records.Recovery{Hashes: [][]byte{{1}, {2}, {3}}},
					Devices:  []records.Device{{ID: "d", Name: "a\x00b"}, {ID: "e"}},
					Sync:     records.Sync{Wanted: 2, Confirmed: 2},

					WrongCodes: records.WrongCodes{Count: 20, Since: at, TellAt: at.Add(10 * time.Minute)},
				}
				return nil
			}),
			r.UpdateAccount(ctx, "ü ", func(a *records.Account) error {
				a.Email, a.RequiredSince = "late@example.com", at
				a.Sync = records.Sync{Wanted: 1, Since: at, NextAt: at.Add(time.Minute), Attempts: 9, LastErr: "503"}
				return nil
			}),
			r.CreateChallenge(ctx, records.Challenge{ID: "c", UserID: "on", State: records.Approved, Mode: eagate.Popup, CreatedAt: at, DecidedAt: at, ExpiresAt: at.Add(time.Minute)}),
			r.CreateGrant(ctx, records.Grant{ID: "g", UserID: "on", Kind: records.KindProof, Method: eagate.Push, VerifiedAt: at, ExpiresAt: at.Add(time.Hour)}),
		)
		expect.NoError(t, err)
		// Times are compared as each database writes them.
		text := map[sqlstore.Dialect]string{sqlstore.SQLite: "%s", sqlstore.PostgreSQL: "to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')", sqlstore.MariaDB: "CAST(%s AS DATETIME(0))"}[d.dialect]
		moment := func(column string) string {
			return strings.ReplaceAll(strings.ReplaceAll(text, "%s", column), "%%", "%")
		}
		for view, c := range map[string]struct {
			columns []string
			want    []string
		}{
			"accounts": {
				[]string{"user_id", "email", "state", moment("enabled_at"), "failures", moment("locked_until"), "recovery_failures", moment("recovery_locked_until"), moment("held_since"), moment("required_since"), "recovery_codes", "devices"},
				[]string{`on|o'"n@example.com|on|2026-11-28 12:00:00|20|2026-11-28 12:00:01|50|2026-11-28 12:00:02|2026-11-28 12:00:00||3|2`, `ü |late@example.com|off||0||0|||2026-11-28 12:00:00|0|0`},
			},
			"late": {
				[]string{"user_id", "email", moment("since"), "attempts", moment("next_at"), "last_error"},
				[]string{"ü |late@example.com|2026-11-28 12:00:00|9|2026-11-28 12:01:00|503"},
			},
			"challenges": {
				[]string{"id", "user_id", "state", "mode", moment("created_at"), moment("decided_at"), moment("expires_at")},
				[]string{"c|on|approved|popup|2026-11-28 12:00:00|2026-11-28 12:00:00|2026-11-28 12:01:00"},
			},
			"grants": {
				[]string{"id", "user_id", "kind", "method", moment("verified_at"), moment("expires_at")},
				[]string{"g|on|proof|push|2026-11-28 12:00:00|2026-11-28 13:00:00"},
			},
		} {
			var parts []string
			for _, column := range c.columns {
				parts = append(parts, "COALESCE(CAST("+column+" AS CHAR(50)), '')")
			}
			if d.dialect == sqlstore.PostgreSQL {
				for i := range parts {
					parts[i] = strings.Replace(parts[i], "CHAR(50)", "TEXT", 1)
				}
			}
			row := strings.Join(parts, " || '|' || ")
			if d.dialect == sqlstore.MariaDB {
				row = "CONCAT_WS('|', " + strings.Join(parts, ", ") + ")"
			}
			got, err := column(db, "SELECT "+row+" AS r FROM eagate_"+view+" ORDER BY r")
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: got\n%q, %v, want\n%q", view, got, err, c.want)
			}
		}
	})
}

// The queries of the package's documentation work.
func TestDocumentedQueries(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		open(t, db, d.dialect)
		now := map[sqlstore.Dialect]string{sqlstore.MariaDB: "UTC_TIMESTAMP"}[d.dialect]
		if now == "" {
			now = "CURRENT_TIMESTAMP"
		}
		for _, query := range []string{
			"SELECT user_id, email, enabled_at FROM eagate_accounts WHERE state = 'on'",
			"SELECT user_id, failures, locked_until, recovery_failures, recovery_locked_until, held_since FROM eagate_accounts WHERE failures >= 20 OR locked_until > " + now +
				" OR recovery_failures >= 50 OR recovery_locked_until > " + now + " OR held_since IS NOT NULL",
			"SELECT * FROM eagate_late ORDER BY since",
		} {
			if _, err := column(db, query); err != nil && !strings.Contains(err.Error(), "Scan") {
				t.Errorf("%s: %v", query, err)
			}
		}
	})
}
