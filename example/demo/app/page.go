package app

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/middleware"
)

//go:embed pages
var files embed.FS

var templates = template.Must(template.ParseFS(files, "pages/*.html"))

// A page is what the templates show.
type page struct {
	Title string
	Email string // in the login form
	Error string

	// Of who is logged in, if anybody.
	Name     string
	SignedIn bool

	// How the session was verified, if it was.
	Verified bool
	Method   string
	At       time.Time

	// Of a transfer.
	To, Amount string
	Done       bool

	// Of all users, for operators.
	Operator bool
	Accounts []middleware.AccountStatus

	PhoneURL string
	Next     string // what to try next, with the emulated phone
}

func (a *App) home(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "home", page{Title: "Acme"})
}

// account is for those who are logged in; the gate has seen to it that they gave
// the second factor too, if they have one.
func (a *App) account(w http.ResponseWriter, r *http.Request) {
	u, ok := a.currentUser(r)
	if !ok {
		a.sessions.Put(r.Context(), keyNext, r.URL.RequestURI())
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	p := page{Title: "Your account", Email: u.Email}
	p.Next = "switch on sign-in approval. The phone has no camera: copy the address of the link beside the QR code (right mouse button), tap + on the phone, and paste it."
	if v, ok := a.Gate.Verification(r); ok {
		p.Verified, p.At = true, v.At.UTC()
		p.Next = "sign out and in again, and the phone asks you whether it is you."
		switch v.Method {
		case eagate.Push:
			p.Method = "on the phone"
		case eagate.TOTP:
			p.Method = "by a code"
		case eagate.Recovery:
			p.Method = "by a recovery code"
		case eagate.TrustedDevice:
			p.Method = "earlier, on this trusted device"
		default:
			p.Method = "by " + v.Method.String()
		}
	}
	a.show(w, r, http.StatusOK, "account", p)
}

func (a *App) unavailable(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusServiceUnavailable, "error", page{Title: "Please try again", Error: "Something that we need doesn’t answer."})
}

// sessionFault answers a request whose session can't be loaded or saved: it comes
// from outside of all sessions, so that it can't tell who is logged in.
func (a *App) sessionFault(w http.ResponseWriter, r *http.Request, err error) {
	a.log.ErrorContext(r.Context(), "demo: session", slog.Any("error", err))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Retry-After", "5")
	http.Error(w, "Something that we need doesn’t answer. Please try again in a moment.", http.StatusServiceUnavailable)
}

const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (a *App) show(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	p.PhoneURL = a.phoneURL
	u, ok := a.currentUser(r)
	p.Name, p.SignedIn, p.Operator = u.Name, ok, u.Operator
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name+".html", p); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", pagePolicy)
	if name == "spa" {
		h.Set("Content-Security-Policy", spaPolicy)
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func asset(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "pages/"+name)
	}
}
