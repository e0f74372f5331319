//go:build linux

package nodes_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	osuser "os/user"
	"strconv"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
)

// A mariadb is a MariaDB server of the test's own, with an empty database.
type mariadb struct {
	*process
	t    *testing.T
	port string
}

// startMariaDB starts a server that can be replicated from, and to, under that
// number.
func startMariaDB(t *testing.T, id int) *mariadb {
	t.Helper()
	install, server := mariadbProgram(t, "mariadb-install-db"), mariadbProgram(t, "mariadbd")
	dir := t.TempDir()
	var name string
	if os.Geteuid() != 0 {
		u := expect.Try(osuser.Current()).OrFail(t)
		name = u.Username
	} else {
		name = "root" // in a directory that nobody else can get at
	}
	out, err := exec.Command(install, "--no-defaults", "--datadir="+dir, "--user="+name,
		"--auth-root-authentication-method=normal", "--skip-test-db").CombinedOutput()
	if err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	m := &mariadb{t: t, port: freePort(t)}
	m.process = launch(t, exec.Command(server, "--no-defaults", "--datadir="+dir, "--user="+name,
		"--port="+m.port, "--bind-address=127.0.0.1", "--socket="+dir+"/s", "--pid-file="+dir+"/pid",
		"--server-id="+strconv.Itoa(id), "--log-bin="+dir+"/binlog", "--log-slave-updates", "--gtid-strict-mode",
		"--innodb-flush-log-at-trx-commit=0"), "ready for connections")
	running := m.process
	t.Cleanup(func() { running.end(t, syscall.SIGTERM) })
	m.exec("SET sql_log_bin = 0", "CREATE DATABASE IF NOT EXISTS eagate") // each has it already
	return m
}

func mariadbProgram(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	testenv.Missing(t, "mariadb-server", "no program "+name+": install MariaDB's server (Debian: mariadb-server)")
	return ""
}

func (m *mariadb) addr() string { return loopback(m.port) }

// mariadbSource is the data source name of the database at that address.
func mariadbSource(addr, database string) string {
	c := mysql.NewConfig()
	c.User, c.Net, c.Addr, c.DBName = "root", "tcp", addr, database
	c.Logger = &mysql.NopLogger{}
	return c.FormatDSN()
}

// exec executes statements as an administrator.
func (m *mariadb) exec(statements ...string) {
	m.t.Helper()
	db := expect.Try(sql.Open("mysql", mariadbSource(m.addr(), ""))).OrFail(m.t)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			m.t.Fatalf("%s: %v", s, err)
		}
	}
}

// follow makes the server a replica of another one.
func (m *mariadb) follow(primary *mariadb) {
	m.t.Helper()
	m.exec("SET GLOBAL read_only = 1",
		fmt.Sprintf("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=%s, MASTER_USER='root', MASTER_USE_GTID=slave_pos", primary.port),
		"START SLAVE")
}
