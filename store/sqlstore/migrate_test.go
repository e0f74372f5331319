package sqlstore_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
)

// shape lists the columns, indexes and views of a database.
func shape(t *testing.T, d database) []string {
	t.Helper()
	query := map[sqlstore.Dialect]string{
		sqlstore.SQLite: `SELECT m.type || ' ' || m.name || ' ' || COALESCE(c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || COALESCE(c.dflt_value, ''), m.type)
			FROM sqlite_master m LEFT JOIN pragma_table_xinfo(m.name) c ON m.type <> 'index'`,
		sqlstore.PostgreSQL: `SELECT CONCAT_WS(' ', 'column', table_name, column_name, data_type, is_nullable, column_default, collation_name)
			FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'`,
		sqlstore.MariaDB: `SELECT CONCAT_WS(' ', 'column', table_name, column_name, column_type, is_nullable, column_default, collation_name)
			FROM information_schema.columns WHERE table_schema = DATABASE()
			UNION ALL SELECT CONCAT_WS(' ', 'index', table_name, index_name, seq_in_index, column_name, non_unique)
			FROM information_schema.statistics WHERE table_schema = DATABASE()`,
	}[d.dialect]
	list, err := column(d.open(t), query)
	if err != nil || len(list) < 30 {
		t.Fatalf("schema: got %d lines, %v", len(list), err)
	}
	slices.Sort(list)
	return list
}

// The schema that Migrate makes is the one that Schema returns, and Migrate can be
// called again.
func TestMigrate(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		for _, prefix := range []string{"eagate_", "a2_"} {
			t.Run(prefix, func(t *testing.T) {
				d, opt := d.another(t), sqlstore.WithPrefix(prefix)
				db := d.open(t)
				_, err := sqlstore.New(t.Context(), db, d.dialect, sqlstore.WithoutMigration(), opt)
				if err == nil || !strings.Contains(err.Error(), "run Migrate") {
					t.Errorf("not migrated: got %v, want advice", err)
				}
				for range 2 {
					expect.NoError(t, sqlstore.Migrate(t.Context(), db, d.dialect, opt))
				}
				open(t, db, d.dialect, sqlstore.WithoutMigration(), opt)
				byHand := d.another(t)
				execute(t, byHand.open(t), statements(sqlstore.Schema(d.dialect, opt))...)
				byHand.store(t, sqlstore.WithoutMigration(), opt)
				if got, want := shape(t, d), shape(t, byHand); !slices.Equal(got, want) {
					t.Errorf("got %q, and by Schema %q", got, want)
				}
			})
		}
	})
}

// Nodes that start at once make one schema, and bring it up to date. So they do with PostgreSQL's strictest
// isolation, under which a transaction may see what there was before it waited.
func TestMigrateTogether(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		if d.dialect == sqlstore.PostgreSQL {
			d = d.with(t, map[string]string{"default_transaction_isolation": "serializable"})
		}
		together := func() {
			var (
				wg    sync.WaitGroup
				start = make(chan struct{})
			)
			for range 8 {
				pool := d.open(t)
				if err := pool.Ping(); err != nil { // connecting would take longer than migrating
					t.Fatal(err)
				}
				wg.Go(func() {
					<-start
					s, err := sqlstore.New(t.Context(), pool, d.dialect)
					if err != nil {
						t.Error(err)
						return
					}
					s.Close()
				})
			}
			close(start)
			wg.Wait()
		}
		together()
		nextRelease(t)
		together()
	})
}

// A migration of MariaDB that was cut off between any two statements is finished by
// the next node. The others have transactions that hold tables.
func TestMigrateInterrupted(t *testing.T) {
	d := newMariaDB(t)
	all := statements(sqlstore.Schema(d.dialect))
	for done := range all {
		t.Run(fmt.Sprint(done, " statements done"), func(t *testing.T) {
			d := d.another(t)
			execute(t, d.open(t), all[:done]...)
			d.store(t)
		})
	}
}

