package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"strings"
)

// newest is the version of the schema that this release needs. Each version only
// adds to the one before, so that an older release works on a newer schema.
const newest = 3

// The files of each version hold statements that end in ";" at the end of a
// line; the last one notes the version in eagate_schema. What a file says is
// never changed once it was released.
//
// Of MariaDB's, each statement can be executed twice: see [mariadb].migration.
//
//go:embed schema/*.sql
var files embed.FS

func schemaOf(f flavour, version int) string {
	text, err := files.ReadFile(fmt.Sprintf("schema/%s_%d.sql", f.name(), version))
	if err != nil {
		panic(err) // it isn't in the program, whoever runs it
	}
	return string(text)
}

// Migrate brings the schema up to date: from nothing, or from any earlier
// version. A schema that is newer than this release is left as it is.
//
// Several nodes may call it at once, and nodes of an earlier release may go on
// working meanwhile. If it is interrupted, the next call goes on. The role needs
// the right to create tables and indexes.
func Migrate(ctx context.Context, db *sql.DB, dialect Dialect) error {
	f, err := examine(ctx, db, dialect)
	if err != nil {
		return err
	}
	return migrate(ctx, db, f)
}

// Schema returns all versions of the schema, one after the other, as SQL: for
// those who have their own way to migrate, and then open the store
// [WithoutMigration]. A release that needs a newer version says so in its
// changelog; what to add is behind the comment that names the version.
//
// It returns nothing for an invalid dialect.
func Schema(dialect Dialect) string {
	f, err := dialect.flavour()
	if err != nil {
		return ""
	}
	versions := make([]string, newest)
	for i := range versions {
		versions[i] = schemaOf(f, i+1)
	}
	return strings.Join(versions, "\n")
}

func migrate(ctx context.Context, db *sql.DB, f flavour) error {
	version, err := currentVersion(ctx, db, f)
	if err == nil && version < newest {
		err = f.migration(ctx, db, func(s session) error { return upgrade(ctx, s, f) })
	}
	if err != nil {
		return wrap(ctx, "migrating", err)
	}
	return nil
}

// upgrade executes what the versions after the present one add.
func upgrade(ctx context.Context, s session, f flavour) error {
	version, err := currentVersion(ctx, s, f) // another node may have been first
	if err != nil {
		return err
	}
	for version < newest {
		version++
		for statement := range strings.SplitSeq(schemaOf(f, version), ";\n") {
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
func currentVersion(ctx context.Context, s session, f flavour) (int, error) {
	var exists, version int
	if err := s.QueryRowContext(ctx, f.hasTable("eagate_schema")).Scan(&exists); err != nil || exists == 0 {
		return 0, err
	}
	err := s.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM eagate_schema").Scan(&version)
	return version, err
}

func checkVersion(ctx context.Context, db *sql.DB, dialect Dialect, f flavour) error {
	version, err := currentVersion(ctx, db, f)
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
