package templates_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

func TestMatch(t *testing.T) {
	both := newPages(t, templates.WithLanguages(templates.English, templates.Thai))
	thaiFirst := newPages(t, templates.WithLanguages(templates.Thai, templates.English))
	onlyThai := newPages(t, templates.WithLanguages(templates.Thai))
	tests := []struct {
		name   string
		pages  *templates.Pages
		header string
		want   templates.Language
	}{
		{"nothing", both, "", templates.English},
		{"thai", both, "th", templates.Thai},
		{"thai of Thailand", both, "th-TH,th;q=0.9,en;q=0.8", templates.Thai},
		{"english first", both, "en-GB,th;q=0.9", templates.English},
		{"by weight", both, "en;q=0.1, th;q=0.9", templates.Thai},
		{"third choice", both, "fr, de;q=0.9, th;q=0.5", templates.Thai},
		{"neither", both, "de-DE,fr", templates.English},
		{"neither, thai first", thaiFirst, "de-DE,fr", templates.Thai},
		{"any", both, "*", templates.English},
		{"garbage", both, "\x00;;q=,,,-", templates.English},
		{"too long", both, "th" + strings.Repeat(",en;q=0.1", 200), templates.English},
		{"only thai", onlyThai, "en", templates.Thai},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expect.Equal(t, tt.pages.Match(tt.header), tt.want)
		})
	}
}

func TestLanguages(t *testing.T) {
	want := []templates.Language{templates.Thai, templates.English}
	expect.Slice(t, newPages(t, templates.WithLanguages(want...)).Languages(), want)
	if got := newPages(t).Languages(); got[0] != templates.English || !slices.Contains(got, templates.Thai) {
		t.Errorf("got %q, want English and then the others", got)
	}
}

func TestUnknownLanguageIsTheDefault(t *testing.T) {
	p := newPages(t, templates.WithLanguages(templates.Thai))
	for _, lang := range []templates.Language{"", "xx", templates.English} {
		checkText(t, render(t, p, templates.Message{Page: plainPage(lang)}), []string{`<html lang="th"`}, nil)
	}
}

func FuzzMatch(f *testing.F) {
	p := newPages(f)
	for _, header := range []string{"", "th-TH,th;q=0.9,en;q=0.8", "*", "en-u-x;q=2", strings.Repeat("a-", 600)} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if got := p.Match(header); !slices.Contains(p.Languages(), got) {
			t.Errorf("got %q", got)
		}
	})
}

// TestTitlesHaveNoMarks is about the marks by which values are isolated from the direction
// of a sentence: the text of a page has them, and its title, which not everything shows
// without them, has not.
func TestTitlesHaveNoMarks(t *testing.T) {
	const marks = "\u2066\u2067\u2068\u2069\u202d\u202e"
	page := plainPage(templates.Thai)
	page.Issuer, page.Email = "บริษัท\u202eเอ", "ผู้ใช้@example.com"
	body := render(t, newPages(t), templates.Challenge{Page: page, Code: templates.CodeForm{Error: templates.CodeWrong}})
	title, rest, _ := strings.Cut(body[strings.Index(body, "<title>"):], "</title>")
	if strings.ContainsAny(title, marks) || !strings.Contains(title, "บริษัทเอ") {
		t.Errorf("got the title %q, it without marks", title)
	}
	expect.Contains(t, rest, "\u2068ผู้ใช้@example.com\u2069", "the address isolated in the text")

	// From right to left also an address without such letters, whose digits and dots would move.
	page = plainPage(templates.Arabic)
	page.Email = "1.2@example.com"
	body = withoutInline(render(t, newPages(t), templates.Challenge{Page: page}))
	expect.Contains(t, body, "\u2068"+page.Email+"\u2069", "the address isolated in a text from right to left")
}

func TestMenu(t *testing.T) {
	p := newPages(t, templates.WithLanguages(templates.English, templates.Thai), templates.WithTexts("he", nil))
	page := plainPage(templates.Thai)
	checkText(t, render(t, p, templates.Challenge{Page: page}), nil, []string{`id="languages"`})
	page.LanguagePath = "/2fa/challenge?code=1"
	checkText(t, render(t, p, templates.Challenge{Page: page}), []string{
		`<nav aria-label="ภาษา">`,
		`<a href="/2fa/challenge?code=1&amp;lang=en" lang="en">English</a>`,
		`<a href="/2fa/challenge?code=1&amp;lang=th" lang="th" aria-current="true">ไทย</a>`,
	}, []string{`lang="he"`})
}
