package templates_test

import (
	"slices"
	"strings"
	"testing"

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
			if got := tt.pages.Match(tt.header); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLanguages(t *testing.T) {
	want := []templates.Language{templates.Thai, templates.English}
	if got := newPages(t, templates.WithLanguages(want...)).Languages(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
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
		if got := p.Match(header); !slices.Contains([]templates.Language{templates.English, templates.Thai}, got) {
			t.Errorf("got %q", got)
		}
	})
}
