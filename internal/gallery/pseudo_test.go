package gallery_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/eagate/eagate/internal/gallery"
	"github.com/eagate/eagate/templates"
)

func TestPseudoLanguages(t *testing.T) {
	for _, lang := range []templates.Language{gallery.Long, gallery.RightToLeft} {
		texts := gallery.Pseudo(lang)
		pages, err := templates.New(templates.WithTexts(lang, texts))
		if err != nil {
			t.Fatal(err)
		}
		var page strings.Builder
		if err := pages.Render(&page, templates.Challenge{Page: gallery.Page(lang), State: templates.ChallengePending}); err != nil {
			t.Fatal(err)
		}
		if right := strings.Contains(page.String(), ` dir="rtl"`); right != (lang == gallery.RightToLeft) {
			t.Errorf("%s: got from right to left: %v", lang, right)
		}
		length := 0
		for _, text := range texts {
			length += utf8.RuneCountInString(text)
		}
		english := 0
		for _, text := range templates.Texts(templates.English) {
			english += utf8.RuneCountInString(text)
		}
		if long := float64(length) / float64(english); lang == gallery.Long && long < 1.3 {
			t.Errorf("%s: got texts %.2f times as long as English ones, want 1.4", lang, long)
		}
	}
}
