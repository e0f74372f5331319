package sqlstore_test

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
	"github.com/eagate/eagate/store/storetest"
)

// with returns the database by a data source name with other options.
func (d database) with(t testing.TB, options map[string]string) database {
	t.Helper()
	if d.dialect == sqlstore.MariaDB {
		config, err := mysql.ParseDSN(d.source)
		if err != nil {
			t.Fatal(err)
		}
		query := make(url.Values)
		for name, value := range options {
			query.Set(name, value)
		}
		changed, err := mysql.ParseDSN(config.FormatDSN() + "?" + query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		changed.Logger = &mysql.NopLogger{}
		d.source = changed.FormatDSN()
		return d
	}
	u, err := url.Parse(d.source)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	for name, value := range options {
		query.Set(name, value)
	}
	u.RawQuery = query.Encode()
	d.source = u.String()
	return d
}

// All that is wrong with a connection is told at once, with what to do.
func TestFaults(t *testing.T) {
	t.Run("nothing", func(t *testing.T) {
		wantFaults(t, nil, 0, "dialect 0: want SQLite, PostgreSQL or MariaDB", "no database")
	})
	t.Run("SQLite", func(t *testing.T) {
		memory := openPool(t, "sqlite", "file::memory:")
		wantFaults(t, memory, sqlstore.SQLite, "SetMaxOpenConns(1)")
		impatient := openPool(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "test.db"))
		wantFaults(t, impatient, sqlstore.SQLite, "busy_timeout")
		// Set by hand, it holds for one connection.
		exec(t, impatient, "PRAGMA busy_timeout = 5000")
		wantFaults(t, impatient, sqlstore.SQLite, "busy_timeout")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		d := newPostgres(t)
		wantFaults(t, d.with(t, map[string]string{"client_encoding": "LATIN1", "default_transaction_read_only": "on"}).open(t), d.dialect,
			"client_encoding is LATIN1", "default_transaction_read_only")
	})
	t.Run("MariaDB", func(t *testing.T) {
		d := newMariaDB(t)
		wantFaults(t, d.with(t, map[string]string{"sql_mode": "''", "charset": "latin1", "autocommit": "0"}).open(t), d.dialect,
			"STRICT_TRANS_TABLES", "utf8mb4", "autocommit")
	})
	t.Run("another database than said", func(t *testing.T) {
		wantFaults(t, openPool(t, "sqlite", "file::memory:"), sqlstore.PostgreSQL, "as PostgreSQL")
	})
}

func wantFaults(t *testing.T, db *sql.DB, dialect sqlstore.Dialect, faults ...string) {
	t.Helper()
	s, err := sqlstore.New(t.Context(), db, dialect)
	if err == nil {
		s.Close()
		t.Fatalf("got no error, want %q", faults)
	}
	for _, want := range faults {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q isn't said in: %v", want, err)
		}
	}
}

// What the application's data source name says otherwise makes no difference.
func TestDataSourceNames(t *testing.T) {
	for _, c := range []struct {
		name    string
		open    func(testing.TB) database
		options map[string]string
	}{
		{"MariaDB, times parsed, in another zone", newMariaDB, map[string]string{"parseTime": "true", "loc": "America/New_York"}},
		{"MariaDB, session in another zone", newMariaDB, map[string]string{"time_zone": "'+09:00'"}},
		{"MariaDB, found rows", newMariaDB, map[string]string{"clientFoundRows": "true"}},
		{"MariaDB, parameters interpolated", newMariaDB, map[string]string{"interpolateParams": "true"}},
		{"MariaDB, serializable", newMariaDB, map[string]string{"tx_isolation": "'SERIALIZABLE'"}},
		{"PostgreSQL, session in another zone", newPostgres, map[string]string{"timezone": "Asia/Tokyo"}},
		{"PostgreSQL, serializable", newPostgres, map[string]string{"default_transaction_isolation": "serializable"}},
		{"PostgreSQL, simple protocol", newPostgres, map[string]string{"default_query_exec_mode": "simple_protocol"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := c.open(t).with(t, c.options)
			subject := storetest.Subject{Handles: []store.Store{d.store(t), d.store(t)}}
			storetest.Run(t, func(*testing.T) storetest.Subject { return subject })
		})
	}
}

// One connection is enough: none is held while a change is decided.
func TestOneConnection(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		db.SetMaxOpenConns(1)
		subject := storetest.Subject{Handles: []store.Store{open(t, db, d.dialect)}}
		storetest.Run(t, func(*testing.T) storetest.Subject { return subject })
	})
}

// A role from which row-level security hides rows would take their users for ones
// without a second factor.
func TestRowLevelSecurity(t *testing.T) {
	d := newPostgres(t)
	db := d.open(t)
	open(t, db, d.dialect)
	role := newName()
	exec(t, db, "CREATE ROLE "+role+" LOGIN", "GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role)
	t.Cleanup(func() { exec(t, db, "DROP OWNED BY "+role, "DROP ROLE "+role) })
	app := d.with(t, map[string]string{"role": role})
	strict := app.with(t, map[string]string{"row_security": "off"}).store(t, sqlstore.WithoutMigration())
	exec(t, db, "ALTER TABLE eagate_accounts ENABLE ROW LEVEL SECURITY")
	wantFaults(t, app.open(t), d.dialect, "row-level security")
	if _, err := strict.Account(t.Context(), "u"); err == nil {
		t.Error("with row_security off: got no error for what is hidden")
	}
}

// An account that makes no sense is named, so that an operator can find it.
func TestDamagedRow(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.store(t)
		for _, id := range []string{"a", "b", "c"} {
			if err := s.UpdateAccount(t.Context(), id, func(a *store.Account) error { a.Failures = 1; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		exec(t, d.open(t), "UPDATE eagate_accounts SET push_sent = '[' WHERE user_id = 'b'")
		_, err := s.Account(t.Context(), "b")
		_, _, listErr := s.ListAccounts(t.Context(), store.AccountFilter{}, "", 10)
		for _, err := range []error{err, listErr} {
			if err == nil || !strings.Contains(err.Error(), `user_id "b"`) {
				t.Errorf("got %v, want the user named", err)
			}
		}
	})
}

// A database that others keep locked is given up after some seconds.
func TestGivesUp(t *testing.T) {
	d := newSQLite(t)
	s := open(t, openPool(t, "sqlite", strings.Replace(d.source, "10000", "500", 1)), d.dialect)
	other := d.open(t)
	other.SetMaxOpenConns(1)
	exec(t, other, "BEGIN IMMEDIATE")
	begun := time.Now()
	err := s.CreateGrant(t.Context(), store.Grant{ID: "g", ExpiresAt: begun.Add(time.Hour)})
	if took := time.Since(begun); err == nil || took > 15*time.Second {
		t.Errorf("got %v after %v, want an error after some 10 s", err, took)
	}
	exec(t, other, "ROLLBACK")
	if err := s.CreateGrant(t.Context(), store.Grant{ID: "g", ExpiresAt: begun.Add(time.Hour)}); err != nil {
		t.Errorf("afterwards: got %v", err)
	}
}

// Stores that are opened at once on a small pool don't wait for each other.
func TestOpenedAtOnce(t *testing.T) {
	d := newSQLite(t)
	db := d.open(t)
	db.SetMaxOpenConns(2)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := sqlstore.New(t.Context(), db, d.dialect)
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	wg.Wait()
}
