package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
	"github.com/eagate/eagate/store/sqlstore"
)

// A server is an empty database, and a Redis if the store is split.
type server struct {
	*dialect
	database string // driver and data source name
	redis    string // the path of its socket, or empty
	db       *sql.DB
	client   *redis.Client
	pid      int // of Redis
	lsn      string
	logged   float64
	closing  []func()
}

// A dialect has the queries for what only a database knows.
type dialect struct {
	sqlstore.Dialect
	tasks   string // the processes or threads of the connections to this database
	log     string // the bytes of its log so far
	size    string // the bytes of the documents, with their indexes
	touched string // what the connection has touched, and what of it in scans of a whole table
	flush   string // before that

	checkpoint string
	analyze    string
}

var dialects = map[string]*dialect{
	"sqlite": {
		Dialect: sqlstore.SQLite,
		size:    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
		analyze: "PRAGMA wal_checkpoint(TRUNCATE)",
	},
	"pgx": {
		Dialect: sqlstore.PostgreSQL,
		tasks:   "SELECT pid FROM pg_stat_activity WHERE datname = current_database()",
		size:    "SELECT pg_total_relation_size('eagate_documents')",
		flush:   "SELECT pg_stat_force_next_flush()",
		touched: `SELECT heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit + COALESCE(toast_blks_read + toast_blks_hit, 0), seq_tup_read
			FROM pg_statio_user_tables JOIN pg_stat_user_tables USING (relid) WHERE pg_stat_user_tables.relname = 'eagate_documents'`,
		analyze: "VACUUM (ANALYZE) eagate_documents",

		checkpoint: "CHECKPOINT",
	},
	"mysql": {
		Dialect: sqlstore.MariaDB,
		tasks:   "SELECT tid FROM information_schema.processlist WHERE db = DATABASE()",
		log:     "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status WHERE variable_name = 'INNODB_OS_LOG_WRITTEN'",
		size:    "SELECT CAST(file_size AS SIGNED) FROM information_schema.innodb_sys_tablespaces WHERE name = CONCAT(DATABASE(), '/eagate_documents')",
		touched: `SELECT CAST(SUM(variable_value) AS SIGNED), CAST(SUM(IF(variable_name = 'HANDLER_READ_RND_NEXT', variable_value, 0)) AS SIGNED)
			FROM information_schema.session_status WHERE variable_name LIKE 'HANDLER\_READ\_%'`,
		analyze: "ANALYZE TABLE eagate_documents",
	},
}

// openServer creates a database: on the server where the tests find it, or in a file.
func openServer(ctx context.Context, name string) (s *server, err error) {
	s = new(server)
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	dir, err := os.MkdirTemp("", "eagate-capacity-")
	if err != nil {
		return s, err
	}
	s.closing = append(s.closing, func() { _ = os.RemoveAll(dir) })
	switch name {
	case "sqlite":
		s.database = "sqlite file:" + filepath.Join(dir, "db") + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate"
	case "postgres", "redis":
		err = s.create(ctx, "pgx", cmp.Or(os.Getenv("EAGATE_POSTGRES_URL"), "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"), func(u *url.URL) string { return u.String() })
	case "mariadb":
		err = s.create(ctx, "mysql", cmp.Or(os.Getenv("EAGATE_MARIADB_URL"), "mysql://root@127.0.0.1:3306/"), func(u *url.URL) string {
			c := mysql.NewConfig()
			c.User, c.Net, c.Addr, c.DBName = u.User.Username(), "tcp", u.Host, u.Path[1:]
			c.Passwd, _ = u.User.Password()
			return c.FormatDSN()
		})
	default:
		err = fmt.Errorf("store %q: want sqlite, postgres, mariadb or redis", name)
	}
	if err == nil && name == "redis" {
		err = s.startRedis(filepath.Join(dir, "redis"))
	}
	if err != nil {
		return s, err
	}
	driver, _, _ := strings.Cut(s.database, " ")
	s.dialect = dialects[driver]
	s.db, err = openDatabase(s.database, 4)
	return s, err
}

func (s *server) create(ctx context.Context, driver, at string, source func(*url.URL) string) error {
	u, err := url.Parse(at)
	if err != nil {
		return err
	}
	admin, err := sql.Open(driver, source(u))
	if err != nil {
		return err
	}
	name := "eagate_capacity_" + strings.ToLower(rand.Text()[:8])
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	s.closing = append(s.closing, func() {
		_, _ = admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name)
		admin.Close()
	})
	u.Path = "/" + name
	s.database = driver + " " + source(u)
	return nil
}

// startRedis starts a Redis of its own, whose memory is that of its documents.
func (s *server) startRedis(socket string) error {
	cmd := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		return err
	}
	s.redis, s.pid = socket, cmd.Process.Pid
	s.closing = append(s.closing, func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s.client = openRedis(socket)
	for range 100 {
		if s.client.Ping(context.Background()).Err() == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("the Redis that was started doesn't answer")
}

func (s *server) close() {
	if s.db != nil {
		s.db.Close()
	}
	for i := range s.closing {
		s.closing[len(s.closing)-1-i]()
	}
}

func openRedis(socket string) *redis.Client {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: socket, ContextTimeoutEnabled: true, PoolSize: 16})
}

