package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"encoding/json"
	"expvar"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/go-chi/chi/v5"
	_ "github.com/go-sql-driver/mysql" // the driver "mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/redis/go-redis/v9"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/redisstore"
	"github.com/eagate/eagate/store/sqlstore"
)

// A server is an empty database, a Redis if the store is split, what answers as the
// service does, and a node. The node reads and writes the exported fields.
type server struct {
	Driver   string
	Source   string
	Redis    string // the path of its socket, or empty
	Service  string // its URL
	Node     string // its URL
	Callback string // a path

	db      *sql.DB
	pid     int          // of Redis
	asked   atomic.Int64 // calls of the service
	tokens  sync.Map     // of the service, by e-mail address
	closing []func()
}

// What only a database knows. Before each query stands the driver and what it is.
//
//go:embed queries.sql
var queries string

// query returns the query for that, or "".
func (s *server) query(what string) string {
	_, query, _ := strings.Cut(queries, "-- "+s.Driver+" "+what+":")
	_, query, _ = strings.Cut(query, "\n") // the comment
	query, _, _ = strings.Cut(query, "-- ")
	return query
}

// open creates a database: on the server where the tests find it, or in a file.
func (s *server) open(ctx context.Context, name string) {
	dir := must(os.MkdirTemp("", "eagate-capacity-"))
	s.closing = append(s.closing, func() { _ = os.RemoveAll(dir) })
	switch name {
	case "sqlite":
		s.Driver, s.Source = "sqlite", "file:"+filepath.Join(dir, "db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate"
	case "postgres", "redis":
		s.create(ctx, "pgx", cmp.Or(os.Getenv("EAGATE_POSTGRES_URL"), "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"))
	case "mariadb":
		s.create(ctx, "mysql", cmp.Or(os.Getenv("EAGATE_MARIADB_URL"), "mysql://root@127.0.0.1:3306/"))
	default:
		check(fmt.Errorf("store %q: want sqlite, postgres, mariadb or redis", name))
	}
	if name == "redis" {
		s.startRedis(ctx, filepath.Join(dir, "redis"))
	}
	s.db = s.database(4)
}

func (s *server) create(ctx context.Context, driver, at string) {
	u := must(url.Parse(at))
	source := func() string {
		if driver == "pgx" {
			return u.String()
		}
		password, _ := u.User.Password()
		return fmt.Sprintf("%s:%s@tcp(%s)%s", u.User.Username(), password, u.Host, u.Path)
	}
	admin := must(sql.Open(driver, source()))
	name := "eagate_capacity_" + strings.ToLower(rand.Text()[:8])
	must(admin.ExecContext(ctx, "CREATE DATABASE "+name))
	s.closing = append(s.closing, func() { must(admin.ExecContext(ctx, "DROP DATABASE "+name)) })
	u.Path = "/" + name
	s.Driver, s.Source = driver, source()
}

// startRedis starts a Redis of its own, whose memory is that of its documents.
func (s *server) startRedis(ctx context.Context, socket string) {
	cmd := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
	check(cmd.Start())
	s.Redis, s.pid = socket, cmd.Process.Pid
	s.closing = append(s.closing, func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	check(s.redis().Ping(ctx).Err())
}

func (s *server) redis() *redis.Client {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: s.Redis, MaxRetries: 10, ContextTimeoutEnabled: true})
}

func (s *server) database(connections int) *sql.DB {
	db := must(sql.Open(s.Driver, s.Source))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	s.closing = append(s.closing, func() { db.Close() })
	return db
}

// store opens the store as an application does.
func (s *server) store(ctx context.Context, db *sql.DB) store.Backend {
	documents := must(sqlstore.New(ctx, db, map[string]sqlstore.Dialect{"sqlite": sqlstore.SQLite, "pgx": sqlstore.PostgreSQL, "mysql": sqlstore.MariaDB}[s.Driver]))
	if s.Redis == "" {
		return documents
	}
	return store.Split(documents, must(redisstore.NewVolatile(s.redis())))
}

// used returns what the node and its database have used and done so far, by name.
func (s *server) used() (f map[string]float64) {
	res := must(http.Get(s.Node + "/counts"))
	defer res.Body.Close()
	check(json.NewDecoder(res.Body).Decode(&f))
	f["calls of the service"] = float64(s.asked.Load())
	f["CPU of the database's connections"] = s.cpu()
	if query := s.query("log"); query != "" {
		var n float64
		check(s.db.QueryRow(query).Scan(&n))
		f["log of the database"] = n
	}
	return f
}

