package templates_test

import (
	"html"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

var pageFiles = []string{"challenge.html", "security.html", "enable.html", "required.html", "recovery.html", "devices.html", "message.html"}

func override(name, from, to string) (fs.FS, bool) {
	original := templates.Original(name)
	return fstest.MapFS{name: {Data: []byte(strings.Replace(original, from, to, 1))}}, strings.Contains(original, from)
}

// TestOriginals makes sure that each original is taken as it is, and shows what it shows.
func TestOriginals(t *testing.T) {
	t.Parallel()
	files := make(fstest.MapFS)
	for _, name := range pageFiles {
		files[name] = &fstest.MapFile{Data: []byte(templates.Original(name))}
	}
	own, gates := newPages(t, templates.WithTemplates(files)), newPages(t)
	for i, view := range some(t, plainPage(templates.Thai)) {
		if got, want := html.UnescapeString(render(t, own, view)), html.UnescapeString(render(t, gates, view)); got != want {
			t.Errorf("view %d: got\n%s\nwant\n%s", i, got, want)
		}
	}
	for _, name := range []string{"", "challenge", "layout.html", "style.css", "../templates.go", "x.html"} {
		expect.Equal(t, templates.Original(name), "", "%q, an original", name)
	}
}

func TestOverride(t *testing.T) {
	t.Parallel()
	files, _ := override("required.html", `{{define "body"}}`, `{{define "body"}}<p class="acme">Acme says:</p>`)
	p := newPages(t, templates.WithTemplates(files))
	checkText(t, render(t, p, templates.Required{Page: plainPage(templates.English)}), []string{`<p class="acme">Acme says:</p>`}, nil)
	checkText(t, render(t, p, templates.Devices{Page: plainPage(templates.English)}), nil, []string{"Acme says"})
}

// Texts are escaped for where a template says them, which may be in a script or a link.
func TestOverrideTextsInScripts(t *testing.T) {
	t.Parallel()
	files, _ := override("required.html", `{{define "body"}}`, `{{define "body"}}<script nonce="{{$.Nonce}}">say("{{t "required.start"}}")</script><a href="{{t "required.start"}}">x</a>`)
	p := newPages(t, templates.WithTemplates(files), templates.WithTexts(templates.English, map[templates.Key]string{"required.start": `javascript:it's\`}))
	got := render(t, p, templates.Required{Page: plainPage(templates.English)})
	for _, want := range []string{`say("javascript:it\u0027s\\")`, `<a href="#ZgotmplZ">`} {
		expect.Contains(t, got, want, "%s in the page", want)
	}
}

func TestOverrideFaults(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, from, to, want string }{
		{"without its line", "challenge.html", "{{/* eagate:", "{{/* acme:", "first line doesn't say which original"},
		{"made from another", "challenge.html", " */}}", "x */}}", "the original has changed since"},
		{"half an action", "required.html", `{{define "body"}}`, `{{define "body"}}{{if}}`, "missing value for if"},
		{"no body", "required.html", `{{define "body"}}`, `{{define "bodies"}}`, `it defines no "body"`},
		{"outside of its blocks", "message.html", `{{define "body"}}`, `<p>Call us.</p>{{define "body"}}`, "what isn't in a block is never shown"},
		{"no value for a placeholder", "challenge.html", `{{t "challenge.account" "email" .Email}}`, `{{t "challenge.account"}}`, `{{t "challenge.account" "email" …}}`},
		{"no such field", "message.html", `{{define "body"}}`, `{{define "body"}}{{.Nothing}}`, "Nothing"},
		{"no such text", "message.html", `{{define "body"}}`, `{{define "body"}}{{t "no.such" "a" "b"}}`, "no.such"},
		{"a field that one state lacks", "challenge.html", `{{define "pending" -}}`, `{{define "pending" -}}{{.Hosted.URL}}`, "state pending, PushReady, whole: "},
		{"no state", "challenge.html", `{{.Addresses}}`, "", `no data-state="none"`},
		{"no page", "devices.html", `data-page="devices"`, "", `no data-page="devices"`},
		{"another target", "devices.html", `{{$.Base}}/devices/revoke`, `{{$.Base}}/devices`, `/2fa/devices/revoke`},
		{"no hidden fields", "required.html", `{{template "fields" .`, `{{with .Lang}}{{end}}{{with ""`, "required.html"},
		{"no field of a device", "devices.html", `<input type="hidden" name="id" value="{{.ID}}">`, "", `the form of "/2fa/devices/revoke" lacks <input name="id" value="a">`},
		{"no element of a script", "challenge.html", `id="status"`, `id="state"`, `no id="status", which a script needs`},
		{"a script without a nonce", "required.html", `{{define "body"}}`, `{{define "body"}}<script>alert(1)</script>`, `<script> without nonce="{{.Nonce}}"`},
		{"a handler", "required.html", `{{define "body"}}`, `{{define "body"}}<p onclick="alert(1)">`, "<p onclick>"},
		{"a style", "required.html", `{{define "body"}}`, `{{define "body"}}<p style="color: red">`, "<p style="},
		{"a frame", "required.html", `{{define "body"}}`, `{{define "body"}}<iframe></iframe>`, "<iframe>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			files, ok := override(tt.file, tt.from, tt.to)
			if !ok {
				t.Fatalf("the original has no %q", tt.from)
			}
			_, err := templates.New(templates.WithLanguages(templates.English), templates.WithTemplates(files))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "templates: WithTemplates: "+tt.file+": ") {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestOverrideFiles(t *testing.T) {
	t.Parallel()
	for want, files := range map[string]fs.FS{
		"no file system":          nil,
		"no files such as":        fstest.MapFS{"readme.txt": {}},
		`fs.Sub(files, "html")`:   fstest.MapFS{"html/message.html": {}},
		"there is no such page":   fstest.MapFS{"login.html": {}},
		"the disk is gone":        brokenFS{},
		`"message.html" is empty`: fstest.MapFS{"message.html": {}},
	} {
		if _, err := templates.New(templates.WithTemplates(files)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

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
