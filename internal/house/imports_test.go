// Package house_test checks how the house is built: which packages may import
// which, and what the module as a whole requires.
package house_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/eagate/eagate"
)

// allowed says which packages of this module each package may import, besides the one at
// the root, which all may. Tests and the packages made for them may import anything.
var allowed = map[string][]string{
	".":                     {},
	"client":                {},
	"client/emulator":       {"client", "internal/fields"},
	"client/emulator/serve": {"client/emulator"},
	"store":                 {},
	"store/storetest":       {"store"},
	"templates":             {"internal/colour", "internal/markup", "internal/sitepath"},
	"templates/translation": {"templates"},
	"internal/colour":       {},
	"internal/fields":       {},
	"internal/hashing":      {},
	"internal/keyring":      {},
	"internal/markup":       {},
	"internal/passcode":     {"internal/totp"},
	"internal/routecheck":   {},
	"internal/newest":       {},
	"internal/seldom":       {"internal/newest"},
	"internal/sitepath":     {},
	"internal/storelimit":   {"store"},
	"internal/totp":         {},
	"internal/records":      {"internal/keyring", "store"},
	"internal/waiting":      {"internal/records", "internal/storelimit", "store"},
	"internal/factor":       {"internal/totp", "internal/passcode", "internal/hashing", "internal/newest", "internal/seldom", "internal/waiting", "internal/records", "internal/keyring", "internal/storelimit", "store", "client"},
	"internal/session":      {"internal/factor", "internal/records", "internal/storelimit"},
	"handlers":              {"internal/passcode", "internal/fields", "internal/seldom", "internal/session", "internal/factor", "internal/records", "internal/storelimit", "client", "templates"},
	"middleware":            {"internal/totp", "internal/hashing", "handlers", "internal/routecheck", "internal/sitepath", "internal/session", "internal/factor", "internal/records", "internal/keyring", "internal/storelimit", "store", "client", "templates"},
	"middleware/routetest":  {"internal/routecheck"},
}

var forTests = []string{"internal/apptest", "internal/gallery", "internal/expect", "internal/testenv", "internal/pairbench"}

func TestImportsRunOneWay(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil && path != root || strings.HasPrefix(d.Name(), ".") && path != root {
				return fs.SkipDir // another module
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		if slices.Contains(forTests, pkg) {
			return nil
		}
		may, ok := allowed[pkg]
		if !ok {
			t.Errorf("package %s has no place in the house", pkg)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if name == module {
				seen++
			}
			if ours, ok := strings.CutPrefix(name, module+"/"); ok {
				seen++
				if !slices.Contains(may, ours) {
					t.Errorf("%s imports %s, against the house's direction", path, ours)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Error("found no imports to check")
	}
}

// The module stays small: the four libraries it is for, and a few more.
func TestDirectRequirements(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^(?:require |\t)(\S+) v\S+$`).FindAllSubmatch(mod, -1) {
		got = append(got, string(m[1]))
	}
	slices.Sort(got)
	want := []string{
		"github.com/alexedwards/scs/v2",
		"github.com/boombuler/barcode",
		"github.com/failsafe-go/failsafe-go", // retries and the circuit breaker
		"github.com/go-chi/chi/v5",
		"github.com/go-json-experiment/json", // records keep fields that they don't know, and bodies are read strictly
		"github.com/pquerna/otp",
		"golang.org/x/crypto", // Argon2id for recovery codes
		"golang.org/x/net",    // an application's layout, read as browsers parse it
		"golang.org/x/text",   // languages
	}
	if !slices.Equal(got, want) {
		t.Errorf("direct requirements: got %q, want %q", got, want)
	}
}
