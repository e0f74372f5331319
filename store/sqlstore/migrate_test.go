package sqlstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
)

// fill puts the rows of a release with version 1 into a database.
func fill(t *testing.T, d database, db *sql.DB) {
	t.Helper()
	text, err := os.ReadFile("testdata/version_1.sql")
	if err != nil {
		t.Fatal(err)
	}
	bytes := map[sqlstore.Dialect]string{
		sqlstore.SQLite: "x'$1'", sqlstore.PostgreSQL: `'\x$1'`, sqlstore.MariaDB: "x'$1'",
	}[d.dialect]
	zone := map[sqlstore.Dialect]string{sqlstore.PostgreSQL: "+00"}[d.dialect]
	rows := regexp.MustCompile(`BYTES\((\w+)\)`).ReplaceAllString(string(text), bytes)
	rows = regexp.MustCompile(`TIME\((\d[^)]*)\)`).ReplaceAllString(rows, "'$1"+zone+"'")
	exec(t, db, statements(rows)...)
}

// wantRows fails the test unless the rows of version 1 are all there.
func wantRows(t *testing.T, s *sqlstore.Store) {
	t.Helper()
	at := func(day, hour, minute, second, micro int) time.Time {
		return time.Date(2026, 1, day, hour, minute, second, micro*1000, time.UTC)
	}
	for _, want := range []store.Account{
		{
			UserID: "on", Version: 7, Email: "on@example.com", State: store.On, Epoch: 3,
			Factor:    store.Factor{Secret: []byte{0, 0xff, 0x10}, Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second},
			EnabledAt: at(2, 3, 4, 5, 678901), LastStep: 58_000_000,
			Sync: store.Sync{Wanted: 1, Confirmed: 1, Addresses: []string{"on@example.com"}},
		},
		{
			UserID: "late", Version: 4, Email: "o'late@example.com", State: store.On, Epoch: 1,
			Factor:    store.Factor{Secret: []byte{1}, Algorithm: "SHA256", Digits: 8, Period: time.Minute},
			EnabledAt: at(2, 3, 4, 5, 0),
			Sync: store.Sync{
				Wanted: 2, Confirmed: 1, Since: at(3, 0, 0, 0, 1), NextAt: at(4, 0, 0, 0, 0),
				Attempts: 9, LastErr: "service unavailable", Addresses: []string{"o'late@example.com"},
			},
		},
		{
			UserID: "locked", Version: 21, Email: "locked@example.com", Epoch: 2, Failures: 20, LockedUntil: at(2, 4, 0, 0, 0),
			Push: store.Push{Sent: []time.Time{at(2, 3, 0, 0, 1)}, PausedUntil: at(2, 3, 15, 0, 0)},
		},
		{
			UserID: "staged", Version: 1,
			Staged: &store.Staged{
				Factor:  store.Factor{Secret: []byte{0, 0xff}, Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second},
				Binding: "b", ExpiresAt: at(2, 3, 30, 0, 0),
			},
		},
	} {
		got, err := s.Account(t.Context(), want.UserID)
		if err != nil || !equal(got, want) {
			t.Errorf("account: got %+v, %v, want %+v", got, err, want)
		}
	}
	c, err := s.Challenge(t.Context(), "challenge")
	if want := (store.Challenge{
		ID: "challenge", Version: 2, UserID: "on", Binding: "b", Epoch: 3, State: store.Approved, Number: "70",
		CreatedAt: at(2, 3, 4, 5, 0), ExpiresAt: at(2, 3, 9, 5, 0), ForgetAt: at(2, 4, 9, 5, 0),
	}); err != nil || !equal(c, want) {
		t.Errorf("challenge: got %+v, %v, want %+v", c, err, want)
	}
	g, err := s.Grant(t.Context(), "grant")
	if want := (store.Grant{
		ID: "grant", Version: 1, UserID: "on", Epoch: 3, Method: store.MethodPush, Binding: "b",
		VerifiedAt: at(2, 3, 4, 5, 0), ExpiresAt: at(3, 3, 4, 5, 0),
	}); err != nil || !equal(g, want) {
		t.Errorf("grant: got %+v, %v, want %+v", g, err, want)
	}
	due, err := s.UnsyncedAccounts(t.Context(), at(4, 0, 0, 0, 0), 10)
	if err != nil || !slices.Equal(due, []string{"late"}) {
		t.Errorf("due: got %q, %v, want the late one", due, err)
	}
}

// equal compares records whose times are in UTC.
func equal(got, want any) bool {
	g, gotErr := json.Marshal(got)
	w, wantErr := json.Marshal(want)
	return gotErr == nil && wantErr == nil && string(g) == string(w)
}

// shape lists the columns and indexes of a database.
func shape(t *testing.T, d database) []string {
	t.Helper()
	query := map[sqlstore.Dialect]string{
		sqlstore.SQLite: `SELECT m.type || ' ' || m.name || ' ' || COALESCE(c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || COALESCE(c.dflt_value, ''), m.sql, '')
			FROM sqlite_master m LEFT JOIN pragma_table_xinfo(m.name) c ON m.type = 'table'`,
		sqlstore.PostgreSQL: `SELECT CONCAT_WS(' ', 'column', table_name, column_name, data_type, is_nullable, column_default, collation_name, generation_expression)
			FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'`,
		sqlstore.MariaDB: `SELECT CONCAT_WS(' ', 'column', table_name, column_name, column_type, is_nullable, column_default, collation_name, generation_expression)
			FROM information_schema.columns WHERE table_schema = DATABASE()
			UNION ALL SELECT CONCAT_WS(' ', 'index', table_name, index_name, seq_in_index, column_name, non_unique)
			FROM information_schema.statistics WHERE table_schema = DATABASE()`,
	}[d.dialect]
	list, err := column(d.open(t), query)
	if err != nil || len(list) < 50 {
		t.Fatalf("schema: got %d lines, %v", len(list), err)
	}
	slices.Sort(list)
	return list
}

