package templates_test

import (
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// uriOf returns a key URI of that many bytes.
func uriOf(length int) string {
	const head = "otpauth://totp/Acme:alice%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer="
	return head + strings.Repeat("Ac-me", length/5)[:length-len(head)]
}

func TestQRDrawsEveryModule(t *testing.T) {
	for _, uri := range []string{keyURI, uriOf(100), uriOf(200), uriOf(400), uriOf(1024)} {
		svg := expect.Try(templates.QR(parseKey(t, uri), "label")).OrFail(t)
		want := expect.Try(qr.Encode(uri, qr.L, qr.Auto)).OrFail(t)
		checkModules(t, string(svg), want)
	}
}

// checkModules draws the picture's path, and compares it with the code.
func checkModules(t *testing.T, svg string, want barcode.Barcode) {
	t.Helper()
	size := want.Bounds().Dx()
	side := strconv.Itoa(size + 8)
	width := strconv.Itoa(drawnWidth(t, svg, size+8))
	for _, part := range []string{
		`viewBox="-4 -4.5 ` + side + " " + side + `"`,                               // four modules around the code,
		`<path fill="#fff" d="M-4-4.5h` + side + `v` + side + `h-` + side + `z"/>`,  // all of it white,
		`role="img" aria-label="label"`,                                             // named,
		`width="` + width + `" height="` + width + `" shape-rendering="crispEdges"`, // and sharp
		`<svg xmlns="http://www.w3.org/2000/svg" `, `"/></svg>`,
	} {
		expect.Contains(t, svg, part)
	}
	path := regexp.MustCompile(`stroke="#000" d="((?:M\d+ \d+|m\d+ 0|h\d+)+)"`).FindStringSubmatch(svg)
	if path == nil {
		t.Fatalf("got no path of modules in %.300s", svg)
	}
	type module struct{ x, y int }
	drawn := make(map[module]bool)
	var x, y int
	for _, m := range regexp.MustCompile(`([Mmh])(\d+)(?: (\d+))?`).FindAllStringSubmatch(path[1], -1) {
		n, _ := strconv.Atoi(m[2])
		switch m[1] {
		case "M":
			x = n
			y, _ = strconv.Atoi(m[3])
		case "m":
			x += n
		case "h":
			for range n {
				drawn[module{x, y}] = true
				x++
			}
		}
	}
	for y := range size {
		for x := range size {
			expect.Equal(t, drawn[module{x, y}], want.At(x, y) == color.Black, "module %d, %d: dark", x, y)
			delete(drawn, module{x, y})
		}
	}
	if len(drawn) > 0 {
		t.Errorf("%d modules are drawn outside the code", len(drawn))
	}
}

// drawnWidth returns how many pixels the picture is wide: each of its modules is a whole
// number of them, and it fits on a phone.
func drawnWidth(t *testing.T, svg string, modules int) int {
	t.Helper()
	m := regexp.MustCompile(` width="(\d+)"`).FindStringSubmatch(svg)
	if m == nil {
		t.Fatal("got no width")
	}
	width, _ := strconv.Atoi(m[1])
	if width%modules != 0 || width < 2*modules || width > max(280, 2*modules) {
		t.Errorf("got %d pixels for %d modules, want a multiple, and 280 at most", width, modules)
	}
	return width
}

func TestQRIsSmall(t *testing.T) {
	svg := expect.Try(templates.QR(parseKey(t, uriOf(200)), templates.Texts(templates.Thai)["enable.qr"])).OrFail(t)
	if len(svg) > 5<<10 {
		t.Errorf("got %d bytes, want at most 5 KiB", len(svg))
	}
	t.Logf("%d bytes", len(svg))
}

func TestQREscapesTheLabel(t *testing.T) {
	svg := expect.Try(templates.QR(parseKey(t, keyURI), `"><script>alert(1)</script>`)).OrFail(t)
	expect.Lacks(t, string(svg), "<script")
}

func TestQRNeedsAKey(t *testing.T) {
	if _, err := templates.QR(templates.KeyURI{}, "label"); err == nil {
		t.Error("got no error")
	}
}
