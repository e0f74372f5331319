package templates

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/eagate/eagate/internal/colour"
)

// accents returns the accent colours of a light and of a dark page, and reports those that
// can't be read.
func (t *Theme) accents(fault func(field string, err error)) (light, dark colour.RGB) {
	onLight, onDark := palettes()
	light = onLight.accent
	if t.Accent != "" {
		c, err := colour.Parse(t.Accent)
		if err == nil && t.Scheme != SchemeDark {
			err = onLight.check(c)
		}
		fault("Accent", err)
		light = c
	}
	dark = light.Lighten(onDark.isReadable)
	if t.AccentDark != "" {
		c, err := colour.Parse(t.AccentDark)
		if err == nil && t.Scheme != SchemeLight {
			err = onDark.check(c)
		}
		fault("AccentDark", err)
		dark = c
	}
	return light, dark
}

// A palette has the colours of the style that an accent must be read on.
type palette struct {
	name         string // "light" or "dark"
	accent       colour.RGB
	card, ground background
}

type background struct {
	name string
	colour.RGB
}

// palettes returns the style's palettes of the light and of the dark page.
func palettes() (light, dark palette) {
	rules, rest, _ := strings.Cut(style, forDark)
	darkRules, _, _ := strings.Cut(rest, "}")
	return newPalette("light", rules), newPalette("dark", darkRules)
}

var colourVariable = regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{3,6});`)

func newPalette(name, rules string) palette {
	p := palette{name: name}
	for _, m := range colourVariable.FindAllStringSubmatch(rules, -1) {
		c, err := colour.Parse(m[2])
		if err != nil {
			continue // four or five digits
		}
		switch m[1] {
		case "accent":
			p.accent = c
		case "card":
			p.card = background{m[1], c}
		case "ground":
			p.ground = background{m[1], c}
		}
	}
	return p
}

// check returns an error if c can't be read on the page, with a colour that can.
func (p palette) check(c colour.RGB) error {
	if p.isReadable(c) {
		return nil
	}
	near := c.Lighten
	if p.name == "light" {
		near = c.Darken
	}
	worst := p.worst(c)
	return fmt.Errorf("%s has a contrast of %.2f:1 with the %s page's %s, %s, want %v:1: use a colour such as %s",
		c, colour.Contrast(c, worst.RGB), p.name, worst.name, worst.RGB, colour.MinText, near(p.isReadable))
}

// isReadable reports whether text in c can be read on all backgrounds.
func (p palette) isReadable(c colour.RGB) bool {
	return colour.Contrast(c, p.worst(c).RGB) >= colour.MinText
}

// worst returns the background with the least contrast to c: of the card and what is around
// it, of notices, which are a card with a tint of c, and of each with another tint of c, which
// secondary buttons have.
func (p palette) worst(c colour.RGB) background {
	worst := p.card
	for _, b := range [...]background{p.card, p.ground, {"notice", p.card.Tint(c)}} {
		for _, on := range [...]background{b, {"tinted " + b.name, b.Tint(c)}} {
			if colour.Contrast(c, on.RGB) < colour.Contrast(c, worst.RGB) {
				worst = on
			}
		}
	}
	return worst
}
