package browser_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/internal/expect"
)

// run runs an asynchronous script in the page, which has the module of the gate's, and
// returns what it returns.
func (b *tab) run(script string) string {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](`document.body.dataset.ran = "", import("/2fa/assets/eagate.js").then(async ({ eagateFetch }) => {
		try { ` + script + ` } catch (e) { return e.name; }
	}).then((said) => { document.body.dataset.ran = said; }), undefined`))
	b.see(`body:not([data-ran=""])`)
	return b.attribute("body", "data-ran")
}

// What the script does with requests that are given up, refused again, or refused for
// another reason; and when it has the phone ring.
func TestSinglePageRules(t *testing.T) {
	t.Parallel()
	rec := new(recorder)
	w := newWorldBehind(t, func(app http.Handler) http.Handler {
		refusals := map[string]func(http.ResponseWriter){
			"/api/always": func(w http.ResponseWriter) {
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"type":"urn:eagate:problem:second-factor-required","title":"x","status":403}`)
			},
			"/api/down": func(w http.ResponseWriter) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = io.WriteString(w, `{"type":"urn:eagate:problem:unavailable","title":"Temporarily unavailable","status":503}`)
			},
			"/api/others": func(w http.ResponseWriter) {
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"type":"urn:others:problem:second-factor-required","title":"x","status":403}`)
			},
		}
		return rec.record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if refuse := refusals[r.URL.Path]; refuse != nil {
				w.Header().Set("Content-Type", "application/problem+json")
				refuse(w)
				return
			}
			app.ServeHTTP(w, r)
		}))
	})
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.spa(alice)
	answer(t, phone.Approve)
	b.wantLoaded()
	w.Clock.Add(20 * time.Minute)
	asked := len(w.Emulator.Requests())

	for _, test := range []struct {
		path     string
		statuses []int
	}{
		{"/api/always", []int{403, 403}}, // the session has proved it, and isn't believed
		{"/api/others", []int{403}},
	} {
		expect.Equal(t, b.run(`return (await eagateFetch("`+test.path+`")).status;`), "403", "%s, (the refusal)", test.path)
		if _, got := rec.of("GET " + test.path); !slices.Equal(got, test.statuses) {
			t.Errorf("%s: got %v, want %v", test.path, got, test.statuses)
		}
	}
	b.do(chromedp.Evaluate[chromedp.Void](`document.body.dataset.status = "", import("/2fa/assets/eagate.js").then(({ eagateFetch }) => eagateFetch("/api/down")).then(({ status }) => { document.body.dataset.status = status; }), undefined`))
	b.see(`body[data-status="503"]`)
	b.wantSoon("#said", "Temporarily unavailable")
	if _, got := rec.of("GET /api/down"); len(got) != 1 {
		t.Errorf("got %v, want one answer", got)
	}
	expect.Equal(t, len(w.Emulator.Requests())-asked, 0, "times the phone was asked")

	const send = `eagateFetch("/api/transfer", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"to":"Bob","amount":5}', signal: stop.signal })`
	got := b.run(`const stop = new AbortController();
		const sent = ` + send + `.then(() => "answered", (e) => e.name);
		while (!document.querySelector("#challenge[open] #number:not(:empty)")) await new Promise((go) => setTimeout(go, 20));
		stop.abort();
		return await sent;`)
	expect.Equal(t, got, "AbortError", "given up")
	b.see(`body:not(:has(#challenge[open]))`)

	// The phone isn't asked again by itself where nobody has answered it.
	b.enter("#to", "Bob")
	b.enter("#amount", "5")
	b.click("#transfer button")
	b.see(spaPending)
	asked = len(w.Emulator.Requests())
	answer(t, phone.Deny)
	b.see(`#challenge[open][data-state="not_approved"]`)
	b.click("#cancel")
	b.wantSoon("#said", "Nothing was sent.")
	b.click("#transfer button")
	b.see(`#challenge[open]:not([data-state="pending"]) #again`)
	expect.Equal(t, len(w.Emulator.Requests())-asked, 0, "after a request that nobody approved, the phone was asked")
	w.Clock.Add(time.Hour)
	b.click("#again")
	b.see(spaPending)
	answer(t, phone.Approve)
	b.wantSoon("#said", "5 € would now be on the way to Bob, were this not a demo.")

	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = slices.DeleteFunc(b.complaints, func(s string) bool { return strings.Contains(s, "/api/down") })
}

