package gallery_test

import (
	"testing"
	"unicode/utf8"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/gallery"
	"github.com/eagate/eagate/templates"
)

func TestPseudo(t *testing.T) {
	texts := gallery.Pseudo()
	expect.Try(templates.New(templates.WithTexts(gallery.Long, texts))).OrFail(t)
	length := func(texts map[templates.Key]string) (n int) {
		for _, text := range texts {
			n += utf8.RuneCountInString(text)
		}
		return n
	}
	if got := float64(length(texts)) / float64(length(templates.Texts(templates.English))); got < 1.4 {
		t.Errorf("got texts %.2f times as long as English ones, want 1.4", got)
	}
}
