package house_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// aPlace is a file in ARCHITECTURE.md, and the function in it that is named after it, if
// one is.
var aPlace = regexp.MustCompile("`([a-z0-9_/]+\\.go)`(?:[ \n]+`([A-Za-z.]+)`)?")

// TestArchitectureNamesWhatThereIs demands of ARCHITECTURE.md that its files exist, and
// have the functions that it says.
func TestArchitectureNamesWhatThereIs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	functions := 0
	for _, place := range aPlace.FindAllStringSubmatch(string(text), -1) {
		file, function := place[1], place[2]
		if !strings.Contains(file, "/") && function == "" {
			continue // in a package that the text has just named
		}
		source, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Errorf("ARCHITECTURE.md: %v", err)
			continue
		}
		if function == "" {
			continue
		}
		functions++
		receiver, name, ok := strings.Cut(function, ".")
		declared := `(?m)^func ` + function + `[(\[]`
		if ok {
			declared = `(?m)^func \((?:\w+ )?\*?` + receiver + `\) ` + name + `\(`
		}
		if !regexp.MustCompile(declared).Match(source) {
			t.Errorf("ARCHITECTURE.md: %s has no function %s", file, function)
		}
	}
	if functions < 20 {
		t.Errorf("ARCHITECTURE.md names %d functions, want four walks of them", functions)
	}
}
