package sqlstore_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/store"
	"github.com/eagate/eagate/store/sqlstore"
)

// run runs a program to its end.
func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd.Path, err, out)
	}
}

// wantNotPrimary checks that no method takes a server for the primary that isn't.
func wantNotPrimary(t *testing.T, s store.Backend, when string) {
	t.Helper()
	found, errs := reads(t.Context(), s)
	for i, err := range errs {
		if !errors.Is(err, store.ErrNotPrimary) || found[i] {
			t.Errorf("%s: read %d: got found %t, %v, want ErrNotPrimary", when, i, found[i], err)
		}
	}
	_, putErr := s.Put(t.Context(), store.Accounts, store.Document{ID: newName(), Body: []byte("1")})
	deleteErr := s.Delete(t.Context(), store.Accounts, "none", 1)
	_, deleteDueErr := s.DeleteDue(t.Context(), store.Accounts, time.Now(), 10)
	for i, err := range []error{putErr, deleteErr, deleteDueErr} {
		expect.Is(t, err, store.ErrNotPrimary, "%s: write %d", when, i)
	}
}

// heals waits until all methods find the account again, and checks that none takes it
// for missing meanwhile.
func heals(t *testing.T, s store.Backend) {
	t.Helper()
	waitFor(t, "the pool to heal", func() bool {
		found, errs := reads(t.Context(), s)
		for i, err := range errs {
			if err == nil && !found[i] {
				t.Errorf("read %d: got no error, and no account", i)
			}
		}
		return errors.Join(errs...) == nil
	})
}

// crowd has several connections of a pool in use.
func crowd(t *testing.T, s store.Backend) {
	t.Helper()
	done := make(chan struct{})
	for range poolSize {
		go func() {
			for range 20 {
				_, _ = reads(t.Context(), s)
			}
			done <- struct{}{}
		}()
	}
	for range poolSize {
		<-done
	}
}

func TestThoroughPostgresFailover(t *testing.T) {
	newPostgres(t) // or the test is skipped
	const programs = "/usr/lib/postgresql/*/bin"
	tool := func(name string, args ...string) *exec.Cmd {
		cmd := as(t, "postgres", exec.Command(program(t, name, programs), args...))
		cmd.Dir = "/"
		return cmd
	}
	source := func(port int) string {
		return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	}
	launch := func(dir string, port int, settings ...string) string {
		args := []string{"-D", dir, "-p", strconv.Itoa(port)}
		for _, s := range append(settings, "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "logging_collector=off") {
			args = append(args, "-c", s)
		}
		start(t, tool("postgres", args...))
		db := openPool(t, "pgx", source(port))
		waitFor(t, "PostgreSQL to start", func() bool { return db.Ping() == nil })
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	dir, first, second := serverDir(t, "postgres"), freePort(t), freePort(t)
	oldDir, newDir := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	run(t, tool("initdb", "-D", oldDir, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale"))
	primary := launch(oldDir, first)
	way := newWay(t, primary)
	u, _ := url.Parse(source(first))
	u.Host, u.RawQuery = way.address, u.RawQuery+"&application_name=app"
	d := database{dialect: sqlstore.PostgreSQL, driver: "pgx", source: u.String()}
	s := d.store(t)
	run(t, tool("pg_basebackup", "-h", "127.0.0.1", "-p", strconv.Itoa(first), "-U", "postgres", "-D", newDir, "-R", "-c", "fast"))
	standby := launch(newDir, second, "recovery_min_apply_delay=1h")
	put(t, s, "u") // which the standby lacks
	killAll := func() {
		for _, port := range []int{first, second} {
			execute(t, openPool(t, "pgx", source(port)), "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'app'")
		}
	}

	way.target.Store(standby)
	killAll()
	crowd(t, s)
	wantNotPrimary(t, s, "on the standby")
	wantFaults(t, d.open(t), d.dialect, "the server is a standby")

	// Nothing closes the connections to the standby but the store.
	way.target.Store(primary)
	heals(t, s)

	way.target.Store(standby)
	killAll()
	crowd(t, s)
	wantNotPrimary(t, s, "on the standby again")
	run(t, tool("pg_ctl", "promote", "-D", newDir, "-w"))
	heals(t, s)
	put(t, s, "another")
}

func TestThoroughMariaDBSwitchover(t *testing.T) {
	newMariaDB(t) // or the test is skipped
	launch := func(id int) (address string) {
		dir, port := serverDir(t, "mysql"), freePort(t)
		owner := []string{"--no-defaults", "--datadir=" + dir}
		run(t, as(t, "mysql", exec.Command(program(t, "mariadb-install-db"), append(owner, "--auth-root-authentication-method=normal", "--skip-test-db")...)))
		start(t, as(t, "mysql", exec.Command(program(t, "mariadbd", "/usr/sbin"), append(owner, "--bind-address=127.0.0.1", "--port="+strconv.Itoa(port),
			"--socket="+filepath.Join(dir, "s"), "--pid-file="+filepath.Join(dir, "pid"), "--log-bin=log", "--server-id="+strconv.Itoa(id),
			"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M")...)))
		address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		db := openPool(t, "mysql", "root@tcp("+address+")/")
		waitFor(t, "MariaDB to start", func() bool { return db.Ping() == nil })
		return address
	}
	first, second := launch(1), launch(2)
	root := openPool(t, "mysql", "root@tcp("+first+")/")
	replica := openPool(t, "mysql", "root@tcp("+second+")/")
	// A role that may not write to a server that is read-only, as root may.
	execute(t, root, "CREATE USER app IDENTIFIED BY 'app'", "CREATE DATABASE app", "GRANT ALL ON app.* TO app")
	host, port, _ := net.SplitHostPort(first)
	execute(t, replica, fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=%s, MASTER_USER='root', MASTER_USE_GTID=slave_pos", host, port),
		"START SLAVE", "SET GLOBAL read_only = 1")
	way := newWay(t, first)
	d := database{dialect: sqlstore.MariaDB, driver: "mysql", source: "app:app@tcp(" + way.address + ")/app"}
	s := d.store(t)
	put(t, s, "u")
	waitFor(t, "the replica", func() bool {
		ids, err := column(replica, "SELECT id FROM app.eagate_documents")
		return err == nil && strings.Join(ids, "") == "u"
	})
	crowd(t, s)

	execute(t, root, "SET GLOBAL read_only = 1")
	wantNotPrimary(t, s, "on the former primary")
	wantFaults(t, d.open(t), d.dialect, "the server is read-only")
	execute(t, replica, "STOP SLAVE", "SET GLOBAL read_only = 0", "DELETE FROM app.eagate_documents WHERE id <> 'u'")
	way.target.Store(second)
	heals(t, s)
	put(t, s, "another")
	if ids, err := column(replica, "SELECT id FROM app.eagate_documents ORDER BY id"); err != nil || strings.Join(ids, " ") != "another u" {
		t.Errorf("the new primary has %q, %v", ids, err)
	}
}