func openDatabase(database string, connections int) (*sql.DB, error) {
	driver, source, _ := strings.Cut(database, " ")
	db, err := sql.Open(driver, source)
	if err == nil {
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
	}
	return db, err
}

// openStore opens the store as a node does.
func openStore(ctx context.Context, database, redis string) (store.Backend, error) {
	db, err := openDatabase(database, 8)
	if err != nil {
		return nil, err
	}
	return openStoreOf(ctx, db, database, redis)
}

func openStoreOf(ctx context.Context, db *sql.DB, database, redis string) (store.Backend, error) {
	driver, _, _ := strings.Cut(database, " ")
	documents, err := sqlstore.New(ctx, db, dialects[driver].Dialect)
	if err != nil || redis == "" {
		return documents, err
	}
	volatile, err := redisstore.NewVolatile(openRedis(redis))
	return store.Split(documents, volatile), err
}

// used is what a node and its database have used so far.
type used struct {
	figures
	server  float64 // CPU of the database's connections, in microseconds
	log     float64 // bytes; of MariaDB, of all databases of the server
	service int
}

func (u used) plus(v used) used { return u.minus(used{}.minus(v)) }

func (u used) minus(v used) used {
	u.CPU, u.server, u.log = u.CPU-v.CPU, u.server-v.server, u.log-v.log
	u.Reads, u.Writes = u.Reads-v.Reads, u.Writes-v.Writes
	u.Accounts, u.Notified, u.service = u.Accounts-v.Accounts, u.Notified-v.Notified, u.service-v.service
	return u
}

func (s *server) used(n *node) (u used, err error) {
	if u.figures, err = n.figures(); err != nil {
		return u, err
	}
	u.service = int(n.service.calls.Load())
	if s.log != "" {
		if err := s.db.QueryRow(s.log).Scan(&u.log); err != nil {
			return u, err
		}
	}
	if s.lsn != "" {
		if u.log, err = s.readLog(); err != nil {
			return u, err
		}
	}
	u.server, err = s.cpu()
	return u, err
}

// followLog begins, or goes on from now, to read PostgreSQL's log, if it has the extension for that.
func (s *server) followLog() {
	if s.Dialect != sqlstore.PostgreSQL {
		return
	}
	if _, err := s.db.Exec("CREATE EXTENSION IF NOT EXISTS pg_walinspect"); err == nil {
		_ = s.db.QueryRow("SELECT pg_current_wal_flush_lsn()::text").Scan(&s.lsn)
	}
}

// readLog returns the bytes of PostgreSQL's log since then that are about this database. Its
// end may be in the middle of a record; what can't be read now is read the next time.
func (s *server) readLog() (float64, error) {
	var end string
	if err := s.db.QueryRow("SELECT pg_current_wal_flush_lsn()::text").Scan(&end); err != nil || end == s.lsn {
		return s.logged, err
	}
	var n float64
	err := s.db.QueryRow(`SELECT COALESCE(SUM(record_length), 0) FROM pg_get_wal_records_info($1::text::pg_lsn, $2::text::pg_lsn)
		WHERE block_ref LIKE '%/' || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/%'`, s.lsn, end).Scan(&n)
	if err == nil {
		s.lsn, s.logged = end, s.logged+n
	} else {
		log.Printf("PostgreSQL's log: %v", err)
	}
	return s.logged, nil
}

// cpu returns the CPU time of the database's connections so far, in microseconds, where
// Linux tells it.
func (s *server) cpu() (micros float64, err error) {
	tasks := []int{s.pid}
	if s.tasks != "" {
		rows, err := s.db.Query(s.tasks)
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for rows.Next() {
			var task int
			if err := rows.Scan(&task); err != nil {
				return 0, err
			}
			tasks = append(tasks, task)
		}
	}
	for _, task := range tasks {
		var nanos float64
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", task)) // the first number
		if err == nil && task != 0 {
			_, _ = fmt.Sscan(string(text), &nanos)
		}
		micros += nanos / 1000
	}
	return micros, nil
}

// touch returns what the connection has touched in the documents while f ran.
func (s *server) touch(db *sql.DB, f func() error) (touched, scanned float64, err error) {
	look := func() (touched, scanned float64, err error) {
		if s.flush != "" {
			_, _ = db.Exec(s.flush) // PostgreSQL before 15 has none
		}
		if s.touched != "" {
			err = db.QueryRow(s.touched).Scan(&touched, &scanned)
		}
		return touched, scanned, err
	}
	t, sc, err := look()
	if err == nil && f != nil {
		err = f()
	}
	if err != nil {
		return 0, 0, err
	}
	touched, scanned, err = look()
	return touched - t, scanned - sc, err
}
