package emulator

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"
)

//go:embed assets
var assets embed.FS

var pages = template.Must(template.ParseFS(assets, "assets/*.html"))

// addPhone adds the page that acts as the phone of all users.
func (e *Emulator) addPhone(mux *http.ServeMux) {
	mux.Handle("GET /{$}", http.RedirectHandler(PhonePath, http.StatusSeeOther))
	mux.HandleFunc("GET "+PhonePath, e.showPhone)
	mux.HandleFunc("GET "+PhonePath+"/add", func(w http.ResponseWriter, _ *http.Request) {
		render(w, http.StatusOK, "add.html", addView{})
	})
	mux.HandleFunc("POST "+PhonePath+"/add", e.add)
	mux.HandleFunc("POST "+PhonePath+"/answer", e.answer)
	mux.Handle("GET /assets/style.css", asset("style.css"))
	mux.Handle("GET /assets/phone.js", asset("phone.js"))
	mux.Handle("GET /assets/webview.js", asset("webview.js"))
}

type phoneView struct {
	Waiting  []requestView
	Answered []requestView
	Accounts []accountView
	Said     string
}

type requestView struct {
	Request
	SecondsLeft int
}

type accountView struct {
	Account
	Code        string
	SecondsLeft int
}

// maxAnswered is the number of answered requests on the page.
const maxAnswered = 3

func (e *Emulator) showPhone(w http.ResponseWriter, r *http.Request) {
	now := e.config.Now()
	v := phoneView{Said: said[r.URL.Query().Get("said")]}
	for _, q := range slices.Backward(e.Requests()) {
		if q.State == Waiting {
			v.Waiting = append(v.Waiting, requestView{q, secondsUntil(now, q.ExpiresAt)})
		} else if len(v.Answered) < maxAnswered {
			v.Answered = append(v.Answered, requestView{q, 0})
		}
	}
	for _, a := range e.Accounts() {
		code, err := a.Code(now)
		if err != nil {
			code = "no code"
		}
		v.Accounts = append(v.Accounts, accountView{a, code, a.Period - int(now.Unix()%int64(a.Period))})
	}
	render(w, http.StatusOK, "phone.html", v)
}

// said has the messages that a redirect to the page can show.
var said = map[string]string{
	"added":    "The account was added.",
	"gone":     "That request is not waiting any more.",
	"answered": "Your answer was sent.",
}

func (e *Emulator) answer(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	pick, ok := picked(r.PostForm)
	if !ok {
		http.Error(w, "a number, or an answer: deny, timeout or fail", http.StatusBadRequest)
		return
	}
	q, err := e.settle(r.PostForm.Get("request"), pick)
	if err != nil {
		http.Redirect(w, r, PhonePath+"?said=gone", http.StatusSeeOther)
		return
	}
	// The report may be slow on purpose, and the page doesn't wait for it.
	e.background(func(ctx context.Context) { _, _ = e.report(ctx, q) })
	http.Redirect(w, r, PhonePath+"?said=answered", http.StatusSeeOther)
}

// picked returns the action of a button on the page.
func picked(form url.Values) (pick func(*request) RequestState, ok bool) {
	number, answer := form.Get("number"), form.Get("answer")
	if number != "" && answer == "" {
		return tapped(number), true
	}
	state, ok := map[string]RequestState{"deny": Denied, "timeout": Expired, "fail": Failed}[answer]
	return func(*request) RequestState { return state }, ok && number == ""
}

// background runs f until Close, which waits for it.
func (e *Emulator) background(f func(context.Context)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx.Err() == nil {
		e.work.Go(func() { f(e.ctx) })
	}
}

type addView struct {
	URI, Email, Error string
}

func (e *Emulator) add(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	var a Account
	var err error
	uri := r.PostForm.Get("uri")
	if uri != "" {
		a, err = ParseAccount(uri)
	} else {
		a, err = typedAccount(r.PostForm.Get("email"), r.PostForm.Get("key"))
	}
	if err == nil {
		err = e.addAccount(a)
	}
	if err != nil {
		render(w, http.StatusUnprocessableEntity, "add.html", addView{uri, r.PostForm.Get("email"), err.Error()})
		return
	}
	http.Redirect(w, r, PhonePath+"?said=added", http.StatusSeeOther)
}

func secondsUntil(now, then time.Time) int {
	return int(then.Sub(now).Round(time.Second) / time.Second)
}

func render(w http.ResponseWriter, status int, name string, view any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, view); err != nil {
		http.Error(w, fmt.Sprintf("page %s failed", name), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func asset(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, assets, "assets/"+name)
	})
}

func withPageHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
