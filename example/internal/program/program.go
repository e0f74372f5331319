// Package program builds the programs of this module for the tests that run them.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
)

var (
	mu    sync.Mutex
	dir   string
	built = make(map[string]func() (string, error))
)

// Build builds a program, once for all tests of the process, and with the race detector
// if they have it: so nothing is compiled twice. Its name is that of a folder of this
// module, such as "demo", or the path of a file. TestMain must call [Remove].
func Build(t testing.TB, name string) (path string) {
	t.Helper()
	mu.Lock()
	build, ok := built[name]
	if !ok {
		build = sync.OnceValues(func() (string, error) { return compile(name) })
		built[name] = build
	}
	mu.Unlock()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Remove deletes what was built.
func Remove() {
	mu.Lock()
	defer mu.Unlock()
	if dir != "" {
		_ = os.RemoveAll(dir)
	}
}

func compile(name string) (path string, err error) {
	if path, err = place(name); err != nil {
		return "", err
	}
	args := []string{"build", "-o", path}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	if !filepath.IsAbs(name) {
		name = "github.com/eagate/eagate/example/" + name
	}
	if out, err := exec.Command("go", append(args, name)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
}

func place(name string) (path string, err error) {
	mu.Lock()
	defer mu.Unlock()
	if dir == "" {
		if dir, err = os.MkdirTemp("", "eagate-programs-"); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, strings.TrimSuffix(filepath.Base(name), ".go")), nil
}
