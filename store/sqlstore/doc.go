// Package sqlstore keeps eagate's documents in a SQL database, over database/sql:
// PostgreSQL, MariaDB, MySQL or SQLite. The application chooses the driver.
//
//	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
//	…
//	documents, err := sqlstore.New(ctx, db, sqlstore.PostgreSQL)
//	…
//	gate, err := middleware.New(middleware.WithStore(documents), …)
//
// [New] creates or migrates the tables, and reports all faults of the configuration. Any
// number of nodes may do so at once, also of different releases: versions of the schema
// only add to it. For your own migrations, use [Schema] and [WithoutMigration].
//
// Each read and each write is one statement, outside of any transaction. All documents
// are in one table, eagate_documents; see [WithPrefix] for other names. Every statement
// names its schema, so it uses the same table even if a connection has changed its
// current schema.
//
// # The primary
//
// A replica may not know yet that a user has a second factor. Each read includes the
// server's role; if it isn't the primary, the read returns an error that wraps
// [store.ErrNotPrimary], and the pool's idle connections to that server are closed. New
// ones go to the server to which the data source name then leads.
//
// A previous primary that doesn't know of its successor can't be detected. The fail-over
// must keep it from answering (fencing): stop it, or set it to read-only first. It must
// also not return with an earlier state of the data.
//
// # Pools
//
// A pool keeps two idle connections by default. Set SetMaxIdleConns to the value of
// SetMaxOpenConns: opening a connection costs more than a statement.
//
// # Queries for operators
//
// The views eagate_accounts, eagate_late, eagate_challenges and eagate_grants show the
// content of the documents, without secrets. Times are in UTC (in PostgreSQL they are
// timestamptz, which psql shows in the session's zone), and NULL if there is none.
//
//	-- Who has a second factor, and since when?
//	SELECT user_id, email, enabled_at FROM eagate_accounts WHERE state = 'on';
//
//	-- Whose codes are paused, whose codes of the phone (20 wrong ones in a row) or recovery
//	-- codes (50) are blocked, and whose account is closed? MariaDB, MySQL: UTC_TIMESTAMP
//	SELECT user_id, failures, locked_until, recovery_failures, recovery_locked_until, held_since FROM eagate_accounts
//	WHERE failures >= 20 OR locked_until > CURRENT_TIMESTAMP
//	OR recovery_failures >= 50 OR recovery_locked_until > CURRENT_TIMESTAMP OR held_since IS NOT NULL;
//
//	-- Whose state was not reported to the service yet, since when, and why?
//	SELECT * FROM eagate_late ORDER BY since;
//
// Documents can't be changed by hand: one with a wrong HMAC is refused. Package
// middleware has an Admin for operators.
//
// # Backups
//
// A backup is complete with the tables and the views, or with the tables, if Migrate
// creates the rest. It needs the keys that the middleware had at that time. Changes after
// the backup are lost: a second factor that was switched on since is off, a code that was
// used can be used again while it is valid, and a trusted device that was revoked is
// trusted. Delete the challenges and grants after a restore; users then prove their
// second factor again.
//
//	DELETE FROM eagate_documents WHERE kind IN ('challenge', 'grant');
//
// A migration waits for a table lock for two seconds at a time, so that it delays no
// other statement while a backup holds the lock.
//
// # PostgreSQL
//
// 12 or newer, with the encoding UTF8 and any isolation level. Row-level security must
// not apply to the table, because a hidden account would look like a missing one: reads
// then return an error.
//
// Preparing statements is left to the driver. github.com/jackc/pgx prepares them, and
// sends each in one round trip; github.com/lib/pq needs binary_parameters=yes in the data
// source name for that. A pooler that assigns server connections per transaction
// (PgBouncer with pool_mode=transaction, without max_prepared_statements) needs
// default_query_exec_mode=exec with pgx, or binary_parameters=yes with lib/pq. New checks
// this, if it can, with two connections.
//
// If synchronous_commit is off, or a standby that lagged takes over, the last writes are
// lost: a second factor that was just switched on is off, and a code that was just used
// can be used again. To prevent that, list a standby in synchronous_standby_names, and
// leave synchronous_commit on.
//
// With [WithListener], a store is notified of other nodes' writes at once.
//
// # MariaDB and MySQL
//
// MariaDB 10.5, MySQL 8.0.21, or newer (tested on MariaDB), in strict mode, with utf8mb4
// and autocommit. The driver's options parseTime, loc, clientFoundRows and
// interpolateParams may have any value.
//
// Set read_only on each server except the primary, and use a role that read_only applies
// to (without SUPER, READ ONLY ADMIN and CONNECTION_ADMIN). With
// innodb_flush_log_at_trx_commit other than 1, or after a fail-over to a replica that
// lagged, the last writes are lost as described above.
//
// # SQLite
//
// 3.38 or newer. Use the journal mode WAL, so that readers and the writer don't wait for
// each other, and set busy_timeout if other processes write to the file. One goroutine
// writes at a time; the others wait within the process. There is no primary: don't read a
// copy of the file, such as one by Litestream or LiteFS.
//
// By default, synchronous is FULL, and a confirmed write is on disk. With NORMAL, a power
// failure (but no crash of the process) loses the last writes, with the consequences
// above.
package sqlstore
