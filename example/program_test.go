package example_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/eagate/eagate/example/internal/program"
	"github.com/eagate/eagate/internal/expect"
)

func TestMain(m *testing.M) {
	code := m.Run()
	program.Remove()
	os.Exit(code)
}

// A running is a program that runs.
type running struct {
	said map[string]string // what it printed: "callback: URL" by "callback:"
	stop func() error

	lines *bufio.Scanner
}

// start starts a program and waits until it has printed its callback.
func start(t *testing.T, path string, env ...string) *running {
	t.Helper()
	cmd := command(path, env...)
	cmd.Dir = t.TempDir()
	var faults bytes.Buffer
	cmd.Stderr = &faults
	out := expect.Try(cmd.StdoutPipe()).OrFail(t)
	expect.NoError(t, cmd.Start())
	p := &running{said: make(map[string]string)}
	p.stop = sync.OnceValue(func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		defer time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
		return cmd.Wait()
	})
	t.Cleanup(func() { _ = p.stop() })
	p.lines = bufio.NewScanner(out)
	if !p.read("callback:") {
		_ = p.stop()
		t.Fatalf("the program ended with:\n%s", &faults)
	}
	return p
}

// read reads what the program prints up to the line of that name, and reports
// whether there was one.
func (p *running) read(name string) bool {
	for p.lines.Scan() {
		found, value, _ := strings.Cut(p.lines.Text(), " ")
		p.said[found] = strings.TrimSpace(value)
		if found == name {
			return true
		}
	}
	return false
}

// fault runs a program that can't start, and returns its exit status and what it
// says.
func fault(t *testing.T, path string, env ...string) (status int, said string) {
	t.Helper()
	cmd := command(path, env...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("the program ended well, with:\n%s", out)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func command(path string, env ...string) *exec.Cmd {
	cmd := exec.Command(path)
	cmd.Env = append([]string{"HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH")}, env...)
	return cmd
}
