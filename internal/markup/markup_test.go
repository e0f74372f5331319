package markup_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/markup"
)

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	root := expect.Try(markup.Parse(page)).OrFail(t)
	return root
}

// TestPolicySources has what package templates doesn't try through New.
func TestPolicySources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, page   string
		want         markup.Sources
		paths, fault string
	}{
		{"an image of this site", `<img src="/a.png">`, markup.Sources{}, "", ""},
		{"a data image", `<img src="data:image/png;base64,AA==">`, markup.Sources{Images: []string{"data:"}}, "", ""},
		{"a data style sheet", `<link rel=stylesheet href="data:text/css,">`, markup.Sources{Images: []string{"data:"}}, "", "https URL"},
		{"a data script", `<script nonce=N src="data:text/javascript,">`, markup.Sources{}, "", "https URL"},
		{"a preloaded image", `<link rel=preload as=image href="https://a.example/a.png">`, markup.Sources{Images: []string{"https://a.example"}}, "", ""},
		{"a preloaded style", `<link rel=preload as=style href="/a.css">`, markup.Sources{Styles: []string{"'self'"}}, "/a.css", ""},
		{"a preloaded script", `<link rel=preload as=script href="/a.js">`, markup.Sources{}, "", `<link> without nonce`},
		{"a preloaded module", `<link rel=modulepreload href="/a.js">`, markup.Sources{}, "", `<link> without nonce`},
		{"no URL", `<img src="https://[/">`, markup.Sources{}, "", "isn't a URL"},
		{"a relative image", `<img src="a.png">`, markup.Sources{}, "", "begin it with a slash"},
		{"a fragment", `<image href="#a">`, markup.Sources{}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := markup.CheckPolicy(parse(t, tt.page), "N")
			if !slices.Equal(got.Sources.Images, tt.want.Images) || !slices.Equal(got.Sources.Styles, tt.want.Styles) || !slices.Equal(got.Sources.Fonts, tt.want.Fonts) {
				t.Errorf("got %v, want %v", got.Sources, tt.want)
			}
			expect.Equal(t, strings.Join(got.Paths, " "), tt.paths, "the paths")
			if faults := strings.Join(got.Faults, "\n"); tt.fault == "" && faults != "" || !strings.Contains(faults, tt.fault) {
				t.Errorf("got %q, want %q", faults, tt.fault)
			}
		})
	}
}

// TestPartsOfSeveralForms compares a form with that form of the same target that lacks
// least.
func TestPartsOfSeveralForms(t *testing.T) {
	t.Parallel()
	const one, other = `<form method=post action=/a><input name=x></form>`, `<form method=post action=/a><input name=y></form>`
	for _, tt := range []struct{ name, want, got, missing string }{
		{"both", one + other, other + one, ""},
		{"one of them", one + other, one, `the form of "/a" lacks <input name="y">`},
		{"after another", one, `<form action=/b></form>` + one, ""},
		{"another method", one, strings.Replace(one, "post", "get", 1), `no <form method="post" action="/a">`},
		{"a field outside", one, `<form method=post action=/a></form><input name=x>`, `the form of "/a" lacks <input name="x">`},
		{"another value", `<form><button name=x value=1></form>`, `<form><button name=x value=2></form>`, `lacks <button name="x" value="1">`},
		{"a button that sends nothing", `<form><button>a</button></form>`, `<form><button type=button>a</button></form>`, "lacks <button>"},
		{"what is typed", `<form><input name=x value=1></form>`, `<form><input name=x value=2></form>`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(markup.FindParts(parse(t, tt.want), nil).Missing(markup.FindParts(parse(t, tt.got), nil)), "\n")
			if tt.missing == "" && got != "" || !strings.Contains(got, tt.missing) {
				t.Errorf("got %q, want %q", got, tt.missing)
			}
		})
	}
}

// TestOrigin lets nothing into a policy that could end a directive.
func TestOrigin(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://CDN.example/a": "https://cdn.example", "https://a.example:8443": "https://a.example:8443", "https://[::1]:81/": "https://[::1]:81",
		"http://a.example": "", "https://": "", "https://*.example": "", "https://a;b": "", "https://a'b": "", "/a": "", "data:x": "",
	} {
		u := expect.Try(url.Parse(address)).OrFail(t)
		expect.Equal(t, markup.Origin(u), want, address)
	}
}
