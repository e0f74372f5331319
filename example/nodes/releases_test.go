package nodes_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store/sqlstore"
)

// Programs of this release and of one whose accounts have fields more, at three
// depths, change the same accounts at the same time: nothing is lost.
func TestThoroughReleasesSideBySide(t *testing.T) {
	present, newer := buildRelease(t, nil), buildRelease(t, map[string]func(string) string{
		"../../internal/records/account.go": func(source string) string {
			const field = "\n\tVisits int `json:\"visits,omitzero\"`\n"
			for _, name := range []string{"Account", "Push", "Device"} {
				source = strings.Replace(source, "type "+name+" struct {", "type "+name+" struct {"+field, 1)
			}
			return source
		},
		"testdata/releases/change.go": func(source string) string {
			return strings.Replace(source, "change(*records.Account) {}",
				"change(a *records.Account) { a.Visits++; a.Push.Visits++; a.Devices[0].Visits++ }", 1)
		},
	})
	const changes = 150 // of each program
	source := "file:" + filepath.Join(t.TempDir(), "test.db") + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"
	var running []*exec.Cmd
	for _, program := range []string{present, newer, present, newer} {
		cmd := exec.Command(program, source, string(apptest.Key), strconv.Itoa(changes))
		cmd.Stderr = os.Stderr
		expect.NoError(t, cmd.Start())
		running = append(running, cmd)
	}
	for _, cmd := range running {
		expect.NoError(t, cmd.Wait())
	}

	db := expect.Try(sql.Open("sqlite", source)).OrFail(t)
	defer db.Close()
	s := expect.Try(sqlstore.New(t.Context(), db, sqlstore.SQLite)).OrFail(t)
	var all, visits [3]int
	for a, err := range records.New(s, apptest.Keys(t)).Accounts(t.Context()) {
		expect.NoError(t, err)
		for i, n := range []int{a.Failures, len(a.Push.Live), len(a.Devices[0].Name)} {
			all[i] += n
		}
		for i, unknown := range [][]byte{a.Unknown, a.Push.Unknown, a.Devices[0].Unknown} {
			var more struct{ Visits int }
			expect.NoError(t, json.Unmarshal(unknown, &more), "%s: %s", a.UserID, unknown)
			visits[i] += more.Visits
		}
	}
	expect.Equal(t, all, [3]int{4 * changes, 4 * changes, 4 * changes}, "changes of the fields that both know")
	expect.Equal(t, visits, [3]int{2 * changes, 2 * changes, 2 * changes}, "changes of the fields of the newer release")
}

// buildRelease builds testdata/releases with some files changed.
func buildRelease(t *testing.T, changes map[string]func(string) string) (program string) {
	t.Helper()
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	for file, change := range changes {
		path := expect.Try(filepath.Abs(file)).OrFail(t)
		source := expect.Try(os.ReadFile(path)).OrFail(t)
		changed := change(string(source))
		expect.Differ(t, changed, string(source), "%s wasn't changed", file)
		overlay.Replace[path] = filepath.Join(dir, fmt.Sprint(len(overlay.Replace), ".go"))
		expect.NoError(t, os.WriteFile(overlay.Replace[path], []byte(changed), 0o600))
	}
	text := expect.Try(json.Marshal(overlay)).OrFail(t)
	expect.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), text, 0o600))
	program = filepath.Join(dir, "releases")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./testdata/releases")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}
