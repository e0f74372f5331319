//go:build linux

package nodes_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
)

// A redisServer is a Redis of the test's own, which keeps what it holds.
type redisServer struct {
	*process
	t    *testing.T
	dir  string
	port string
}

func startRedis(t *testing.T) *redisServer {
	t.Helper()
	r := &redisServer{t: t, dir: t.TempDir(), port: freePort(t)}
	r.start()
	return r
}

// start starts the server, anew if it was stopped.
func (r *redisServer) start() {
	r.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		testenv.Missing(r.t, "redis-server", "install it (Debian: redis-server)")
	}
	r.process = launch(r.t, exec.Command(program,
		"--port", r.port, "--bind", "127.0.0.1", "--dir", r.dir, "--save", "", "--appendonly", "yes",
	), "eady to accept connections")
}

func (r *redisServer) stop() {
	r.t.Helper()
	r.end(r.t, syscall.SIGTERM)
}

func (r *redisServer) url() string { return "redis://" + loopback(r.port) + "/0" }

// sentinel starts a Sentinel that watches the server, and returns its port.
func (r *redisServer) sentinel() (port string) {
	r.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		testenv.Missing(r.t, "redis-server", "install it (Debian: redis-server)")
	}
	port = freePort(r.t)
	file := filepath.Join(r.t.TempDir(), "sentinel.conf")
	text := "port " + port + "\nbind 127.0.0.1\nsentinel monitor eagate 127.0.0.1 " + r.port + " 1\n" +
		"sentinel down-after-milliseconds eagate 1000\nsentinel failover-timeout eagate 10000\n"
	expect.NoError(r.t, os.WriteFile(file, []byte(text), 0o600))
	launch(r.t, exec.Command(program, file, "--sentinel"), "monitor master")
	return port
}
