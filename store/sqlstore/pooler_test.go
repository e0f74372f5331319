package sqlstore_test

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
	"github.com/eagate/eagate/store/storetest"
)

// freePort returns a port of the loopback interface that nobody listens on.
func freePort(t testing.TB) int {
	t.Helper()
	l := expect.Try(net.Listen("tcp", "127.0.0.1:0")).OrFail(t)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// as has a command run as another user, if the tests run as root: servers refuse to.
func as(t testing.TB, name string, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		return cmd
	}
	uid, gid := ids(t, name)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return cmd
}

func ids(t testing.TB, name string) (uid, gid int) {
	t.Helper()
	u := expect.Try(user.Lookup(name)).OrFail(t)
	uid, _ = strconv.Atoi(u.Uid)
	gid, _ = strconv.Atoi(u.Gid)
	return uid, gid
}

// serverDir returns an empty directory that belongs to a user.
func serverDir(t testing.TB, owner string) string {
	t.Helper()
	dir := expect.Try(os.MkdirTemp("", "eagate")).OrFail(t)
	t.Cleanup(func() { os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		uid, gid := ids(t, owner)
		expect.NoError(t, os.Chown(dir, uid, gid))
	}
	return dir
}

// start starts a server, until the test ends.
func start(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	expect.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s", cmd.Path, log.String()[max(0, log.Len()-2000):])
		}
	})
}

// program returns the path of a program of a server.
func program(t testing.TB, name string, dirs ...string) string {
	t.Helper()
	for _, dir := range append(dirs, strings.Split(os.Getenv("PATH"), ":")...) {
		found, _ := filepath.Glob(filepath.Join(dir, name))
		if len(found) > 0 {
			return found[len(found)-1]
		}
	}
	testenv.Missing(t, name, "no such program: install it")
	return ""
}

// newPooler starts a PgBouncer in transaction mode, and returns the database as it
// is seen through it.
func newPooler(t testing.TB, d database) database {
	t.Helper()
	bouncer := program(t, "pgbouncer", "/usr/sbin")
	u := expect.Try(url.Parse(d.source)).OrFail(t)
	dir, port := serverDir(t, "postgres"), freePort(t)
	password, _ := u.User.Password()
	if password != "" {
		password = "password=" + password
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		expect.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	users := write("users.txt", fmt.Sprintf("%q %q\n", u.User.Username(), strings.TrimPrefix(password, "password=")))
	config := write("pgbouncer.ini", fmt.Sprintf(`
[databases]
%s = host=%s port=%s user=%s %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = extra_float_digits,synchronous_commit
`, strings.TrimPrefix(u.Path, "/"), u.Hostname(), u.Port(), u.User.Username(), password, port, users))
	start(t, as(t, "postgres", exec.Command(bouncer, "-q", config)))
	u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	await(t, u.Host)
	d.source = u.String()
	return d
}

// await waits until a server accepts connections.
func await(t testing.TB, address string) {
	t.Helper()
	waitFor(t, "a server on "+address, func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// waitFor asks, for half a minute, until something has happened.
func waitFor(t testing.TB, what string, happened func() bool) {
	t.Helper()
	ticker := time.NewTicker(200 * time.Millisecond) // some servers don't know more, if asked more often
	defer ticker.Stop()
	for range 150 {
		if happened() {
			return
		}
		<-ticker.C
	}
	t.Fatalf("waited in vain for %s", what)
}

// Behind a pooler in transaction mode, a driver that relies on no prepared statement
// just works, and New says of any other what to do.
func TestPooler(t *testing.T) {
	d := newPostgres(t)
	d.store(t)
	pooler := newPooler(t, d)
	for _, c := range []struct {
		name, driver string
		options      map[string]string
		works        bool
	}{
		{"pgx", "pgx", nil, false},
		{"pgx, describe", "pgx", map[string]string{"default_query_exec_mode": "cache_describe"}, true},
		{"pgx, exec", "pgx", map[string]string{"default_query_exec_mode": "exec"}, true},
		{"pgx, simple protocol", "pgx", map[string]string{"default_query_exec_mode": "simple_protocol"}, true},
		{"pq", "postgres", nil, false},
		{"pq, binary parameters", "postgres", map[string]string{"binary_parameters": "yes"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pooler.with(t, c.options)
			p.driver = c.driver
			if !c.works {
				wantFaults(t, p.open(t), p.dialect, "a pooler gives each transaction another connection", "default_query_exec_mode=exec", "binary_parameters=yes")
				return
			}
			subject := storetest.Subject{Handles: []store.Backend{p.store(t), p.store(t)}}
			storetest.Run(t, func(*testing.T) storetest.Subject { return subject })
		})
	}
}

// The other driver for PostgreSQL keeps the contract too. It takes a lost answer for
// a statement that can be sent again, which must not happen.
func TestThoroughPQ(t *testing.T) {
	for _, binary := range []string{"no", "yes"} {
		t.Run("binary parameters "+binary, func(t *testing.T) {
			d := newPostgres(t).with(t, map[string]string{"binary_parameters": binary})
			d.driver = "postgres"
			subject := storetest.Subject{Handles: []store.Backend{d.store(t), d.store(t)}, Kill: d.kill}
			storetest.Run(t, func(*testing.T) storetest.Subject { return subject })
		})
	}
}

func wantFaults(t *testing.T, db *sql.DB, dialect sqlstore.Dialect, faults ...string) {
	t.Helper()
	s, err := sqlstore.New(t.Context(), db, dialect)
	if err == nil {
		s.Close()
		t.Fatalf("got no error, want %q", faults)
	}
	for _, want := range faults {
		expect.Contains(t, err.Error(), want, "%q isn't said in: %v", want, err)
	}
}
