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

// WithTheme sets the look of the pages.
func WithTheme(theme Theme) Option { return func(c *config) { c.theme = &theme } }

// A look is a theme that was checked.
type look struct {
	style, end              template.CSS
	scheme                  string
	logo, logoDark, favicon picture // their zero values are none
}

// forDark begins the part of the style for dark pages.
const forDark = "@media (prefers-color-scheme: dark)"

var (
	schemeNames = map[Scheme]string{SchemeAuto: "light dark", SchemeLight: "light", SchemeDark: "dark"}
	densities   = map[Density]string{Comfortable: "1", Compact: "0.75"}
	aRadius     = regexp.MustCompile(`^(\d{1,2}(?:\.\d{1,4})?)(px|rem)$`)
	largest     = map[string]float64{"px": 32, "rem": 2}
)

// checkTheme makes the look of the theme, and returns all of its faults.
func (c *config) checkTheme() []error {
	if c.theme == nil {
		c.look = look{style: template.CSS(compactStyle(style)), scheme: schemeNames[SchemeAuto]}
		return nil
	}
	l, faults := c.theme.look()
	c.look = l
	return faults
}

// look returns what a theme makes of the style, and all of its faults.
func (t *Theme) look() (look, []error) {
	var faults []error
	fault := func(field string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("templates: WithTheme: %s: %w", field, err))
		}
	}
	var vars, darkVars strings.Builder
	if t.Accent+t.AccentDark != "" {
		light, dark := t.accents(fault)
		fmt.Fprintf(&vars, "--accent:%s;--on-accent:%s;", light, colour.TextOn(light))
		fmt.Fprintf(&darkVars, "--accent:%s;--on-accent:%s;", dark, colour.TextOn(dark))
	}
	if t.Radius != "" {
		radius, err := parseRadius(t.Radius)
		fault("Radius", err)
		fmt.Fprintf(&vars, "--radius:%s;", radius)
	}
	if t.Font != "" {
		font, err := parseFont(t.Font)
		fault("Font", err)
		fmt.Fprintf(&vars, "--font:%s;", font)
	}
	if density, ok := densities[t.Density]; !ok {
		fault("Density", fmt.Errorf("%d is unknown: use Comfortable or Compact", t.Density))
	} else if t.Density != Comfortable {
		fmt.Fprintf(&vars, "--density:%s;", density)
	}
	scheme, ok := schemeNames[t.Scheme]
	if !ok {
		fault("Scheme", fmt.Errorf("%d is unknown: use SchemeAuto, SchemeLight or SchemeDark", t.Scheme))
	}
	if t.Scheme != SchemeAuto {
		fmt.Fprintf(&vars, "color-scheme:%s;", scheme)
	}

	l := look{scheme: scheme}
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
	l.style = t.rules(vars.String(), darkVars.String())
	if t.Layered {
		l.style, l.end = "@layer eagate{"+l.style, "}"
	}
	return l, faults
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

// address returns the address that the pages load, or "".
func (p picture) address(base string) string {
	if p.kind != "" {
		return base + "/assets/" + p.name
	}
	return p.url
}

// rules returns the style with the variables of the theme after it.
func (t *Theme) rules(vars, darkVars string) template.CSS {
	css := compactStyle(style)
	if vars != "" {
		css += "\n.eagate{" + vars + "}"
	}
	if darkVars != "" {
		css += "\n" + compactStyle(forDark) + "{.eagate{" + darkVars + "}}"
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

// parseRadius takes a length in px or rem.
func parseRadius(s string) (string, error) {
	if s == "0" {
		return "0px", nil // calc takes no zero without a unit
	}
	if m := aRadius.FindStringSubmatch(s); m != nil {
		if n, err := strconv.ParseFloat(m[1], 64); err == nil && n <= largest[m[2]] {
			return s, nil
		}
	}
	return "", fmt.Errorf("%q is no length: use one such as 8px or 0.5rem, of at most 32px or 2rem", s)
}
