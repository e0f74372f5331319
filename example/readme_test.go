package example_test

import (
	"os"
	"strings"
	"testing"
)

// The README shows the minimal programs as they are.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"chi/main.go", "nethttp/main.go"} {
		program, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(readme), "\n```go\n"+string(program)+"```\n") {
			t.Errorf("README.md doesn't have example/%s as it is", name)
		}
	}
}
