package emulator

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed assets
var assets embed.FS

var pages = template.Must(template.ParseFS(assets, "assets/*.html"))

// addPhone adds the page that acts as the phone of all users.
func (e *Emulator) addPhone(mux *http.ServeMux) {
	mux.Handle("GET /{$}", http.RedirectHandler(PhonePath, http.StatusSeeOther))
	mux.HandleFunc("GET "+PhonePath, e.showPhone)
	mux.HandleFunc("GET "+PhonePath+"/add", func(w http.ResponseWriter, r *http.Request) {
		e.showAdd(w, http.StatusOK, addView{Of: r.URL.Query().Get("of")})
	})
	mux.HandleFunc("POST "+PhonePath+"/add", e.add)
	mux.HandleFunc("POST "+PhonePath+"/answer", e.answer)
	mux.HandleFunc("POST "+PhonePath+"/controls", e.control)
	mux.Handle("GET /assets/style.css", asset("style.css"))
	mux.Handle("GET /assets/phone.js", asset("phone.js"))
	mux.Handle("GET /assets/webview.js", asset("webview.js"))
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
	of := r.PostForm.Get("of")
	q, err := e.settle(r.PostForm.Get("request"), pick)
	if err != nil {
		http.Redirect(w, r, phoneURL(of, "gone"), http.StatusSeeOther)
		return
	}
	// The report may be slow on purpose, and the page doesn't wait for it.
	e.background(func(ctx context.Context) { _, _ = e.report(ctx, q) })
	what := q.answer.String()
	if q.answer == Denied && r.PostForm.Has("number") {
		what = "wrong"
	}
	http.Redirect(w, r, phoneURL(of, what), http.StatusSeeOther)
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
	Of, Clock, Here   string // as in a phoneView
	URI, Email, Error string
}

func (e *Emulator) showAdd(w http.ResponseWriter, status int, v addView) {
	v.Clock, v.Here = clock(e.config.Now()), phoneURL(v.Of, "")
	render(w, status, "add.html", v)
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
	of := r.PostForm.Get("of")
	if err != nil {
		e.showAdd(w, http.StatusUnprocessableEntity, addView{Of: of, URI: uri, Email: r.PostForm.Get("email"), Error: inApp(err)})
		return
	}
	if of != "" {
		of = a.Email // where it can be seen
	}
	http.Redirect(w, r, phoneURL(of, "added"), http.StatusSeeOther)
}

// inApp returns the error as a sentence of the app.
func inApp(err error) string {
	text := strings.TrimPrefix(err.Error(), "emulator: ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
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
