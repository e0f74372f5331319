package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/eagate/eagate/store"
)

// A Store is a [store.Backend] in a SQL database, made by [New]. With PostgreSQL and
// [WithListener] it is also a working [store.Watcher]. It is safe for concurrent use.
type Store struct {
	*database
	listener Listener
	channel  string

	// The statements.
	get, insert, update, delete, due, list, deleteDue string
}

var _ store.Watcher = (*Store)(nil)

// An Option is an option of [New], [Migrate] or [Schema].
type Option func(*options)

type options struct {
	prefix      string
	dontMigrate bool
	listener    Listener
}

func newOptions(opts []Option) options {
	o := options{prefix: "eagate_"}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// WithPrefix sets the prefix of the names of tables and views: 1 to 32 lower-case
// letters, digits and underscores, the first a letter; [New] reports all others. The
// default is "eagate_".
func WithPrefix(prefix string) Option { return func(o *options) { o.prefix = prefix } }

// WithoutMigration makes [New] only check that the schema is new enough, for programs
// that must not change it. Without it, New creates or migrates the schema. Use [Migrate],
// or the SQL of [Schema], to create it.
func WithoutMigration() Option { return func(o *options) { o.dontMigrate = true } }

// New returns a store in an open database, after migrating the schema as [Migrate] does.
// Its tables are in the current schema of db's connections (on MariaDB and MySQL: the
// database), and stay there if a connection changes that later.
//
// It returns an error with all faults of the configuration that it finds, each with a
// remedy: settings with which values are truncated, rows are hidden, or writes fail for
// no reason.
//
// Any number of stores may be open on one database, on any number of nodes. A store sets
// no limits on db's pool, and uses one connection at a time for each call; New uses two
// if it can.
func New(ctx context.Context, db *sql.DB, dialect Dialect, opts ...Option) (*Store, error) {
	o, f, schema, err := examine(ctx, db, dialect, opts)
	if err != nil {
		return nil, err
	}
	if o.dontMigrate {
		err = checkVersion(ctx, db, dialect, f, schema, o.prefix)
	} else {
		err = migrate(ctx, db, f, schema, o.prefix)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{database: newDatabase(db, f), listener: o.listener, channel: channel(schema, o.prefix)}
	s.write(f.qualified(schema, o.prefix+"documents"))
	for _, query := range []string{s.get, s.insert, s.update} {
		if _, err := s.statement(ctx, query); err != nil {
			return nil, errors.Join(wrap(ctx, "preparing the statements", err), s.Close())
		}
	}
	return s, nil
}

// write sets the statements. Each one that reads returns at least one row, with the
// column unfit: an empty result never means that a document is missing.
func (s *Store) write(table string) {
	unfit := strings.ReplaceAll(s.unfit, "{literal}", strings.ReplaceAll(table, "'", "''"))
	names := strings.NewReplacer("{unfit}", unfit, "{table}", table)
	complete := func(parts ...string) string { return names.Replace(s.bind(strings.Join(parts, ""))) }
	const alone = "SELECT {unfit}, d.id, d.version, d.due, d.body FROM (SELECT 1 AS one) o LEFT JOIN "
	s.get = complete(alone, "{table} d ON d.kind = ? AND d.id IN (?)")
	s.insert = complete("INSERT INTO {table} (due, body, kind, id, version) VALUES (?, ?, ?, ?, ?)", s.onConflict)
	s.update = complete("UPDATE {table} SET due = ?, body = ?, version = version + 1 WHERE kind = ? AND id = ? AND version = ?")
	s.delete = complete("DELETE FROM {table} WHERE kind = ? AND id = ? AND version = ?")
	s.due = complete(alone, "(SELECT id, version, due, '' AS body FROM {table} WHERE kind = ? AND due <= ? ORDER BY due, id LIMIT ?) d ON 1 = 1 ORDER BY d.due, d.id")
	s.list = complete(alone, "(SELECT id, version, due, body FROM {table} WHERE kind = ? AND id > ? ORDER BY id LIMIT ?) d ON 1 = 1 ORDER BY d.id")
	s.deleteDue = complete(s.flavour.deleteDue)
	s.health = complete("SELECT {unfit}, (SELECT COUNT(*) FROM {table} WHERE kind = '')")
}

// examine returns the options, the dialect's flavour and the schema, or all faults of the
// configuration.
func examine(ctx context.Context, db *sql.DB, dialect Dialect, opts []Option) (o options, f *flavour, schema string, err error) {
	o = newOptions(opts)
	faults := []error{checkPrefix(o.prefix)}
	if f = dialect.flavour(); f == nil {
		faults = append(faults, fmt.Errorf("dialect %d: want SQLite, PostgreSQL or MariaDB", dialect))
	}
	if o.listener != nil && f != &postgres {
		faults = append(faults, fmt.Errorf("a listener, but %v can't notify: leave out WithListener", dialect))
	}
	switch {
	case db == nil:
		faults = append(faults, errors.New("no database: want an open *sql.DB"))
	case f != nil && faults[0] == nil:
		var found []error
		schema, found, err = f.faults(ctx, db, o.prefix)
		if err != nil {
			return o, nil, "", wrap(ctx, fmt.Sprintf("asking the database, as %v, for its settings", dialect), err)
		}
		faults = append(faults, found...)
	}
	if err := errors.Join(faults...); err != nil {
		return o, nil, "", fmt.Errorf("sqlstore: the database can't be used as it is:\n%w", err)
	}
	return o, f, schema, nil
}

func checkPrefix(prefix string) error {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	if prefix == "" || len(prefix) > 32 || !strings.Contains(letters, prefix[:1]) || strings.Trim(prefix, letters+"0123456789_") != "" {
		return fmt.Errorf("prefix %.40q: want 1 to 32 lower-case letters, digits and underscores, the first a letter", prefix)
	}
	return nil
}
