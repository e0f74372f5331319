package templates_test

import (
	"bytes"
	"compress/gzip"
	"regexp"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// The script for applications stays small, needs nothing that a strict policy refuses, and
// exports what its types declare.
func TestScript(t *testing.T) {
	t.Parallel()
	pages := expect.Try(templates.New()).OrFail(t)
	script, ok := pages.Asset("eagate.js")
	types, typed := pages.Asset("eagate.d.ts")
	if !ok || !typed {
		t.Fatal("the script or its types aren't there")
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(script.Body); err != nil || z.Close() != nil {
		t.Fatal("not packed")
	}
	if n, z := len(script.Body), packed.Len(); n > 7<<10 || z > 2500 {
		t.Errorf("got %d bytes, %d packed, want at most 7 KiB and 2500", n, z)
	}
	for _, refused := range []string{"//", "eval", "Function(", "innerHTML", ".style", "import(", "document.write"} {
		expect.Lacks(t, strings.ReplaceAll(string(script.Body), "://", ""), refused, "the script has")
	}
	exported := regexp.MustCompile(`(?m)^export (?:async )?(?:function|const) (\w+)`)
	names := func(body []byte) (list []string) {
		for _, m := range exported.FindAllSubmatch(body, -1) {
			list = append(list, string(m[1]))
		}
		return list
	}
	if got, want := strings.Join(names(types.Body), " "), strings.Join(names(script.Body), " "); got != want {
		t.Errorf("the types declare %s, the script exports %s", got, want)
	}
}
