package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// newest is the version of the schema that this release needs. Each version only
// adds to the one before, so that an older release works on a newer schema.
var newest = 1

// The files of each version hold statements that end in ";" at the end of a
// line; the last one notes the version in the table of versions. What a file says is
// never changed once it was released. {schema} and {prefix} come before the names.
//
// Of MariaDB's, each statement can be executed twice: see [migrateMariaDB].
//
//go:embed schema/*.sql
var embedded embed.FS

var files fs.FS = embedded

// migrationPatience is how long a node waits for others that migrate, or that hold
// locks on tables, as a backup does. It waits for such a lock for two seconds at a
// time: what comes after it waits behind it.
const migrationPatience = 10 * time.Minute

func schemaOf(f *flavour, version int, schema, prefix string) string {
	text, err := fs.ReadFile(files, fmt.Sprintf("schema/%s_%d.sql", f.name, version))
	if err != nil {
		panic(err) // it isn't in the program
	}
	return strings.NewReplacer("{schema}", schema, "{prefix}", prefix).Replace(string(text))
}

// Migrate creates the schema, or migrates it from any earlier version. It doesn't change
// a schema that is newer than this release. The only option is [WithPrefix].
//
// Several nodes may call it at once, while nodes of an earlier release are running. An
// interrupted migration is continued by the next call. The role needs the right to create
// tables, indexes and views.
func Migrate(ctx context.Context, db *sql.DB, dialect Dialect, opts ...Option) error {
	o, f, schema, err := examine(ctx, db, dialect, opts)
	if err != nil {
		return err
	}
	return migrate(ctx, db, f, schema, o.prefix)
}

// Schema returns the SQL of all versions of the schema, for your own migrations with
// [WithoutMigration]. The only option is [WithPrefix]. The changelog says which release
// needs a newer version; its statements follow the comment that names it.
//
// It returns "" for an invalid dialect or prefix.
func Schema(dialect Dialect, opts ...Option) string {
	o := newOptions(opts)
	f := dialect.flavour()
	if f == nil || checkPrefix(o.prefix) != nil {
		return ""
	}
	versions := make([]string, newest)
	for i := range versions {
		versions[i] = schemaOf(f, i+1, "", o.prefix)
	}
	return strings.Join(versions, "\n")
}

func migrate(ctx context.Context, db *sql.DB, f *flavour, schema, prefix string) error {
	version, err := currentVersion(ctx, db, f, schema, prefix)
	if err == nil && version < newest {
		err = f.migration(ctx, db, schema, func(s session) error { return upgrade(ctx, s, f, schema, prefix) })
	}
	if err != nil {
		return wrap(ctx, "migrating", err)
	}
	return nil
}

// upgrade executes what the versions after the present one add.
func upgrade(ctx context.Context, s session, f *flavour, schema, prefix string) error {
	version, err := currentVersion(ctx, s, f, schema, prefix) // another node may have been first
	if err != nil {
		return err
	}
	for version < newest {
		version++
		for statement := range strings.SplitSeq(schemaOf(f, version, f.qualified(schema, ""), prefix), ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := s.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("to version %d: %w", version, err)
			}
		}
	}
	return nil
}

// currentVersion returns the version of the schema, or 0 if there is none.
func currentVersion(ctx context.Context, s session, f *flavour, schema, prefix string) (version int, err error) {
	var unreleased, exists int
	for table, n := range map[string]*int{"accounts": &unreleased, "schema": &exists} {
		if err := s.QueryRowContext(ctx, f.bind(f.isTable), schema, prefix+table).Scan(n); err != nil {
			return 0, err
		}
	}
	switch {
	case unreleased > 0:
		return 0, fmt.Errorf("the table %[1]saccounts is of a version of eagate that was never released: "+
			"drop the tables %[1]saccounts, %[1]schallenges, %[1]sgrants and %[1]sschema, after which all users have to enrol anew, or choose another prefix", prefix)
	case exists == 0:
		return 0, nil
	}
	err = s.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM "+f.qualified(schema, prefix+"schema")).Scan(&version)
	return version, err
}

func checkVersion(ctx context.Context, db *sql.DB, dialect Dialect, f *flavour, schema, prefix string) error {
	version, err := currentVersion(ctx, db, f, schema, prefix)
	switch {
	case err != nil:
		return wrap(ctx, "looking for the schema", err)
	case version == 0:
		return fmt.Errorf("sqlstore: there is no schema: run Migrate, or the SQL that Schema(%v) returns, before New with WithoutMigration", dialect)
	case version < newest:
		return fmt.Errorf("sqlstore: the schema has version %d, and this release needs %d: "+
			"run Migrate, or what the SQL that Schema(%v) returns has from version %d on", version, newest, dialect, version+1)
	}
	return nil
}
