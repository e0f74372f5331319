package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
	"github.com/eagate/eagate/store/storetest"
)

// All that is wrong with a connection is said at once, with what to do.
func TestFaults(t *testing.T) {
	t.Run("nothing", func(t *testing.T) {
		_, err := sqlstore.New(t.Context(), nil, 0, sqlstore.WithPrefix("Eagate_"))
		for _, want := range []string{"dialect 0: want SQLite, PostgreSQL or MariaDB", "no database", `prefix "Eagate_": want 1 to 32`} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q isn't said in: %v", want, err)
			}
		}
	})
	t.Run("prefix", func(t *testing.T) {
		for _, prefix := range []string{"", "1a", "a-b", "a.b", `a"`, "ä", strings.Repeat("a", 33)} {
			expect.Equal(t, sqlstore.Schema(sqlstore.SQLite, sqlstore.WithPrefix(prefix)), "", "%q, a schema", prefix)
		}
	})
	t.Run("SQLite", func(t *testing.T) {
		memory := openPool(t, "sqlite", "file::memory:?_pragma=query_only(1)")
		wantFaults(t, memory, sqlstore.SQLite, "SetMaxOpenConns(1)", "query_only")
		impatient := openPool(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "test.db"))
		wantFaults(t, impatient, sqlstore.SQLite, "busy_timeout")
		// Set by hand, it holds for one connection.
		execute(t, impatient, "PRAGMA busy_timeout = 5000")
		wantFaults(t, impatient, sqlstore.SQLite, "busy_timeout")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		d := newPostgres(t)
		wantFaults(t, d.with(t, map[string]string{"client_encoding": "LATIN1", "default_transaction_read_only": "on", "search_path": "nowhere"}).open(t), d.dialect,
			"client_encoding is LATIN1", "default_transaction_read_only", "no schema is current")
	})
	t.Run("MariaDB", func(t *testing.T) {
		d := newMariaDB(t)
		wantFaults(t, d.with(t, map[string]string{"sql_mode": "''", "charset": "latin1", "autocommit": "0"}).open(t), d.dialect,
			"STRICT_TRANS_TABLES", "utf8mb4", "autocommit")
	})
	t.Run("another database than said", func(t *testing.T) {
		wantFaults(t, openPool(t, "sqlite", "file::memory:"), sqlstore.PostgreSQL, "as PostgreSQL")
	})
	t.Run("listener", func(t *testing.T) {
		d := newSQLite(t)
		_, err := sqlstore.New(t.Context(), d.open(t), d.dialect, sqlstore.WithListener(listen("")))
		if err == nil || !strings.Contains(err.Error(), "leave out WithListener") {
			t.Errorf("got %v, want a fault", err)
		}
	})
}

// What the application's data source name says otherwise makes no difference.
func TestDataSourceNames(t *testing.T) {
	for _, c := range []struct {
		name    string
		open    func(testing.TB) database
		options map[string]string
	}{
		{"MariaDB, times parsed, in another zone", newMariaDB, map[string]string{"parseTime": "true", "loc": "America/New_York", "time_zone": "'+09:00'"}},
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
			subject := storetest.Subject{Handles: []store.Backend{d.store(t), d.store(t)}}
			storetest.Run(t, func(*testing.T) storetest.Subject { return subject })
		})
	}
}

// One connection is enough.
func TestOneConnection(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		db.SetMaxOpenConns(1)
		subject := storetest.Subject{Handles: []store.Backend{open(t, db, d.dialect, sqlstore.WithPrefix("one_"))}}
		storetest.Run(t, func(*testing.T) storetest.Subject { return subject })
	})
}

func put(t *testing.T, s store.Backend, id string) uint64 {
	t.Helper()
	version, err := s.Put(t.Context(), store.Accounts, store.Document{ID: id, Body: []byte(`"on"`), Due: time.Unix(1, 0)})
	expect.NoError(t, err)
	return version
}

// reads calls all methods that read, which must find an account, or fail.
func reads(ctx context.Context, s store.Backend) (found []bool, errs []error) {
	docs, getErr := s.Get(ctx, store.Accounts, "u")
	due, dueErr := s.Due(ctx, store.Accounts, time.Now(), 10)
	page, _, listErr := s.List(ctx, store.Accounts, "", 10)
	return []bool{len(docs) == 1 && docs[0].Version != 0, len(due) == 1, len(page) == 1}, []error{getErr, dueErr, listErr}
}

