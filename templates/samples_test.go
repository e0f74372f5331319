package templates_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/eagate/eagate/templates"
)

// TestThoroughSamples makes sure that New renders each branch of each page: a mistake in
// any of them is found.
func TestThoroughSamples(t *testing.T) {
	t.Parallel()
	branch := regexp.MustCompile(`\{\{(if|with|else|range)[^}]*\}\}|\{\{define "[^"]*"( -)?\}\}`)
	for _, name := range pageFiles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := templates.Original(name)
			for _, at := range branch.FindAllStringIndex(text, -1) {
				broken := text[:at[1]] + `{{t "no.such" "a" "b"}}` + text[at[1]:]
				_, err := templates.New(templates.WithLanguages(templates.English),
					templates.WithTemplates(fstest.MapFS{name: {Data: []byte(broken)}}))
				if err == nil || !strings.Contains(err.Error(), `no text "no.such"`) {
					t.Errorf("line %d: %s is in no sample, got %v", 1+strings.Count(text[:at[0]], "\n"), text[at[0]:min(at[1]+50, len(text))], err)
				}
			}
		})
	}
}
