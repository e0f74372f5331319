package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

type mariadb struct{}

func (mariadb) name() string       { return "mariadb" }
func (mariadb) param(int) string   { return "?" }
func (mariadb) singleWriter() bool { return false }

// Times travel as text both ways, whatever the driver's options have it make of
// a DATETIME, and in whichever zone.
func (mariadb) timeColumn(column string) string { return "CAST(" + column + " AS CHAR)" }
func (mariadb) timeValue(t time.Time) any       { return t.Format(textTime) }

// A row that exists is left as it is, but its version, which is never 0, becomes
// the ID that the statement reports. The rows affected wouldn't tell: how many
// they are depends on the driver's option clientFoundRows. INSERT IGNORE would,
// but ignore values that don't fit as well.
func (mariadb) insertNew(insert string) string {
	return insert + " ON DUPLICATE KEY UPDATE version = LAST_INSERT_ID(version)"
}

func (mariadb) inserted(r sql.Result) (bool, error) {
	existing, err := r.LastInsertId()
	return existing == 0, err
}

func (mariadb) deleteSome(table, condition, limit string) string {
	return fmt.Sprintf("DELETE FROM %s WHERE %s LIMIT %s", table, condition, limit)
}

// tooBusy knows a driver whose errors begin with their number, as those of
// github.com/go-sql-driver/mysql do.
func (mariadb) tooBusy(err error) bool {
	return errorNumber(err) == 1213 // ER_LOCK_DEADLOCK: https://mariadb.com/kb/en/mariadb-error-code-reference/
}

func errorNumber(err error) (number int) {
	for ; err != nil; err = errors.Unwrap(err) {
		if n, _ := fmt.Sscanf(err.Error(), "Error %d", &number); n == 1 {
			return number
		}
	}
	return 0
}

func (mariadb) faults(ctx context.Context, db *sql.DB) ([]error, error) {
	var (
		version, mode                      string
		client, connection, results, named sql.NullString
		autocommit, readOnly               bool
	)
	err := db.QueryRowContext(ctx, `SELECT VERSION(), @@sql_mode, @@autocommit, @@global.read_only,
		@@character_set_client, @@character_set_connection, @@character_set_results, DATABASE()`).
		Scan(&version, &mode, &autocommit, &readOnly, &client, &connection, &results, &named)
	if err != nil {
		return nil, err
	}
	var faults []error
	if strings.Contains(version, "MariaDB") {
		if !atLeast(version, 10, 5, 0) {
			faults = append(faults, fmt.Errorf("MariaDB %s: want 10.5 or newer", version))
		}
	} else if !atLeast(version, 8, 0, 13) {
		faults = append(faults, fmt.Errorf("MySQL %s: want 8.0.13 or newer", version))
	}
	if !named.Valid {
		faults = append(faults, errors.New("no database is selected: name one in the data source name"))
	}
	if !strings.Contains(mode, "STRICT_") { // STRICT_TRANS_TABLES or STRICT_ALL_TABLES
		faults = append(faults, errors.New("strict mode is off, so that values which don't fit are cut off without an error: add STRICT_TRANS_TABLES to sql_mode"))
	}
	if client.String != "utf8mb4" || connection.String != "utf8mb4" || results.String != "utf8mb4" {
		faults = append(faults, fmt.Errorf("the connection's character set is %s, which can't hold every text: set utf8mb4 in the data source name", client.String))
	}
	if !autocommit {
		faults = append(faults, errors.New("autocommit is off, so that nothing would be stored: set it to 1 in the data source name"))
	}
	if readOnly {
		faults = append(faults, errors.New("the server is read-only, as replicas are, which lag behind: connect to the primary"))
	}
	return faults, nil
}

func (mariadb) hasTable(name string) string {
	return fmt.Sprintf("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '%s'", name)
}

// lockPatience is how long a node waits for another to migrate, in seconds.
const lockPatience = 600

// migration has a lock, but no transaction: a statement that changes a table
// ends it. A node may be killed between any two, and then the next executes all
// of them once more.
func (mariadb) migration(ctx context.Context, db *sql.DB, f func(session) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// The lock's name is the server's, and may have 64 characters.
	const name = "CONCAT('eagate.', MD5(DATABASE()))"
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK("+name+", ?)", lockPatience).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return errors.New("another node has been migrating for too long")
	}
	err = f(repeatable{conn})
	_, releaseErr := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+name+")")
	return errors.Join(err, releaseErr)
}

// A repeatable session executes only what wasn't executed before.
type repeatable struct{ *sql.Conn }

// MySQL has no ADD COLUMN IF NOT EXISTS.
var addColumn = regexp.MustCompile(`\bALTER TABLE (\w+) ADD COLUMN (\w+) `)

func (r repeatable) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if added := addColumn.FindStringSubmatch(query); added != nil {
		var exists int
		err := r.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.columns
			WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?`, added[1], added[2]).Scan(&exists)
		if err != nil || exists > 0 {
			return nil, err
		}
	}
	return r.Conn.ExecContext(ctx, query, args...)
}
