package handlers_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/handlers"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
)

// docs/openapi.yaml has the routes that there are, each with its methods. What it says of
// them, the tests in example/openapi hold against an application.
func TestOpenAPIHasTheRoutes(t *testing.T) {
	t.Parallel()
	text := expect.Try(os.ReadFile("../docs/openapi.yaml")).OrFail(t)
	rules := expect.Try(factor.New(factor.Config{DeviceLifetime: time.Hour, Now: time.Now})).OrFail(t)
	want := slices.Sorted(handlers.New(handlers.Config{Rules: rules}).Routes())
	got := make(map[string]bool)
	path := ""
	_, paths, _ := strings.Cut(string(text), "\npaths:\n")
	paths, _, _ = strings.Cut(paths, "\ncomponents:\n")
	for _, m := range regexp.MustCompile(`(?m)^(?:  (/\S*)|    (get|head|post|put|patch|delete|options)):$`).FindAllStringSubmatch(paths, -1) {
		if m[1] != "" {
			path = m[1]
		} else {
			got[strings.ToUpper(m[2])+" "+path] = true
		}
	}
	for _, route := range want {
		if !got[route] {
			t.Errorf("docs/openapi.yaml doesn't have %s", route)
		}
		delete(got, route)
	}
	for _, route := range slices.Sorted(maps.Keys(got)) {
		t.Errorf("docs/openapi.yaml has %s, and there is no such route", route)
	}
}
