package middleware_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// byHand is what an application's authors would write without a gate, on chi and
// scs: it works, for one process, as long as nothing goes wrong and no two
// requests of a session come at once. Its answers are the gate's, headers and
// all, so that reading them costs the same; its page comes from the gate's
// template. What it must remember is in maps, or in the records that a gate keeps.
type byHand struct {
	sessions *scs.SessionManager
	service  string
	client   *http.Client
	secret   string
	pages    *templates.Pages
	memory   remembered
}

func handwritten(tb testing.TB, service *standIn, memory remembered, kept scs.Store) *site {
	tb.Helper()
	pages := expect.Try(templates.New()).OrFail(tb)
	transport := newTransport()
	tb.Cleanup(transport.CloseIdleConnections)
	a := &byHand{
		sessions: scs.New(), service: service.url, secret: rand.Text(), pages: pages,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		memory: memory,
	}
	a.sessions.Store = kept
	r := chi.NewRouter()
	r.Use(a.sessions.LoadAndSave)
	r.Post("/login", logIn(a.sessions))
	r.Route("/2fa", func(r chi.Router) {
		r.Use(secured)
		r.Get("/challenge", a.challenge)
		r.Post("/challenge", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusCreated)
			a.status(w, r)
		})
		r.Get("/challenge/status", a.status)
		r.Post("/callback/{secret}", a.callback)
	})
	r.With(a.guard).Get("/account", showAccount(a.sessions))
	s := &site{service: service, enrol: func(email string) error { return memory.enrol(tb.Context(), email) }}
	s.serve(tb, r)
	s.callback = s.url + "/2fa/callback/" + a.secret
	return s
}

// guard lets nobody through who hasn't proved the second factor.
func (a *byHand) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		email := a.sessions.GetString(ctx, "email")
		if a.sessions.GetBool(ctx, "verified") {
			next.ServeHTTP(w, r)
			return
		}
		enrolled, err := a.memory.isEnrolled(ctx, email)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		if !enrolled {
			next.ServeHTTP(w, r)
			return
		}
		if a.sessions.GetString(ctx, "token") == "" {
			if err := a.begin(ctx, email); err != nil {
				http.Error(w, "the phone can't be reached", http.StatusServiceUnavailable)
				return
			}
		}
		a.sessions.Put(ctx, "next", r.URL.RequestURI())
		secure(w.Header())
		seeOther(w, "/2fa/challenge")
	})
}

func (a *byHand) begin(ctx context.Context, email string) error {
	var created struct {
		Token string `json:"session_token"`
	}
	err := a.ask(ctx, http.MethodPost, "/session-token", "", map[string]string{"email": email, "client_id": "acme"}, &created)
	if err != nil {
		return err
	}
	var shown struct {
		Number string `json:"secret_number"`
	}
	if err := a.ask(ctx, http.MethodGet, "/secret-number", created.Token, nil, &shown); err != nil {
		return err
	}
	a.sessions.Put(ctx, "token", created.Token)
	return a.memory.begin(ctx, email, created.Token, shown.Number)
}

// ask calls the service, with the headers and the limits of package client.
func (a *byHand) ask(ctx context.Context, method, path, token string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.service+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("X-API-Key", "key")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "acme")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("X-Session-Token", token)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return err
	}
	var envelope struct {
		Code string
		Data json.RawMessage
	}
	if err := json.Unmarshal(raw, &envelope); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || envelope.Code != "SUCCESS" {
		return fmt.Errorf("the service says %d %s", res.StatusCode, envelope.Code)
	}
	return json.Unmarshal(envelope.Data, out)
}

// find returns the challenge of the request's session.
func (a *byHand) find(ctx context.Context) (token string, c pending, err error) {
	token = a.sessions.GetString(ctx, "token")
	c, err = a.memory.find(ctx, a.sessions.GetString(ctx, "email"), token)
	if err == nil && !time.Now().Before(c.expiresAt) {
		err = errNoChallenge
	}
	return token, c, err
}

func (a *byHand) status(w http.ResponseWriter, r *http.Request) {
	_, c, err := a.find(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	s := struct {
		State     string `json:"state"`
		Number    string `json:"number,omitempty"`
		ExpiresIn int    `json:"expires_in,omitempty"`
		Next      string `json:"next,omitempty"`
	}{State: "pending", Number: c.number, ExpiresIn: int(time.Until(c.expiresAt).Seconds())}
	if c.approved {
		s.State, s.Next = "approved", "/2fa/challenge"
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s)
}

func (a *byHand) callback(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(chi.URLParam(r, "secret")), []byte(a.secret)) != 1 {
		http.NotFound(w, r)
		return
	}
	query := r.URL.Query()
	if err := a.memory.decide(r.Context(), query.Get("session_token"), query.Get("result") == "true"); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"code":"SUCCESS"}`)
}

// challenge unlocks the session if the phone has said yes.
func (a *byHand) challenge(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	token, c, err := a.find(ctx)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if !c.approved {
		a.show(w, a.sessions.GetString(ctx, "email"), c)
		return
	}
	if err := a.memory.use(ctx, a.sessions.GetString(ctx, "email"), token); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	until := a.sessions.Deadline(ctx)
	if err := a.sessions.RenewToken(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	a.sessions.SetDeadline(ctx, until)
	a.sessions.Remove(ctx, "token")
	a.sessions.Put(ctx, "verified", true)
	seeOther(w, a.sessions.PopString(ctx, "next"))
}

// show shows the number.
func (a *byHand) show(w http.ResponseWriter, email string, c pending) {
	nonce := rand.Text()
	var b bytes.Buffer
	err := a.pages.Render(&b, templates.Challenge{
		Page: templates.Page{
			Lang: templates.English, Nonce: nonce, Base: "/2fa", Issuer: "Acme", Email: email, HomePath: "/",
		},
		State: templates.ChallengePending, Number: c.number, Next: "/2fa/challenge",
		ExpiresIn: time.Until(c.expiresAt), Lifetime: 5 * time.Minute,
		Code: templates.CodeForm{Digits: 6},
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", a.pages.ContentSecurityPolicy(nonce))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

// secure sets the headers that the pages of a second factor ought to have.
func secure(h http.Header) {
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Add("Vary", "Accept, Accept-Language")
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		next.ServeHTTP(w, r)
	})
}

func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