// A connection on which somebody has chosen another schema, or made a table that hides
// the store's, still reads and writes the same table.
func TestOddConnections(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(testing.TB) database
		odd  []string
	}{
		{"SQLite, temporary table", newSQLite, []string{"CREATE TEMP TABLE eagate_documents (kind TEXT, id TEXT, version INTEGER, due INTEGER, body TEXT)"}},
		{"PostgreSQL, search_path", newPostgres, []string{"CREATE SCHEMA another", "SET search_path = another"}},
		{"PostgreSQL, temporary table", newPostgres, []string{"CREATE TEMP TABLE eagate_documents (LIKE public.eagate_documents)"}},
		{"MariaDB, USE", newMariaDB, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := c.open(t)
			db := d.open(t)
			db.SetMaxOpenConns(1)
			s := open(t, db, d.dialect)
			put(t, s, "u")
			if d.dialect == sqlstore.MariaDB {
				other := newMariaDB(t)
				other.store(t)
				c.odd = []string{"USE " + other.name}
			}
			execute(t, db, c.odd...)
			if strings.Contains(c.name, "search_path") {
				execute(t, db, statements(sqlstore.Schema(d.dialect))...)
			}
			found, errs := reads(t.Context(), s)
			if err := errors.Join(errs...); err != nil || !found[0] || !found[1] || !found[2] {
				t.Errorf("got found %v, %v, want all", found, err)
			}
			if _, err := s.Put(t.Context(), store.Accounts, store.Document{ID: "u", Body: []byte("1")}); !errors.Is(err, store.ErrConflict) {
				t.Errorf("Put: got %v, want ErrConflict", err)
			}
		})
	}
}

// A schema can have any name.
func TestOddSchemaName(t *testing.T) {
	d := newPostgres(t)
	const name = `o'"d?{table}`
	execute(t, d.open(t), `CREATE SCHEMA "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
	s := d.with(t, map[string]string{"search_path": `"` + strings.ReplaceAll(name, `"`, `""`) + `"`}).store(t)
	put(t, s, "u")
	found, errs := reads(t.Context(), s)
	if err := errors.Join(errs...); err != nil || !found[0] || !found[1] || !found[2] {
		t.Errorf("got found %v, %v, want all", found, err)
	}
}

// A role from which row-level security hides rows, from the start or later, reads
// nothing, and not that accounts are missing.
func TestRowLevelSecurity(t *testing.T) {
	d := newPostgres(t)
	db := d.open(t)
	put(t, open(t, db, d.dialect), "u")
	role := newName()
	execute(t, db, "CREATE ROLE "+role+" LOGIN", "GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role)
	t.Cleanup(func() { execute(t, db, "DROP OWNED BY "+role, "DROP ROLE "+role) })
	app := d.with(t, map[string]string{"role": role})
	before := app.store(t, sqlstore.WithoutMigration())
	execute(t, db, "ALTER TABLE eagate_documents ENABLE ROW LEVEL SECURITY")
	wantFaults(t, app.open(t), d.dialect, "row-level security")
	_, errs := reads(t.Context(), before)
	for i, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "row-level security") {
			t.Errorf("read %d: got %v, want an error", i, err)
		}
	}
}

// A schema that has gone is an error, and not that accounts are missing.
func TestSchemaGone(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		s := d.store(t)
		put(t, s, "u")
		execute(t, d.open(t), "ALTER TABLE eagate_documents RENAME TO gone")
		_, errs := reads(t.Context(), s)
		for i, err := range errs {
			if err == nil {
				t.Errorf("read %d: got no error", i)
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
	execute(t, other, "BEGIN IMMEDIATE")
	begun := time.Now()
	doc := store.Document{ID: "g", Body: []byte("{}")}
	_, err := s.Put(t.Context(), store.Grants, doc)
	if took := time.Since(begun); err == nil || took < 5*time.Second || took > 15*time.Second {
		t.Errorf("got %v after %v, want an error after some 10 s", err, took)
	}
	execute(t, other, "ROLLBACK")
	expect.Try(s.Put(t.Context(), store.Grants, doc)).OrFail(t, "afterwards")
}

// Stores that are opened at once on a small pool don't wait for each other.
func TestOpenedAtOnce(t *testing.T) {
	for _, newDatabase := range []func(testing.TB) database{newSQLite, newPostgres} {
		d := newDatabase(t)
		db := d.open(t)
		db.SetMaxOpenConns(2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				s, err := sqlstore.New(ctx, db, d.dialect)
				if err != nil {
					t.Error(err)
					return
				}
				_ = s.Close()
			})
		}
		wg.Wait()
	}
}
