package colour_test

import (
	"testing"

	"github.com/eagate/eagate/internal/colour"
	"github.com/eagate/eagate/internal/expect"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{"#15b": "#1155bb", "#1A56b8": "#1a56b8", "#000000": "#000000"} {
		if got, err := colour.Parse(text); err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "#", "#12", "#1234", "#12345", "#1234567", "blue", "123456", "#12g", "#123\n"} {
		if got, err := colour.Parse(text); err == nil {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}

// The figures are those of WCAG 2.2's own definition, which others publish too: #767676 is
// the lightest grey that can be read on white.
func TestContrast(t *testing.T) {
	for _, row := range []struct {
		of       string
		min, max float64
	}{
		{"#ffffff", 1, 1},
		{"#000000", 21, 21},
		{"#767676", 4.5, 4.55},
		{"#777777", 4.45, 4.5},
		{"#ff0000", 3.99, 4},
	} {
		c := expect.Try(colour.Parse(row.of)).OrFail(t)
		if got := colour.Contrast(colour.White, c); got < row.min || got > row.max {
			t.Errorf("%s on white: got %.3f, want %v to %v", row.of, got, row.min, row.max)
		}
	}
}

func TestTextCanBeReadOnAnyColour(t *testing.T) {
	for r := 0; r < 256; r += 5 {
		for g := 0; g < 256; g += 5 {
			for b := 0; b < 256; b += 5 {
				c := colour.RGB{R: uint8(r), G: uint8(g), B: uint8(b)}
				if got := colour.Contrast(c, colour.TextOn(c)); got < colour.MinText {
					t.Fatalf("%s on %s has %.2f:1", colour.TextOn(c), c, got)
				}
			}
		}
	}
}

func TestDarkenAndLighten(t *testing.T) {
	onWhite := func(c colour.RGB) bool { return colour.Contrast(c, colour.White) >= colour.MinText }
	onBlack := func(c colour.RGB) bool { return colour.Contrast(c, colour.Black) >= colour.MinText }
	none := func(colour.RGB) bool { return false }
	amber := colour.RGB{R: 0xff, G: 0xb0}
	navy := colour.RGB{B: 0x80}
	for name, row := range map[string]struct{ got, want colour.RGB }{
		"passes already":   {navy.Darken(onWhite), navy},
		"darker":           {amber.Darken(onWhite), colour.RGB{R: 0x9e, G: 0x6d}},
		"darker green":     {colour.RGB{R: 0x33, G: 0xcc, B: 0x99}.Darken(onWhite), colour.RGB{R: 0x21, G: 0x85, B: 0x63}},
		"darker blue":      {colour.RGB{R: 0x99, G: 0xcc, B: 0xff}.Darken(onWhite), colour.RGB{G: 0x74, B: 0xe8}},
		"darker pink":      {colour.RGB{R: 0xff, G: 0x99, B: 0xcc}.Darken(onWhite), colour.RGB{R: 0xe5, B: 0x73}},
		"lighter":          {navy.Lighten(onBlack), colour.RGB{R: 0x5f, G: 0x5f, B: 0xff}},
		"nothing is dark":  {amber.Darken(none), colour.Black},
		"nothing is light": {navy.Lighten(none), colour.White},
	} {
		expect.Equal(t, row.got, row.want, name)
	}
}
