package templates

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/eagate/eagate/internal/colour"
	"github.com/eagate/eagate/internal/markup"
)

// A Theme is the look of the pages. Each empty field is the default.
type Theme struct {
	// Accent is the colour of buttons, links and the focus ring on a light page, such as
	// "#1a56b8" or "#15b". The texts on buttons are white or black, as can be read.
	//
	// AccentDark is the accent on a dark page. By default it is Accent, made lighter until
	// it can be read.
	//
	// Each must have a contrast of at least 4.5:1 on all backgrounds of its page, for links
	// (WCAG 2.2, 1.4.3); the focus ring and borders need 3:1 (1.4.11). [New] reports one
	// that hasn't, with a similar colour that has.
	Accent, AccentDark string

	// Scheme says whether the pages are light or dark.
	Scheme Scheme

	// Radius is the radius of the corners of fields and buttons, in px or rem, such as
	// "4px", or "0"; at most 32px or 2rem. The card's is 1.5 times as large. The default
	// is "0.625rem".
	Radius string

	// Font is the font-family, as in CSS, such as `"Acme Sans", Verdana, sans-serif`. It
	// must end with a generic family. The pages themselves load no font; a layout can
	// (see [WithLayout]).
	Font string

	// Density is how much space there is between the elements.
	Density Density

	// Logo is shown above the page instead of the application's name, which becomes its
	// alternative text; at most 3rem high and 16rem wide. LogoDark is the logo on a dark
	// page; the default is Logo. The currentColor of an SVG is black on both.
	Logo, LogoDark Image

	// Favicon is the icon of the browser's tab. By default the pages name none, and
	// browsers request /favicon.ico.
	Favicon Image

	// Layered puts the pages' style in the cascade layer "eagate", so that every rule of a
	// layout's own style sheets, such as button { … }, overrides it. Without it, those
	// rules don't change what the pages' style sets. See [WithLayout].
	Layered bool
}

// A Scheme says whether pages are light or dark.
type Scheme uint8

const (
	SchemeAuto  Scheme = iota // as the user prefers; the zero value
	SchemeLight               // always light
	SchemeDark                // always dark
)

// A Density is how much space there is between the elements of a page.
type Density uint8

const (
	Comfortable Density = iota // the zero value
	Compact                    // less space, for applications with compact pages
)

// WithTheme sets the look of the pages: colours, corners, font, spacing, logo and icon.
// Without it, each field of [Theme] has its default. [New] reports what isn't a colour, a
// length or a list of fonts, colours that can't be read, and images that aren't there.
func WithTheme(theme Theme) Option { return func(c *config) { c.theme = theme } }

// A look is what a theme makes of the pages.
type look struct {
	style, end              template.CSS
	scheme                  string
	logo, logoDark, favicon picture // their zero values are none
}

// checkTheme makes the look of the theme, and returns all of its faults.
func (c *config) checkTheme() (faults []error) {
	fault := func(field string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("templates: WithTheme: %s: %w", field, err))
		}
	}
	t := &c.theme
	light, dark := t.variables(fault)
	c.look.scheme = schemeNames[t.Scheme]
	c.look.style = t.rules(light, dark)
	if t.Layered {
		c.look.style, c.look.end = "@layer eagate{"+c.look.style, "}"
	}
	t.images(&c.look, fault)
	return faults
}

var (
	schemeNames = map[Scheme]string{SchemeAuto: "light dark", SchemeLight: "light", SchemeDark: "dark"}
	densities   = map[Density]string{Comfortable: "1", Compact: "0.75"}
)

