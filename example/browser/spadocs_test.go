package browser_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

// What docs/single-page.md shows works as it is, under a strict policy.
func TestSinglePageDocs(t *testing.T) {
	t.Parallel()
	docs := expect.Try(os.ReadFile("../../docs/single-page.md")).OrFail(t)
	blocks := func(language string) (list []string) {
		for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(docs), -1) {
			list = append(list, m[1])
		}
		return list
	}
	scripts, pages := blocks("js"), blocks("html")
	if len(scripts) != 2 || len(pages) != 1 {
		t.Fatalf("got %d scripts and %d pages, want two and one", len(scripts), len(pages))
	}
	w := newWorldBehind(t, func(app http.Handler) http.Handler {
		files := map[string][2]string{
			"/leave": {"text/html", `<!doctype html><p id="balance"></p><script type="module" src="/leave.js"></script>`}, "/leave.js": {"text/javascript", scripts[0]},
			"/stay": {"text/html", "<!doctype html>" + pages[0] + `<script type="module" src="/stay.js"></script>`}, "/stay.js": {"text/javascript", scripts[1]},
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			file, ok := files[r.URL.Path]
			if !ok {
				app.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", file[0])
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'")
			_, _ = io.WriteString(w, file[1])
		})
	})
	phone := w.enrolled(t, alice)

	stays := w.browser(t)
	stays.login(alice)
	stays.see(waiting) // which the login leads to
	stays.open("/stay")
	stays.wantSoon("#number", phone.Pending()[0].Number)
	stays.enter("#code", "12")
	stays.click("form button")
	stays.see("#problem:not(:empty)")
	answer(t, phone.Approve)
	stays.wantSoon("#balance", "1234")
	stays.wantPath("/stay")
	expect.Equal(t, len(w.Emulator.Requests()), 1, "times the phone was asked")

	leaves := w.browser(t)
	leaves.open("/spa") // which needs no second factor, and leads to the login
	leaves.enter("#email", alice)
	leaves.enter("#password", "correct horse battery staple")
	leaves.click(`form[action="/login"] button`)
	leaves.see("#challenge[open]")
	leaves.open("/leave?tab=2")
	leaves.see(waiting)
	leaves.wantPath("/2fa/challenge")
	answer(t, phone.Approve)
	leaves.wantSoon("#balance", "1234")
	leaves.wantPath("/leave")
}
