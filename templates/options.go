package templates

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/eagate/eagate/internal/markup"
)

// An Option changes the pages that [New] makes.
type Option func(*config)

type config struct {
	languages    []Language
	translations []source
	links        *Links
	theme        Theme
	layout       fs.FS
	layoutSet    bool
	templates    fs.FS
	templatesSet bool
	faults       []error

	// What check makes of them.
	look        look           // of the theme
	own         own            // the layout, and the templates of pages
	sources     markup.Sources // what these load
	layoutPaths []string
}

// check reads and checks all that the options name. It returns the languages of the pages
// and the texts of each language, or all faults.
func (c *config) check() ([]Language, map[Language]texts, error) {
	languages, have, faults := c.checkLanguages()
	faults = slices.Concat(c.faults, faults, c.links.check(), c.checkTheme(), c.checkLayout(), c.checkTemplates())
	return languages, have, errors.Join(faults...)
}