// variables returns the declarations of the style's variables that the theme sets, and
// those of dark pages.
func (t *Theme) variables(fault func(field string, err error)) (light, dark string) {
	if t.Accent+t.AccentDark != "" {
		onLight, onDark := t.accents(fault)
		light = fmt.Sprintf("--accent:%s;--on-accent:%s;", onLight, colour.TextOn(onLight))
		dark = fmt.Sprintf("--accent:%s;--on-accent:%s;", onDark, colour.TextOn(onDark))
	}
	if t.Radius != "" {
		radius, err := parseRadius(t.Radius)
		fault("Radius", err)
		light += "--radius:" + radius + ";"
	}
	if t.Font != "" {
		font, err := parseFont(t.Font)
		fault("Font", err)
		light += "--font:" + font + ";"
	}
	if density, ok := densities[t.Density]; !ok {
		fault("Density", fmt.Errorf("%d is unknown: use Comfortable or Compact", t.Density))
	} else if t.Density != Comfortable {
		light += "--density:" + density + ";"
	}
	if scheme, ok := schemeNames[t.Scheme]; !ok {
		fault("Scheme", fmt.Errorf("%d is unknown: use SchemeAuto, SchemeLight or SchemeDark", t.Scheme))
	} else if t.Scheme != SchemeAuto {
		light += "color-scheme:" + scheme + ";"
	}
	return light, dark
}

// images opens the images that pages of the scheme show.
func (t *Theme) images(l *look, fault func(field string, err error)) {
	var err error
	l.logo, err = t.Logo.open("logo")
	fault("Logo", err)
	l.logoDark, err = t.LogoDark.open("logo-dark")
	fault("LogoDark", err)
	if t.LogoDark != (Image{}) && t.Logo == (Image{}) {
		fault("LogoDark", errors.New("without Logo: set Logo, too"))
	}
	l.favicon, err = t.Favicon.open("favicon")
	fault("Favicon", err)
	switch t.Scheme {
	case SchemeLight:
		l.logoDark = picture{}
	case SchemeDark:
		l.logo, l.logoDark = cmp.Or(l.logoDark, l.logo), picture{}
	case SchemeAuto:
	}
}

// forDark begins the part of the style for dark pages.
const forDark = "@media (prefers-color-scheme: dark)"

// rules returns the style with the variables of the theme after it.
func (t *Theme) rules(light, dark string) template.CSS {
	css := compactStyle(style)
	if light != "" {
		css += "\n.eagate{" + light + "}"
	}
	if dark != "" {
		css += "\n" + compactStyle(forDark) + "{.eagate{" + dark + "}}"
	}
	switch t.Scheme {
	case SchemeLight:
		css = strings.ReplaceAll(css, compactStyle(forDark), "@media not all")
	case SchemeDark:
		css = strings.ReplaceAll(css, compactStyle(forDark), "@media all")
	case SchemeAuto:
	}
	return template.CSS(css)
}

// setLook sets the look of the pages, and has them serve its images.
func (p *Pages) setLook(l look) {
	p.look = l
	for _, i := range [...]picture{l.logo, l.logoDark, l.favicon} {
		if i.kind != "" {
			p.assets[i.name] = newAsset(i.kind, []byte(i.body))
		} else if u, err := url.Parse(i.url); err == nil && i.url != "" {
			p.sources.Merge(markup.Sources{Images: []string{markup.Origin(u)}})
		}
	}
}

// apply sets the fields of a page's sheet.
func (l look) apply(s *Sheet) {
	s.Style, s.StyleEnd, s.Scheme = l.style, l.end, l.scheme
	s.Logo, s.LogoDark, s.Favicon = l.logo.address(s.Base), l.logoDark.address(s.Base), l.favicon.address(s.Base)
}

var (
	radiusPattern = regexp.MustCompile(`^(\d{1,2}(?:\.\d{1,4})?)(px|rem)$`)
	maxRadius     = map[string]float64{"px": 32, "rem": 2} // by unit
)

// parseRadius returns a length in px or rem as CSS has it.
func parseRadius(s string) (string, error) {
	if s == "0" {
		return "0px", nil // calc takes no zero without a unit
	}
	if m := radiusPattern.FindStringSubmatch(s); m != nil {
		if n, err := strconv.ParseFloat(m[1], 64); err == nil && n <= maxRadius[m[2]] {
			return s, nil
		}
	}
	return "", fmt.Errorf("%q is no length: use one such as 8px or 0.5rem, of at most 32px or 2rem", s)
}
