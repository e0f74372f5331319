package templates

import (
	"errors"
	"html/template"
	"image/color"
	"strconv"

	"github.com/boombuler/barcode/qr"
)

// quiet is the width of the margin that a reader needs, in modules
// (ISO/IEC 18004, "quiet zone").
const quiet = 4

// widthMost is the most pixels that the code is wide, unless its modules would be
// narrower than two pixels.
const widthMost = 280

// QR returns the URI as a QR code in an SVG element, dark on white with its margin, with
// label as its accessible name. It is a whole number of pixels wide for each module.
//
// Its error correction level is L: a screen has no damage to correct, and fewer, larger
// modules are easier for cameras.
func QR(uri KeyURI, label string) (template.HTML, error) {
	if uri.uri == "" {
		return "", errors.New("templates: no key URI")
	}
	// Unicode is the encoder's name for the mode of bytes; an otpauth address
	// is never all digits or capitals.
	code, err := qr.Encode(uri.uri, qr.L, qr.Unicode)
	if err != nil { // which may quote the URI
		return "", errors.New("templates: key URI doesn't fit in a QR code")
	}
	size := code.Bounds().Dx()
	margin := strconv.Itoa(quiet)
	side := strconv.Itoa(size + 2*quiet)
	width := strconv.Itoa((size + 2*quiet) * max(widthMost/(size+2*quiet), 2))

	// The origin is half a module into the code, so that strokes of width 1
	// fill the modules.
	svg := make([]byte, 0, 512+len(label)+2*size*size)
	svg = append(svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-`+margin+` -`+margin+`.5 `+side+" "+side+
		`" role="img" aria-label="`+template.HTMLEscapeString(label)+
		`" width="`+width+`" height="`+width+`" shape-rendering="crispEdges"><path fill="#fff" d="M-`+margin+`-`+margin+`.5h`+side+"v"+side+"h-"+side+
		`z"/><path stroke="#000" d="`...)
	svg = appendModules(svg, size, func(x, y int) bool { return code.At(x, y) == color.Black })
	svg = append(svg, `"/></svg>`...)
	return template.HTML(svg), nil
}

// appendModules draws each row's runs of dark modules as strokes.
func appendModules(path []byte, size int, dark func(x, y int) bool) []byte {
	for y := range size {
		for x, first := 0, true; x < size; {
			start := x
			for x < size && !dark(x, y) {
				x++
			}
			if x == size {
				break
			}
			if first {
				path = append(path, 'M')
				path = strconv.AppendInt(path, int64(x), 10)
				path = append(path, ' ')
				path = strconv.AppendInt(path, int64(y), 10)
				first = false
			} else {
				path = append(path, 'm')
				path = strconv.AppendInt(path, int64(x-start), 10)
				path = append(path, " 0"...)
			}
			start = x
			for x < size && dark(x, y) {
				x++
			}
			path = append(path, 'h')
			path = strconv.AppendInt(path, int64(x-start), 10)
		}
	}
	return path
}