// A schema from a later release is taken as it is.
func TestNewerSchema(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		db := d.open(t)
		open(t, db, d.dialect)
		execute(t, db, "ALTER TABLE eagate_documents ADD COLUMN added VARCHAR(20)", "INSERT INTO eagate_schema (version) VALUES (2)")
		for _, opts := range [][]sqlstore.Option{nil, {sqlstore.WithoutMigration()}} {
			older := d.store(t, opts...)
			doc := store.Document{ID: fmt.Sprint(len(opts)), Body: []byte("{}")}
			expect.Try(older.Put(t.Context(), store.Grants, doc)).OrFail(t)
		}
	})
}

// The tables of unreleased versions are refused, and somebody else's are an error.
func TestOtherTables(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		execute(t, d.open(t), "CREATE TABLE eagate_accounts (user_id VARCHAR(20))", "CREATE TABLE eagate_schema (version INTEGER)", "INSERT INTO eagate_schema (version) VALUES (3)")
		wantFaults(t, d.open(t), d.dialect, "the table eagate_accounts is of a version of eagate that was never released", "choose another prefix")
		d.store(t, sqlstore.WithPrefix("another_"))
		d = d.another(t)
		execute(t, d.open(t), "CREATE TABLE eagate_documents (something INTEGER)")
		wantFaults(t, d.open(t), d.dialect, "sqlstore: ")
	})
}

// nextRelease has a second version of the schema, until the test ends.
func nextRelease(t *testing.T) {
	t.Helper()
	entries, err := fs.Glob(os.DirFS("."), "schema/*.sql")
	if err != nil || len(entries) == 0 {
		t.Fatal(entries, err)
	}
	with := fstest.MapFS{}
	for _, name := range entries {
		text := expect.Try(os.ReadFile(name)).OrFail(t)
		with[name] = &fstest.MapFile{Data: text}
		with[strings.Replace(name, "_1", "_2", 1)] = &fstest.MapFile{Data: []byte(
			"ALTER TABLE {schema}{prefix}documents ADD COLUMN added INTEGER;\nINSERT INTO {schema}{prefix}schema (version) VALUES (2);\n")}
	}
	t.Cleanup(sqlstore.SetSchema(2, with))
}

// A migration doesn't wait for long for a lock on a table, which a backup holds: what
// comes after it would wait too. It tries again until it gets the lock.
func TestMigrateDuringBackup(t *testing.T) {
	test := func(t *testing.T, d database) {
		db := d.open(t)
		s := open(t, db, d.dialect)
		nextRelease(t)
		backup := expect.Try(db.Begin()).OrFail(t)
		var n int
		expect.NoError(t, backup.QueryRow("SELECT COUNT(*) FROM eagate_documents").Scan(&n))
		migrated := make(chan error, 1)
		go func() { migrated <- sqlstore.Migrate(t.Context(), d.open(t), d.dialect) }()
		blocked := `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE%' AND datname = current_database()`
		if d.dialect == sqlstore.MariaDB {
			blocked = `SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE 'Waiting for table metadata lock%' AND info LIKE 'ALTER TABLE%'`
		}
		waitFor(t, "the migration to wait for the lock", func() bool {
			found, err := column(db, blocked)
			return err == nil && len(found) > 0
		})
		begun := time.Now()
		_, getErr := s.Get(t.Context(), store.Accounts, "u")
		if took := time.Since(begun); getErr != nil || took > 4*time.Second {
			t.Errorf("a read took %v, %v, behind a migration that waits for a backup", took, getErr)
		}
		expect.NoError(t, errors.Join(backup.Rollback(), <-migrated))
		open(t, db, d.dialect, sqlstore.WithoutMigration())
	}
	t.Run("PostgreSQL", func(t *testing.T) { test(t, newPostgres(t)) })
	t.Run("MariaDB", func(t *testing.T) { test(t, newMariaDB(t)) })
}