// cpu returns the CPU time of the database's connections so far, in microseconds, where
// Linux tells it.
func (s *server) cpu() (micros float64) {
	tasks := fmt.Sprint(s.pid)
	if query := s.query("tasks"); query != "" {
		var connections string
		check(s.db.QueryRow(query).Scan(&connections))
		tasks += " " + connections
	}
	for _, task := range strings.Fields(tasks) {
		var nanos float64
		text, _ := os.ReadFile("/proc/" + task + "/schedstat") // none of task 0
		_, _ = fmt.Sscan(string(text), &nanos)
		micros += nanos / 1000
	}
	return micros
}

const origin = "http://app.example.com"

var key = bytes.Repeat([]byte("capacity"), 4)

func emailOf(user string) string { return user + "@example.com" }

// counted is a store that counts its calls.
type counted struct{ store.Backend }

// counts are what a node has done so far.
var counts = new(expvar.Map)

func (c counted) Get(ctx context.Context, kind store.Kind, ids ...string) ([]store.Document, error) {
	counts.Add("store reads", 1)
	return c.Backend.Get(ctx, kind, ids...)
}

func (c counted) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	counts.Add("store writes", 1)
	if kind == store.Accounts {
		counts.Add("of them, of accounts", 1)
	}
	if doc.Notify {
		counts.Add("of them, reported to watchers", 1)
	}
	return c.Backend.Put(ctx, kind, doc)
}

// serve is an application behind a gate, as lean as one can be. It believes whoever comes.
// It reads from its input what store it has, and ends when that ends.
func serve() {
	var s server
	check(json.NewDecoder(os.Stdin).Decode(&s))
	sessions := scs.New()
	sessions.Store = memstore.New()
	of := func(r *http.Request, name string) string { return sessions.GetString(r.Context(), name) }
	gate := must(middleware.New(
		middleware.WithSessions(sessions),
		middleware.WithService(client.New("acme", "key", client.WithBaseURL(s.Service))),
		middleware.WithStore(counted{s.store(context.Background(), s.database(8))}),
		middleware.WithUser(func(r *http.Request) (middleware.User, error) {
			return middleware.User{ID: of(r, "user"), Email: of(r, "email")}, nil
		}),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(key),
		middleware.WithInsecureCookie(),
		middleware.WithLoginPath("/login"),
		middleware.WithLogoutPath("/logout"),
		middleware.WithOrigin(origin),
		middleware.WithLogger(slog.New(slog.DiscardHandler)),
	))
	account := func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "of", of(r, "user")) }
	r := chi.NewRouter()
	r.Group(func(r chi.Router) {
		r.Use(sessions.LoadAndSave, gate.Handler)
		r.Post("/login", func(_ http.ResponseWriter, r *http.Request) {
			_ = sessions.RenewToken(r.Context())
			sessions.Put(r.Context(), "user", r.PostFormValue("user"))
			sessions.Put(r.Context(), "email", emailOf(r.PostFormValue("user")))
		})
		r.Post("/logout", func(_ http.ResponseWriter, r *http.Request) { _ = sessions.Destroy(r.Context()) })
		r.Get("/account", account)
		r.Handle("/2fa/*", http.NotFoundHandler())
	})
	r.With(sessions.LoadAndSave).Get("/bare", account)
	r.Get("/counts", func(w http.ResponseWriter, _ *http.Request) {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		counts.Set("CPU of the node", expvar.Func(func() any { return float64(u.Utime.Nano()+u.Stime.Nano()) / 1000 }))
		fmt.Fprint(w, counts)
	})
	s.Node, s.Callback = httptest.NewServer(r).URL, strings.TrimPrefix(must(gate.CallbackURL()), origin)
	check(json.NewEncoder(os.Stdout).Encode(&s))
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// startNode has a process of its own serve.
func (s *server) startNode() {
	cmd := exec.Command(os.Args[0], "node")
	cmd.Stderr = os.Stderr
	in, out := must(cmd.StdinPipe()), must(cmd.StdoutPipe())
	check(cmd.Start())
	s.closing = append(s.closing, func() {
		in.Close()
		_ = cmd.Wait()
	})
	check(json.NewEncoder(in).Encode(s))
	check(json.NewDecoder(out).Decode(s))
}

// startService answers as the service does, and does nothing else.
func (s *server) startService() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		var in struct{ Email string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		token := rand.Text()
		if strings.HasSuffix(r.URL.Path, "/session-token") {
			s.tokens.Store(in.Email, token)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"code":"SUCCESS","message":"","data":{"session_token":%q,"secret_number":"70"}}`, token)
	}))
	s.Service = service.URL
	s.closing = append(s.closing, service.Close)
}
