package templates_test

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/colour"
	"github.com/eagate/eagate/internal/expect"
)

// TestContrast checks the colours against WCAG 2.2: 4.5:1 for text (1.4.3),
// 3:1 for the borders of fields and buttons (1.4.11).
func TestContrast(t *testing.T) {
	css := read(t, "html/style.css")
	light, dark, ok := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("got no dark colours")
	}
	dark, _, _ = strings.Cut(dark, "\n  }\n")
	tests := []struct {
		front, back string
		want        float64
	}{
		{"text", "card", 4.5},
		{"text", "notice", 4.5},
		{"soft", "card", 4.5},
		{"soft", "ground", 4.5},
		{"soft", "notice", 4.5},
		{"accent", "card", 4.5},
		{"accent", "notice", 4.5},
		{"danger", "card", 4.5},
		{"on-accent", "accent", 4.5},
		{"line", "card", 3},
		{"good", "card", 4.5},
	}
	for name, scheme := range map[string]string{"light": light, "dark": dark} {
		colours, parsed := make(map[string]float64), make(map[string]colour.RGB)
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`).FindAllStringSubmatch(scheme, -1) {
			colours[m[1]] = luminance(t, m[2])
			parsed[m[1]], _ = colour.Parse("#" + m[2])
		}
		notice := parsed["card"].Tint(parsed["accent"])
		colours["notice"] = luminance(t, notice.String()[1:])
		for _, tt := range tests {
			front, ok1 := colours[tt.front]
			back, ok2 := colours[tt.back]
			if !ok1 || !ok2 {
				t.Fatalf("%s: no colour %s or %s", name, tt.front, tt.back)
			}
			got := (max(front, back) + 0.05) / (min(front, back) + 0.05)
			if got < tt.want {
				t.Errorf("%s: got contrast %.2f of %s on %s, want %v", name, got, tt.front, tt.back, tt.want)
			}
		}
	}
}

// luminance is the relative luminance of a colour, as WCAG 2.2 defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n := expect.Try(strconv.ParseUint(hex, 16, 24)).OrFail(t)
	linear := func(n uint64) float64 {
		c := float64(n&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}

// TestStyleAndScriptsStayInTheirElements makes sure that nothing in them ends
// the element early, or loads or runs anything else.
func TestStyleAndScriptsStayInTheirElements(t *testing.T) {
	for pattern, bad := range map[string]*regexp.Regexp{
		"html/*.css": regexp.MustCompile(`</|<!--|@import|url\(|https?:`),
		"html/*.js":  regexp.MustCompile(`</|<!--|import|eval|Function\(|https?:`),
	} {
		for _, name := range sources(t, pattern) {
			expect.Equal(t, bad.FindString(read(t, name)), "", "%s has", name)
		}
	}
}
