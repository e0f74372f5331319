package browser_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
)

// readQR reads the code off the screen. Like a camera, the reader looks more than
// once: now and then it takes something else in the code for one of its corners.
func (b *tab) readQR() string {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(1024, 768))
	defer b.do(chromedp.ResetViewport())
	var err error
	for _, scale := range []float64{4, 3, 5, 2, 6} {
		picture := get(b, chromedp.ScreenshotScale(chromedp.CSS("#qr svg"), scale))
		for _, hints := range []map[gozxing.DecodeHintType]any{nil, {gozxing.DecodeHintType_PURE_BARCODE: true}} {
			var text string
			if text, err = decodeQR(picture, hints); err == nil {
				return text
			}
		}
	}
	b.t.Fatalf("the QR code can't be read: %v", err)
	return ""
}

func decodeQR(picture []byte, hints map[gozxing.DecodeHintType]any) (string, error) {
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return "", err
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", err
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return "", err
	}
	return result.GetText(), nil
}

// What is on the screen gives back the issuer and the e-mail address to an app
// that splits first and decodes then.
func TestQR(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for _, test := range []struct{ name, issuer, email string }{
		{"plain", "Acme", "alice@example.com"},
		{"parameter", "Acme&secret=AAAA", "a&issuer=Evil@example.com"},
		{"signs", `Acme A\B? & #1, "C" + D`, "a:b?c&d=e#f 50%25+work/g@example.com"},
		{"unicode", "ร้าน Ünï 🔐", "แอลิซ@ตัวอย่าง.ไทย"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t,
				middleware.WithIssuer(test.issuer),
				middleware.WithUser(func(*http.Request) (middleware.User, error) {
					return middleware.User{ID: "1", Email: test.email}, nil
				}),
			)
			b := w.browser(t)
			b.open("/2fa/")
			b.click(`form[action="/2fa/enable"] button`)
			b.see("#qr svg")

			uri := b.readQR()
			expect.Equal(t, b.attribute("#otpauth", "href"), uri, "the QR code says %q, the link", uri)
			rest, ok := strings.CutPrefix(uri, "otpauth://totp/")
			label, query, cut := strings.Cut(rest, "?")
			issuer, email, split := strings.Cut(label, ":")
			if !ok || !cut || !split {
				t.Fatalf("%q is no otpauth URI", uri)
			}
			want := map[string]string{
				"label's issuer": test.issuer, "label's email": test.email,
				"issuer": test.issuer, "email": test.email,
				"secret":    strings.ReplaceAll(b.text("#key"), " ", ""),
				"client_id": w.Emulator.ClientID(),
				"algorithm": "SHA1", "digits": "6",
			}
			got := map[string]string{"label's issuer": issuer, "label's email": email}
			for parameter := range strings.SplitSeq(query, "&") {
				name, value, _ := strings.Cut(parameter, "=")
				if _, twice := got[name]; twice {
					t.Errorf("%s is there twice", name)
				}
				got[name] = value
			}
			expect.Equal(t, len(got), len(want), "parts %q", got)
			for name, want := range want {
				expect.Equal(t, expect.Try(url.PathUnescape(got[name])).OrFail(t), want, "%s", name)
			}
		})
	}
}
