package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

type sqlite struct{}

func (sqlite) name() string                    { return "sqlite" }
func (sqlite) param(int) string                { return "?" }
func (sqlite) timeColumn(column string) string { return column }
func (sqlite) timeValue(t time.Time) any       { return t.Format(textTime) }
func (sqlite) insertNew(insert string) string  { return insert + " ON CONFLICT DO NOTHING" }

func (sqlite) inserted(r sql.Result) (bool, error) {
	n, err := r.RowsAffected()
	return n > 0, err
}

func (sqlite) deleteSome(table, condition, limit string) string {
	return fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT rowid FROM %[1]s WHERE %s LIMIT %s)", table, condition, limit)
}

// tooBusy knows the drivers whose errors have a method that returns SQLite's
// result code, such as modernc.org/sqlite.
func (sqlite) tooBusy(err error) bool {
	const busy, locked = 5, 6 // https://sqlite.org/rescode.html
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return false
	}
	primary := coded.Code() & 0xff
	return primary == busy || primary == locked
}

// SQLite lets in one writer at a time. Those that wait poll, with growing
// pauses, so that the longest waiting may be the last; and each needs a
// connection for that.
func (sqlite) singleWriter() bool { return true }

func (sqlite) faults(ctx context.Context, db *sql.DB) ([]error, error) {
	conn, err := freshConn(ctx, db)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var (
		version, file string
		timeout       int
	)
	err = errors.Join(
		conn.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version),
		conn.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file),
		conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&timeout),
	)
	if err != nil {
		return nil, err
	}
	var faults []error
	if !atLeast(version, 3, 31, 0) {
		faults = append(faults, fmt.Errorf("SQLite %s: want 3.31 or newer", version))
	}
	alone := db.Stats().MaxOpenConnections == 1
	if file == "" && !alone {
		faults = append(faults, errors.New("each connection has a database of its own, in memory: call SetMaxOpenConns(1), or use a file"))
	}
	if file != "" && timeout == 0 {
		faults = append(faults, errors.New("busy_timeout is 0, so that a write fails at once while another process writes: "+
			`set it for every connection, in the data source name (such as "file:app.db?_pragma=busy_timeout(5000)" with modernc.org/sqlite)`))
	}
	return faults, nil
}

var freshening sync.Mutex

// freshConn returns a connection that is likely to be new: a PRAGMA that was
// executed once, after opening, holds for one connection only.
func freshConn(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	// One at a time takes two: several could have one each, and wait for ever.
	freshening.Lock()
	defer freshening.Unlock()
	if db.Stats().MaxOpenConnections != 1 {
		first, err := db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		defer first.Close()
	}
	return db.Conn(ctx)
}

func (sqlite) hasTable(name string) string {
	return fmt.Sprintf("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '%s'", name)
}

// migration has a transaction that lets in no other writer.
func (s sqlite) migration(ctx context.Context, db *sql.DB, f func(session) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var n tries
	for {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		if err == nil {
			break
		}
		if !s.tooBusy(err) {
			return err
		}
		if stop := n.again(ctx); stop != nil {
			return errors.Join(stop, err)
		}
	}
	err = f(conn)
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, rollbackErr := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, rollbackErr)
	}
	return nil
}
