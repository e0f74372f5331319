package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

const mariadbUnfit = "CASE WHEN CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF') OR @@global.innodb_read_only THEN 'read-only' ELSE '' END"

var mariadb = flavour{
	name: "mariadb", quote: "`", param: question,
	unfit:     mariadbUnfit,
	deleteDue: "DELETE FROM {table} WHERE kind = ? AND due <= ? ORDER BY due, id LIMIT ?",
	isTable:   "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = ? AND table_type = 'BASE TABLE'",
	classify:  classifyMariaDB,
	faults:    mariadbFaults,
	migration: migrateMariaDB,
}

// classifyMariaDB knows a driver whose errors begin with their number, as those of
// github.com/go-sql-driver/mysql do.
func classifyMariaDB(err error) outcome {
	number := 0
	for ; err != nil && number == 0; err = errors.Unwrap(err) {
		fmt.Sscanf(err.Error(), "Error %d", &number)
	}
	switch number { // https://mariadb.com/kb/en/mariadb-error-code-reference/
	case 1213, 1205, 1020: // ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT, ER_CHECKREAD
		return rolledBack
	case 1062: // ER_DUP_ENTRY
		return exists
	case 1290, 1792, 1836, 1874: // ER_OPTION_PREVENTS_STATEMENT and others: read-only
		return notPrimary
	case 1049, 1146: // ER_BAD_DB_ERROR, ER_NO_SUCH_TABLE
		return noSchema
	}
	return unknown
}

func mariadbFaults(ctx context.Context, db *sql.DB, _ string) (schema string, faults []error, err error) {
	var (
		version, mode, unfit               string
		client, connection, results, named sql.NullString
		autocommit                         bool
	)
	err = db.QueryRowContext(ctx, "SELECT VERSION(), @@sql_mode, @@autocommit, "+mariadbUnfit+`,
		@@character_set_client, @@character_set_connection, @@character_set_results, DATABASE()`).
		Scan(&version, &mode, &autocommit, &unfit, &client, &connection, &results, &named)
	if err != nil {
		return "", nil, err
	}
	if strings.Contains(version, "MariaDB") {
		if !atLeast(version, 10, 5, 0) {
			faults = append(faults, fmt.Errorf("MariaDB %s: want 10.5 or newer", version))
		}
	} else if !atLeast(version, 8, 0, 21) {
		faults = append(faults, fmt.Errorf("MySQL %s: want 8.0.21 or newer", version))
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
	if unfit != "" {
		faults = append(faults, errors.New("the server is read-only, as replicas are, which lag behind: connect to the primary"))
	}
	return named.String, faults, nil
}

// migrateMariaDB has a lock, but no transaction: a statement that changes a table
// ends it. A node may be killed between any two, and then the next executes all of
// them once more.
func migrateMariaDB(ctx context.Context, db *sql.DB, schema string, f func(session) error) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer discard(conn) // for its settings, and with it goes the lock
	var got sql.NullInt64
	const query = "SELECT GET_LOCK(CONCAT('eagate.', MD5(?)), ?)" // the name is the server's, and may have 64 characters
	if err := conn.QueryRowContext(ctx, query, schema, migrationPatience/time.Second).Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return errors.New("another node has been migrating for too long: look what it waits for")
	}
	if _, err := conn.ExecContext(ctx, "SET SESSION lock_wait_timeout = 2"); err != nil {
		return err
	}
	return retry(ctx, classifyMariaDB, migrationPatience, func() error { return f(conn) })
}
