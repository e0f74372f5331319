package gallery_test

import (
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/gallery"
	"github.com/eagate/eagate/templates"
)

// A themed page has its images in it, since there is no server that has them.
func TestThemesStandAlone(t *testing.T) {
	for _, theme := range gallery.Themes() {
		pages, err := templates.New(theme.Options...)
		if err != nil {
			t.Errorf("%s: %v", theme.Name, err)
			continue
		}
		page, err := gallery.Scenes(gallery.Page(templates.English))[0].Still(pages)
		if err != nil {
			t.Errorf("%s: %v", theme.Name, err)
		}
		expect.Lacks(t, page, "/assets/", "%s: the page has assets of a server", theme.Name)
	}
}
