//go:build linux

package nodes_test

import (
	"errors"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
)

// A postgres is a PostgreSQL server of the test's own, with an empty database.
type postgres struct {
	*process
	t    *testing.T
	dir  string
	port string
	as   *syscall.SysProcAttr
}

func startPostgres(t *testing.T) *postgres {
	t.Helper()
	initdb := postgresProgram(t, "initdb")
	// Not t.TempDir, which nobody but its owner can get at.
	dir := expect.Try(os.MkdirTemp("", "eagate-postgres-")).OrFail(t)
	p := &postgres{t: t, dir: dir, port: freePort(t), as: new(syscall.SysProcAttr)}
	if os.Geteuid() == 0 {
		p.as.Credential = unprivileged(t)
	}
	p.prepare()
	cmd := exec.Command(initdb, "--pgdata=data", "--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = dir, p.as
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p.start()
	return p
}

// prepare makes the directory that belongs to who runs the server.
func (p *postgres) prepare() {
	p.t.Helper()
	p.t.Cleanup(func() { _ = os.RemoveAll(p.dir) })
	err := os.MkdirAll(p.dir, 0o700)
	if c := p.as.Credential; err == nil && c != nil {
		err = os.Chown(p.dir, int(c.Uid), int(c.Gid))
	}
	expect.NoError(p.t, err)
}

// start starts the server, anew if it was stopped.
func (p *postgres) start() {
	p.t.Helper()
	cmd := exec.Command(postgresProgram(p.t, "postgres"), "-D", "data", "-p", p.port,
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off") // it is this machine's crashes that fsync is for
	as := *p.as
	cmd.Dir, cmd.SysProcAttr = p.dir, &as
	p.process = launch(p.t, cmd, "ready to accept ")
	// What it is made of ends together with it, unlike after SIGKILL.
	running := p.process
	p.t.Cleanup(func() { running.end(p.t, syscall.SIGQUIT) })
}

// stop stops the server, whoever is connected.
func (p *postgres) stop() {
	p.t.Helper()
	p.end(p.t, syscall.SIGINT)
}

func (p *postgres) url() string {
	return "postgres://postgres@" + loopback(p.port) + "/postgres?sslmode=disable"
}

// unprivileged is who runs the server for a test that root runs: root must not.
func unprivileged(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := osuser.Lookup("postgres")
	if err != nil {
		u, err = osuser.Lookup("nobody")
	}
	expect.NoError(t, err)
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	expect.NoError(t, errors.Join(uidErr, gidErr))
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// postgresProgram finds one of PostgreSQL's programs, which Debian keeps apart
// from the others.
func postgresProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		testenv.Missing(t, "postgres-server", "no program "+name+": install PostgreSQL's server (Debian: postgresql)")
	}
	return slices.Max(found)
}
