package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

var sqlite = flavour{
	name: "sqlite", quote: `"`, param: question,
	unfit:      "''",
	onConflict: " ON CONFLICT DO NOTHING",
	deleteDue:  "DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE kind = ? AND due <= ? LIMIT ?)",
	isTable:    "SELECT COUNT(*) FROM main.sqlite_master WHERE type = 'table' AND 'main' = ? AND name = ?",
	classify:   classifySQLite,
	faults:     sqliteFaults,
	migration:  migrateSQLite,

	// SQLite lets in one writer at a time. Those that wait poll, with growing
	// pauses, so that the longest waiting may be the last; and each needs a
	// connection for that.
	oneWriter: true,
}

// classifySQLite knows the drivers whose errors have a method that returns SQLite's
// result code, such as modernc.org/sqlite.
func classifySQLite(err error) outcome {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		if primary := coded.Code() & 0xff; primary == 5 || primary == 6 { // SQLITE_BUSY, SQLITE_LOCKED
			return rolledBack
		}
	}
	return unknown
}

func sqliteFaults(ctx context.Context, db *sql.DB, _ string) (schema string, faults []error, err error) {
	conn, err := freshConn(ctx, db)
	if err != nil {
		return "", nil, err
	}
	defer conn.Close()
	var (
		version, file     string
		timeout, readOnly int
	)
	err = errors.Join(
		conn.QueryRowContext(ctx, "SELECT sqlite_version(), file FROM pragma_database_list WHERE name = 'main'").Scan(&version, &file),
		conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&timeout),
		conn.QueryRowContext(ctx, "PRAGMA query_only").Scan(&readOnly),
	)
	if err != nil {
		return "", nil, err
	}
	if !atLeast(version, 3, 38, 0) {
		faults = append(faults, fmt.Errorf("SQLite %s: want 3.38 or newer", version))
	}
	if file == "" && db.Stats().MaxOpenConnections != 1 {
		faults = append(faults, errors.New("each connection has a database of its own, in memory: call SetMaxOpenConns(1), or use a file"))
	}
	if file != "" && timeout == 0 {
		faults = append(faults, errors.New("busy_timeout is 0, so that a write fails at once while another process writes: "+
			`set it for every connection, in the data source name (such as "file:app.db?_pragma=busy_timeout(5000)" with modernc.org/sqlite)`))
	}
	if readOnly != 0 {
		faults = append(faults, errors.New("query_only is on: leave it out of the data source name"))
	}
	return "main", faults, nil
}

// pairs is held by a goroutine that takes two connections: several could have one each,
// and wait for ever.
var pairs sync.Mutex

// freshConn returns a connection that is likely to be new: a PRAGMA that was
// executed once, after opening, holds for one connection only.
func freshConn(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	pairs.Lock()
	defer pairs.Unlock()
	if db.Stats().MaxOpenConnections != 1 {
		first, err := db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		defer first.Close()
	}
	return db.Conn(ctx)
}

// migrateSQLite has a transaction that lets in no other writer.
func migrateSQLite(ctx context.Context, db *sql.DB, _ string, f func(session) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	err = retry(ctx, classifySQLite, time.Minute, func() error {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		return err
	})
	if err != nil {
		return err
	}
	if err = f(conn); err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, rollbackErr := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, rollbackErr)
	}
	return nil
}
