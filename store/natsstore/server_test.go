package natsstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
	"github.com/nats-io/nats.go"
)

// A server is a NATS server of a test's own.
type server struct {
	url     string
	binary  string
	config  string
	process *exec.Cmd
}

// startServer starts a server with JetStream and more lines of configuration.
func startServer(t *testing.T, more string) *server {
	t.Helper()
	s := newServer(t, more, freePort(t))
	s.start(t)
	return s
}

func newServer(t *testing.T, more string, port int) *server {
	t.Helper()
	binary := os.Getenv("EAGATE_NATS_SERVER")
	if binary == "" {
		binary = "nats-server"
	}
	path, err := exec.LookPath(binary)
	if err != nil {
		testenv.Missing(t, "nats-server", "install it, or name the binary by EAGATE_NATS_SERVER ("+err.Error()+")")
	}
	dir := t.TempDir()
	s := &server{url: fmt.Sprintf("nats://127.0.0.1:%d", port), binary: path, config: filepath.Join(dir, "server.conf")}
	if !strings.Contains(more, "jetstream:") {
		more += fmt.Sprintf("\njetstream: {store_dir: %q, max_file_store: 1GB}", dir)
	}
	text := fmt.Sprintf("listen: 127.0.0.1:%d\nlog_file: %q\n%s\n", port, filepath.Join(dir, "log"), more)
	expect.NoError(t, os.WriteFile(s.config, []byte(text), 0o600))
	t.Cleanup(s.kill)
	return s
}

// start starts the process, and waits until it takes connections.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.process = exec.Command(s.binary, "-c", s.config)
	expect.NoError(t, s.process.Start())
	eventually(t, 60*time.Second, "the server takes connections", func() error {
		nc, err := nats.Connect(s.url)
		if err == nil {
			nc.Close()
		}
		if errors.Is(err, nats.ErrAuthorization) {
			return nil
		}
		return err
	})
}

// kill ends the process, as a crash does.
func (s *server) kill() {
	if s.process != nil {
		s.process.Process.Signal(syscall.SIGCONT)
		s.process.Process.Kill()
		s.process.Wait()
		s.process = nil
	}
}

// pause stops the process in the middle of its work, and returns when it stands
// still; resume lets it go on.
func (s *server) pause(t *testing.T) {
	t.Helper()
	s.process.Process.Signal(syscall.SIGSTOP)
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(s.process.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the server doesn't stand still: %v, status %v", err, status)
	}
}

func (s *server) resume() { s.process.Process.Signal(syscall.SIGCONT) }

// replicates reports whether a server of that version can have replicas.
func replicates(version string) bool {
	var major, minor int
	fmt.Sscanf(strings.TrimPrefix(version, "v"), "%d.%d", &major, &minor)
	return major > 2 || major == 2 && minor >= 12
}

func freePort(t *testing.T) int {
	t.Helper()
	l := expect.Try(net.Listen("tcp", "127.0.0.1:0")).OrFail(t)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// eventually calls try until it returns no error.
func eventually(t *testing.T, within time.Duration, what string, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("after %v, not yet so that %s: %v", within, what, err)
		case <-tick.C:
		}
	}
}