// What of a page's requests is given up leaves nothing behind: the phone doesn't ring for
// them later, other tabs don't wait for them, and nothing is listened to.
func TestSinglePageGivenUp(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Bool // whether another browser of the session has begun a challenge
	w := newWorldBehind(t, func(app http.Handler) http.Handler {
		bodies := map[string]string{"/api/bare": "", "/api/null": "null", "/api/number": `{"type":5}`, "/api/text": `"x"`}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, ok := bodies[r.URL.Path]
			if r.Method == http.MethodGet && r.URL.Path == "/2fa/challenge" && elsewhere.Load() {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusConflict)
				_, _ = io.WriteString(w, `{"type":"urn:eagate:problem:other-browser","title":"x","status":409}`)
				return
			}
			if !ok {
				app.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, body)
		})
	})
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.spa(alice)
	answer(t, phone.Approve)
	b.wantLoaded()
	w.Clock.Add(20 * time.Minute)
	asked := len(w.Emulator.Requests())
	wantAsked := func(want int) {
		t.Helper()
		expect.Equal(t, len(w.Emulator.Requests())-asked, want, "times the phone was asked")
	}

	for _, request := range []string{`"/api/bare"`, `"/api/null"`, `"/api/number"`, `"/api/text"`} {
		expect.Equal(t, b.run(`return (await eagateFetch(`+request+`)).status;`), "403", "%s, (the refusal)", request)
	}

	const sent = `const stop = new AbortController();
		const real = window.fetch;
		const pause = (time) => new Promise((go) => setTimeout(go, time));
		const shown = async (state) => { while (!document.querySelector(` + "`#challenge[open][data-state=${state}]`" + `)) await pause(20); };
		const send = () => eagateFetch("/api/transfer", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"to":"Bob","amount":5}', signal: stop.signal }).catch((e) => e.name);
		const hide = (hidden) => {
			Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
			document.dispatchEvent(new Event("visibilitychange"));
		};`
	expect.Equal(t, b.run(sent+`
		let looks = 0;
		window.fetch = async (...args) => {
			const response = await real(...args);
			if (String(args[0]).endsWith("/2fa/challenge")) { looks++; stop.abort(); }
			return response;
		};
		await send();
		await pause(50);
		hide(false);
		await pause(50);
		window.fetch = real;
		return looks;`), "1", "given up as it begins: the challenge was looked")
	wantAsked(0)
	expect.Equal(t, b.run(sent+`
		let release;
		navigator.locks.request("eagate", () => new Promise((go) => { release = go; }));
		while (!release) await pause(10);
		const sending = send();
		while (!(await navigator.locks.query()).pending.length) await pause(10);
		hide(true);
		release();
		await pause(100);
		const { held } = await navigator.locks.query();
		hide(false);
		await shown("pending");
		stop.abort();
		await sending;
		return held.length;`), "0", "a tab that nobody sees holds locks")
	wantAsked(1)
	w.Clock.Add(6 * time.Minute)
	expect.Equal(t, b.run(sent+`
		const sending = send();
		await shown("expired");
		stop.abort();
		return await sending;`), "AbortError")
	wantAsked(1)

	// What another browser has taken over is given up, too.
	b.enter("#to", "Bob")
	b.enter("#amount", "5")
	b.click("#transfer button")
	b.click(`#challenge[open][data-state="expired"] #again`)
	b.see(spaPending)
	elsewhere.Store(true)
	b.do(chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new Event("visibilitychange"))`))
	b.see(`#challenge[open][data-state="none"]:has(#number:empty) #again:not([hidden])`)
	wantAsked(2)
}
