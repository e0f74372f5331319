package templates

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// A colour is an opaque one of sRGB.
type colour struct{ r, g, b uint8 }

var hexColour = regexp.MustCompile(`^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$`)

// parseColour takes "#1a56b8" or "#15b".
func parseColour(s string) (colour, error) {
	if !hexColour.MatchString(s) {
		return colour{}, fmt.Errorf("%q is no colour such as #1a56b8", s)
	}
	if len(s) == 4 {
		s = string([]byte{'#', s[1], s[1], s[2], s[2], s[3], s[3]})
	}
	n, err := strconv.ParseUint(s[1:], 16, 24)
	if err != nil {
		return colour{}, err
	}
	return colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// luminance is the relative luminance (WCAG 2.2, from 0 to 1).
func (c colour) luminance() float64 {
	linear := func(n uint8) float64 {
		v := float64(n) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// contrast is the contrast ratio of two colours (WCAG 2.2, from 1 to 21).
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// ink returns white or black, whichever can be read on c: one of them always can, with
// 4.58:1 at least. White is taken where both can, as buttons mostly have it.
func (c colour) ink() colour {
	white := colour{255, 255, 255}
	if contrast(c, white) >= contrastText {
		return white
	}
	return colour{}
}

// hsl returns hue (0 to 6), saturation and lightness (0 to 1), as CSS Color 4 §7 defines
// them.
func (c colour) hsl() (h, s, l float64) {
	r, g, b := float64(c.r)/255, float64(c.g)/255, float64(c.b)/255
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

func fromHSL(h, s, l float64) colour {
	part := func(n float64) uint8 {
		k := math.Mod(n+2*h, 12)
		v := l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
		return uint8(math.Round(255 * max(0, min(1, v))))
	}
	return colour{part(0), part(8), part(4)}
}

// moved returns the colour nearest to c in lightness, darker or lighter, that passes;
// black and white do.
func (c colour) moved(darker bool, passes func(colour) bool) colour {
	if passes(c) {
		return c
	}
	h, s, l := c.hsl()
	step, end := 0.005, colour{255, 255, 255}
	if darker {
		step, end = -step, colour{}
	}
	for l += step; l > 0 && l < 1; l += step {
		if near := fromHSL(h, s, l); passes(near) {
			return near
		}
	}
	return end
}
