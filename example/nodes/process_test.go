//go:build linux

package nodes_test

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
)

// patience is how long a program may take to start or to stop.
const patience = 30 * time.Second

// A process is a program that a test has started, and that doesn't outlive it.
type process struct {
	cmd   *exec.Cmd
	said  *saying
	ended chan struct{} // closed when it has
}

// launch starts a program, and waits until it has said that it is ready.
func launch(t *testing.T, cmd *exec.Cmd, ready string) *process {
	t.Helper()
	p := &process{cmd: cmd, said: newSaying(ready), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.said, p.said
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL // for when the test itself is killed
	expect.NoError(t, cmd.Start())
	go func() {
		_ = cmd.Wait() // how it ends is the tests' doing
		close(p.ended)
	}()
	t.Cleanup(func() { p.end(t, syscall.SIGKILL) })
	select {
	case <-p.said.heard:
	case <-p.ended:
		t.Fatalf("%s ended at its start:\n%s", cmd.Path, p.said)
	case <-time.After(patience):
		t.Fatalf("%s isn't ready after %v:\n%s", cmd.Path, patience, p.said)
	}
	return p
}

// kill kills the process. It may be called from any goroutine.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// end sends a signal, and waits until the process has ended.
func (p *process) end(t *testing.T, s syscall.Signal) {
	t.Helper()
	_ = p.cmd.Process.Signal(s)
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.kill()
		t.Errorf("%s didn't end within %v of %v:\n%s", p.cmd.Path, patience, s, p.said)
	}
}

// A saying keeps what a process says.
type saying struct {
	mu    sync.Mutex
	text  bytes.Buffer
	word  string
	heard chan struct{} // closed when it has said the word
}

func newSaying(word string) *saying { return &saying{word: word, heard: make(chan struct{})} }

func (s *saying) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	if s.word != "" && strings.Contains(s.text.String(), s.word) {
		s.word = ""
		close(s.heard)
	}
	return len(p), nil
}

func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
