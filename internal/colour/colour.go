// Package colour reads colours of style sheets, and measures and mends their contrast.
package colour

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// An RGB is an opaque colour of sRGB.
type RGB struct{ R, G, B uint8 }

// Black and white.
var (
	Black = RGB{}
	White = RGB{255, 255, 255}
)

var hexColour = regexp.MustCompile(`^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$`)

// Parse parses a colour such as "#1a56b8" or "#15b".
func Parse(s string) (RGB, error) {
	if !hexColour.MatchString(s) {
		return RGB{}, fmt.Errorf("%q is not a colour: write it as #rrggbb, such as #1a56b8", s)
	}
	if len(s) == 4 {
		s = string([]byte{'#', s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	n, err := strconv.ParseUint(s[1:], 16, 24)
	if err != nil {
		return RGB{}, err
	}
	return RGB{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

// String returns the colour as "#1a56b8".
func (c RGB) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// luminance returns the relative luminance, from 0 to 1 (WCAG 2.2).
func (c RGB) luminance() float64 {
	linear := func(n uint8) float64 {
		v := float64(n) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast returns the contrast ratio of two colours, from 1 to 21 (WCAG 2.2).
func Contrast(a, b RGB) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// MinText is the contrast ratio that text must have at least (WCAG 2.2, 1.4.3).
const MinText = 4.5

// TextOn returns the colour of text on c: white where it has the contrast of [MinText], and
// else black, which then has.
func TextOn(c RGB) RGB {
	if Contrast(c, White) >= MinText {
		return White
	}
	return Black
}

// Tint returns c with a tenth of tint mixed in.
func (c RGB) Tint(tint RGB) RGB {
	mix := func(a, b uint8) uint8 { return uint8((uint(a) + 9*uint(b) + 5) / 10) }
	return RGB{mix(tint.R, c.R), mix(tint.G, c.G), mix(tint.B, c.B)}
}

// hsl returns hue (0 to 6), saturation and lightness (0 to 1), as CSS Color 4 §7 defines
// them.
func (c RGB) hsl() (h, s, l float64) {
	r, g, b := float64(c.R)/255, float64(c.G)/255, float64(c.B)/255
	high, low := max(r, g, b), min(r, g, b)
	l = (high + low) / 2
	d := high - low
	if d == 0 {
		return 0, 0, l
	}
	s = d / (1 - math.Abs(2*l-1))
	switch high {
	case r:
		h = math.Mod((g-b)/d+6, 6)
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return h, s, l
}

func fromHSL(h, s, l float64) RGB {
	part := func(n float64) uint8 {
		k := math.Mod(n+2*h, 12)
		v := l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
		return uint8(math.Round(255 * max(0, min(1, v))))
	}
	return RGB{part(0), part(8), part(4)}
}

// Darken returns the colour nearest to c that passes: c itself, or a darker one of the same
// hue and saturation, or black.
func (c RGB) Darken(passes func(RGB) bool) RGB { return c.move(-lightnessStep, Black, passes) }

// Lighten returns the colour nearest to c that passes: c itself, or a lighter one of the
// same hue and saturation, or white.
func (c RGB) Lighten(passes func(RGB) bool) RGB { return c.move(lightnessStep, White, passes) }

// lightnessStep is too small to be seen.
const lightnessStep = 0.005

func (c RGB) move(step float64, end RGB, passes func(RGB) bool) RGB {
	if passes(c) {
		return c
	}
	h, s, l := c.hsl()
	for l += step; l > 0 && l < 1; l += step {
		if near := fromHSL(h, s, l); passes(near) {
			return near
		}
	}
	return end
}