// The schema is made from nothing, from version 1 with and without rows, and once
// more.
func TestMigrate(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		for _, from := range []string{"nothing", "version 1", "version 1 with rows"} {
			t.Run(from, func(t *testing.T) {
				d := d.another(t)
				db := d.open(t)
				if from != "nothing" {
					exec(t, db, statements(sqlstore.SchemaOf(d.dialect, 1))...)
				}
				if from == "version 1 with rows" {
					fill(t, d, db)
				}
				if _, err := sqlstore.New(t.Context(), db, d.dialect, sqlstore.WithoutMigration()); err == nil || !strings.Contains(err.Error(), "run Migrate") {
					t.Errorf("not migrated: got %v, want advice", err)
				}
				for range 2 {
					if err := sqlstore.Migrate(t.Context(), db, d.dialect); err != nil {
						t.Fatal(err)
					}
				}
				s := open(t, db, d.dialect, sqlstore.WithoutMigration())
				if from == "version 1 with rows" {
					wantRows(t, s)
				}
				byHand := d.another(t)
				exec(t, byHand.open(t), statements(sqlstore.Schema(d.dialect))...)
				byHand.store(t, sqlstore.WithoutMigration())
				got, want := shape(t, d), shape(t, byHand)
				for _, line := range got {
					if !slices.Contains(want, line) {
						t.Errorf("got %q, which Schema doesn't make", line)
					}
				}
				for _, line := range want {
					if !slices.Contains(got, line) {
						t.Errorf("got no %q, which Schema makes", line)
					}
				}
			})
		}
	})
}

// Nodes that start at once make one schema, and lose nothing. So they do with
// PostgreSQL's strictest isolation, under which a transaction may see what there
// was before it waited.
func TestMigrateTogether(t *testing.T) {
	const nodes = 8
	together := func(t *testing.T, d database) {
		if d.dialect == sqlstore.PostgreSQL {
			d = d.with(t, map[string]string{"default_transaction_isolation": "serializable"})
		}
		var (
			wg    sync.WaitGroup
			start = make(chan struct{})
		)
		for range nodes {
			pool := d.open(t)
			if err := pool.Ping(); err != nil { // connecting would take longer than migrating
				t.Fatal(err)
			}
			wg.Go(func() {
				<-start
				s, err := sqlstore.New(context.Background(), pool, d.dialect)
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
	}
	onEach(t, func(t *testing.T, d database) {
		t.Run("nothing", func(t *testing.T) { together(t, d.another(t)) })
		t.Run("version 1 with rows", func(t *testing.T) {
			db := d.open(t)
			exec(t, db, statements(sqlstore.SchemaOf(d.dialect, 1))...)
			fill(t, d, db)
			together(t, d)
			wantRows(t, open(t, db, d.dialect, sqlstore.WithoutMigration()))
		})
	})
}

// A migration that was cut off between any two statements is finished by the next
// node.
func TestMigrateInterrupted(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		second := statements(sqlstore.SchemaOf(d.dialect, sqlstore.Newest))
		for done := range second {
			t.Run(fmt.Sprint(done, " statements done"), func(t *testing.T) {
				d := d.another(t)
				db := d.open(t)
				exec(t, db, statements(sqlstore.SchemaOf(d.dialect, 1))...)
				fill(t, d, db)
				if d.dialect == sqlstore.MariaDB { // the others have transactions that hold tables
					exec(t, db, second[:done]...)
				}
				wantRows(t, d.store(t))
			})
		}
	})
}

// A schema from a later release is taken as it is, and what it has added is left
// alone.
func TestNewerSchema(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		s := open(t, db, d.dialect)
		change := func(a *store.Account) error { a.Failures++; return nil }
		if err := s.UpdateAccount(t.Context(), "u", change); err != nil {
			t.Fatal(err)
		}
		exec(t, db,
			"ALTER TABLE eagate_accounts ADD COLUMN added VARCHAR(20)",
			"UPDATE eagate_accounts SET added = 'by a newer one'",
			fmt.Sprintf("INSERT INTO eagate_schema (version) VALUES (%d)", sqlstore.Newest+1),
		)
		for _, opts := range [][]sqlstore.Option{nil, {sqlstore.WithoutMigration()}} {
			older := d.store(t, opts...)
			if err := older.UpdateAccount(t.Context(), "u", change); err != nil {
				t.Fatal(err)
			}
		}
		got, err := column(db, "SELECT added FROM eagate_accounts")
		if err != nil || !slices.Equal(got, []string{"by a newer one"}) {
			t.Errorf("got %q, %v, want what the newer one has put there", got, err)
		}
	})
}

// Migrate tells what it lacks.
func TestMigrateFault(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		exec(t, db, "CREATE TABLE eagate_grants (something INTEGER)") // somebody else's
		err := sqlstore.Migrate(t.Context(), db, d.dialect)
		if err == nil && d.dialect == sqlstore.MariaDB {
			_, err = sqlstore.New(t.Context(), db, d.dialect)
		}
		if err == nil || !strings.HasPrefix(err.Error(), "sqlstore: ") {
			t.Errorf("got %v, want an error", err)
		}
	})
}
