package browser_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/example/demo/app"
	"github.com/eagate/eagate/internal/expect"
)

// A recorder notes what the application is asked for, and what the answer's status is.
type recorder struct {
	mu   sync.Mutex
	list []recorded
}

type recorded struct {
	request, body string
	status        int
}

func (rec *recorder) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		noted := &noted{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(noted, r)
		rec.mu.Lock()
		defer rec.mu.Unlock()
		rec.list = append(rec.list, recorded{r.Method + " " + r.URL.Path, string(body), noted.status})
	})
}

// of returns what there was of a request.
func (rec *recorder) of(request string) (bodies []string, statuses []int) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	for _, r := range rec.list {
		if r.request == request {
			bodies, statuses = append(bodies, r.body), append(statuses, r.status)
		}
	}
	return bodies, statuses
}

type noted struct {
	http.ResponseWriter
	status int
}

func (n *noted) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

func (n *noted) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// Where the page of the demo that is a script shows how the challenge stands.
const (
	spaPending = `#challenge[open][data-state="pending"]`
	spaLoaded  = `body:not(:has(#challenge[open])) #messages`
)

// spa opens the page with a script, which asks for two things at once.
func (b *tab) spa(email string) {
	b.t.Helper()
	b.open("/spa")
	b.enter("#email", email)
	b.enter("#password", app.Password)
	b.click(`form[action="/login"] button`)
	b.see(spaPending)
}

// wantLoaded wants the page to show what it has asked for.
func (b *tab) wantLoaded() {
	b.t.Helper()
	b.see(spaLoaded)
	b.wantSoon("#balance", "1234")
	b.wantSoon("#messages", "Welcome to Acme, Alice.")
}

// wantSoon waits until an element says that.
func (b *tab) wantSoon(element, want string) {
	b.t.Helper()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for end := time.Now().Add(patience); ; <-retry.C {
		if got := b.text(element); got == want {
			return
		} else if time.Now().After(end) {
			b.t.Fatalf("%s: got %q, want %q", element, got, want)
		}
	}
}

// The page's script asks for two things at once: the phone is asked once, and after the
// tap both are there, without a new page. Then a transfer needs the phone again: what is
// sent comes to the application once.
func TestSinglePage(t *testing.T) {
	t.Parallel()
	rec := new(recorder)
	w := newWorldBehind(t, rec.record)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.spa(alice)
	if number, want := b.text("#number"), phone.Pending()[0].Number; number != want {
		t.Errorf("the page shows %q, the phone wants %q", number, want)
	}
	b.fits()
	b.enter("#code", "12")
	b.click("#by-code button")
	b.wantSoon("#fault", "That code isn't right: it has too few or too many characters, or others than a code has")
	answer(t, phone.Approve)
	b.wantLoaded()
	b.wantPath("/spa")
	b.fits()
	expect.Equal(t, len(w.Emulator.Requests()), 1, "times the phone was asked")
	if _, got := rec.of("GET /2fa/challenge"); len(got) > 2 { // to look before it asks, and to take the approval
		t.Errorf("the challenge was looked at %d times, want twice: the requests don't share it", len(got))
	}
	for _, path := range []string{"GET /api/account", "GET /api/messages"} {
		if _, got := rec.of(path); !slices.Equal(got, []int{403, 200}) {
			t.Errorf("%s: got %v, want a refusal and an answer", path, got)
		}
	}

	w.Clock.Add(20 * time.Minute)
	b.enter("#to", "Bob")
	b.enter("#amount", "5")
	b.click("#transfer button")
	b.see(spaPending)
	answer(t, phone.Approve)
	b.wantSoon("#said", "5 € would now be on the way to Bob, were this not a demo.")
	bodies, statuses := rec.of("POST /api/transfer")
	if !slices.Equal(statuses, []int{403, 200}) || bodies[0] != bodies[1] || bodies[1] != `{"to":"Bob","amount":5}` {
		t.Errorf("got %v of %q, want a refusal and an answer, of the same", statuses, bodies)
	}
	b.click("#transfer button")
	b.wantSoon("#said", "5 € would now be on the way to Bob, were this not a demo.")
	expect.Equal(t, len(w.Emulator.Requests()), 2, "in the end, the phone was asked")
}

// Codes, a request that nobody approves, and one that runs out.
func TestSinglePageOtherwise(t *testing.T) {
	t.Parallel()
	rec := new(recorder)
	w := newWorldBehind(t, rec.record)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.spa(alice)
	answer(t, phone.Deny)
	b.see(`#challenge[open][data-state="not_approved"]`)
	b.click("#again")
	b.see(spaPending)
	w.Clock.Add(6 * time.Minute)
	b.see(`#challenge[open][data-state="expired"]`)
	b.enter("#code", "000000")
	b.click("#by-code button")
	b.wantSoon("#fault", "That code isn't right")
	if _, got := rec.of("GET /api/account"); !slices.Equal(got, []int{403}) {
		t.Errorf("got %v before the proof, want one refusal", got)
	}
	b.enter("#code", w.code(t, phone))
	b.click("#by-code button")
	b.wantLoaded()
	expect.Equal(t, len(w.Emulator.Requests()), 2, "times the phone was asked")

	// A transfer doesn't take a code; it is given up.
	w.Clock.Add(20 * time.Minute)
	b.enter("#to", "Bob")
	b.enter("#amount", "5")
	b.click("#transfer button")
	b.see(spaPending)
	b.click("#cancel")
	b.wantSoon("#said", "Nothing was sent.")
	if _, got := rec.of("POST /api/transfer"); !slices.Equal(got, []int{403}) {
		t.Errorf("got %v, want one refusal", got)
	}
	b.wantPath("/spa")
}

// Two tabs wait, and the phone is asked once; what one of them proves is good for both.
func TestThoroughSinglePageTabs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.spa(alice)
	other := b.another()
	other.open("/spa")
	other.see(spaPending)
	expect.Equal(t, len(w.Emulator.Requests()), 1, "times the phone was asked")
	answer(t, phone.Approve)
	other.wantLoaded()
	b.wantLoaded()
}

// Where events don't come through, the script polls; where the phone can't be asked, it says
// why.
func TestThoroughSinglePageTrouble(t *testing.T) {
	t.Parallel()
	w := newWorldBehind(t, func(app http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/2fa/challenge/events" {
				http.NotFound(w, r)
				return
			}
			app.ServeHTTP(w, r)
		})
	})
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.spa(alice)
	answer(t, phone.Approve)
	b.wantLoaded()

	w.Emulator.SetPush(alice, false)
	w.Clock.Add(20 * time.Minute)
	b.enter("#to", "Bob")
	b.enter("#amount", "5")
	b.click("#transfer button")
	b.see(`#challenge[open][data-state="none"]`)
	b.wantSoon("#fault", "The service declines to ask the phone: its app may not be allowed to show notifications, or the log says why")
	b.click("#cancel")
	b.wantSoon("#said", "Nothing was sent.")
}

func TestThoroughSinglePageFirefox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	e := w.firefox(t)
	e.open("/spa")
	e.fill("E-mail address", alice)
	e.fill("Password", app.Password)
	e.push(button, "Sign in")
	e.see(spaPending)
	answer(t, phone.Approve)
	e.see(spaLoaded)
	w.Clock.Add(20 * time.Minute)
	e.fill("To", "Bob")
	e.fill("Amount in euros", "5")
	e.push(button, "Send")
	e.see(spaPending)
	answer(t, phone.Approve)
	e.wantStatus("5 € would now be on the way to Bob")
	expect.Equal(t, len(w.Emulator.Requests()), 2, "times the phone was asked")
}
