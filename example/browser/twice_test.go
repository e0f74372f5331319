package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/eagate/eagate/internal/expect"
)

// A losing application answers the first form that is sent to a path, but loses the
// answer: the browser waits, until it gives up.
type losing struct {
	app  http.Handler
	path string
	did  chan struct{} // receives once the application has answered
	n    int
}

func (l *losing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != l.path {
		l.app.ServeHTTP(w, r)
		return
	}
	if l.n++; l.n > 1 {
		l.app.ServeHTTP(w, r)
		return
	}
	l.app.ServeHTTP(httptest.NewRecorder(), r)
	close(l.did)
	<-r.Context().Done()
}

// A button that is pressed twice, Enter after it, or a reload, before the first answer has
// come: Chromium gives the first request up, and takes the answer to the second.
func TestThoroughSentTwice(t *testing.T) {
	t.Parallel()
	const totp, confirm = "/2fa/challenge/totp", "/2fa/enable/confirm"
	for _, path := range []string{totp, confirm} {
		for how, again := range map[string]func(b *tab, x, y float64){
			"a second click": func(b *tab, x, y float64) { b.do(chromedp.MouseClickXY(x, y)) },
			"Enter":          func(b *tab, _, _ float64) { b.do(chromedp.KeyEvent(kb.Enter)) },
			"a reload": func(b *tab, _, _ float64) {
				if _, err := chromedp.Call(b.ctx, page.Reload, page.ReloadParams{}); err != nil {
					b.t.Error(err)
				}
			},
		} {
			t.Run(path+", "+how, func(t *testing.T) {
				t.Parallel()
				l := &losing{path: path, did: make(chan struct{})}
				w := newWorldBehind(t, func(app http.Handler) http.Handler {
					l.app = app
					return l
				})
				b := w.browser(t)
				b.withoutScript() // with it, a button can't be pressed twice
				var code string
				if path == totp {
					phone := w.enrolled(t, alice)
					b.stopped(alice)
					b.open("/2fa/challenge?code=1")
					code = w.code(t, phone)
				} else {
					b.login(alice)
					b.see(lockedIn)
					b.open("/2fa/")
					b.click(`form[action="/2fa/enable"] button`)
					b.see("#qr svg")
					phone := w.Emulator.Phone(alice)
					expect.NoError(t, phone.AddAccount(b.attribute("#otpauth", "href")))
					code = w.code(t, phone)
				}
				b.see("#code")
				b.enter("#code", code)
				button := chromedp.CSS(`form[action="` + path + `"] button`)
				b.do(chromedp.ScrollIntoView(button))
				box := get(b, chromedp.Dimensions(button)).Content // its corners
				x, y := (box[0]+box[4])/2, (box[1]+box[5])/2
				b.do(chromedp.MouseClickXY(x, y))
				<-l.did
				again(b, x, y)
				if path == totp {
					b.see(verifiedIn)
					b.wantPath("/account")
				} else {
					b.see("#codes")
					b.wantPath("/2fa/recovery-codes")
				}
				expect.Equal(t, w.Account(t, alice).Failures, 0, "wrong codes")
			})
		}
	}
}
