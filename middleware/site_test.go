package middleware_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/middleware"
	"github.com/eagate/eagate/store"
)

// A site is an application with a second factor on a socket, as lean as one can
// be: what is measured is not the application.
type site struct {
	url      string
	callback string // the address that the service reports to
	service  *standIn
	enrol    func(email string) error
	requests atomic.Int64

	transport *http.Transport
}

// serve puts the application on a socket.
func (s *site) serve(tb testing.TB, app http.Handler) {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		app.ServeHTTP(w, r)
	}))
	tb.Cleanup(server.Close)
	s.url, s.transport = server.URL, newTransport()
	tb.Cleanup(s.transport.CloseIdleConnections)
}

// newTransport returns what keeps a connection for every client of a benchmark.
func newTransport() *http.Transport { return &http.Transport{MaxIdleConnsPerHost: 32} }

// gated returns an application behind a gate.
func gated(tb testing.TB, service *standIn, documents store.Backend, kept scs.Store) *site {
	tb.Helper()
	sessions := scs.New()
	sessions.Store = kept
	transport := newTransport()
	tb.Cleanup(transport.CloseIdleConnections)
	gate, err := middleware.New(
		middleware.WithSessions(sessions),
		middleware.WithService(client.New("acme", "key", client.WithBaseURL(service.url), client.WithHTTPClient(&http.Client{Transport: transport}))),
		middleware.WithStore(documents),
		middleware.WithUser(func(r *http.Request) (middleware.User, error) {
			return middleware.User{ID: sessions.GetString(r.Context(), apptest.KeyUser), Email: sessions.GetString(r.Context(), "email")}, nil
		}),
		middleware.WithIssuer("Acme"),
		middleware.WithKey(apptest.Key),
		middleware.WithInsecureCookie(),
		middleware.WithLoginPath("/login"),
		middleware.WithOrigin("http://app.example.com"),
		middleware.WithLogger(slog.New(slog.DiscardHandler)),
	)
	expect.NoError(tb, err)
	r := chi.NewRouter()
	r.Use(sessions.LoadAndSave, gate.Handler)
	r.Post("/login", logIn(sessions))
	r.Get("/account", showAccount(sessions))

	written := newInRecords(tb, documents)
	s := &site{service: service, enrol: func(email string) error { return written.enrol(tb.Context(), email) }}
	s.serve(tb, r)
	s.callback = s.url + apptest.CallbackPath(gate)
	return s
}

// logIn believes whoever comes.
func logIn(sessions *scs.SessionManager) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.RenewToken(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		sessions.Put(r.Context(), apptest.KeyUser, apptest.UserID(r.PostFormValue("email")))
		sessions.Put(r.Context(), "email", r.PostFormValue("email"))
	}
}

func showAccount(sessions *scs.SessionManager) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, apptest.Secret+" of "+sessions.GetString(r.Context(), "email"))
	}
}

func newMemstore() scs.Store { return memstore.NewWithCleanupInterval(0) }

// A visitor is a browser that does no more than it must.
type visitor struct {
	*site
	email  string
	cookie string // as it is sent
}

// send makes a request, and returns the body of an answer of the status that is
// wanted.
func (v *visitor) send(status int, method, address, accept, form string) (string, error) {
	req, err := http.NewRequest(method, address, strings.NewReader(form))
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", accept)
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.cookie != "" {
		req.Header.Set("Cookie", v.cookie)
	}
	res, err := v.transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	if res.StatusCode != status {
		return "", fmt.Errorf("%s %s: got %d %s, want %d", method, req.URL.Path, res.StatusCode, body, status)
	}
	for _, c := range res.Cookies() {
		v.keep(c)
	}
	return string(body), nil
}

// keep keeps a cookie in place of a former one of its name.
func (v *visitor) keep(c *http.Cookie) {
	pairs := slices.DeleteFunc(strings.Split(v.cookie, "; "), func(pair string) bool {
		return pair == "" || strings.HasPrefix(pair, c.Name+"=")
	})
	v.cookie = strings.Join(append(pairs, c.Name+"="+c.Value), "; ")
}

const (
	html    = "text/html"
	program = "application/json"
)

// stop logs in by password, and asks for the page, for which the phone is asked then.
func (s *site) stop(email string) (*visitor, error) {
	v, err := s.led(email)
	if err == nil {
		_, err = v.send(http.StatusCreated, http.MethodPost, s.url+"/2fa/challenge", program, "")
	}
	return v, err
}

// led logs in by password, and asks for the page.
func (s *site) led(email string) (*visitor, error) {
	v := &visitor{site: s, email: email}
	if _, err := v.send(http.StatusOK, http.MethodPost, s.url+"/login", html, "email="+url.QueryEscape(email)); err != nil {
		return nil, err
	}
	_, err := v.send(http.StatusSeeOther, http.MethodGet, s.url+"/account", html, "")
	return v, err
}

// wantState asks where the challenge stands.
func (v *visitor) wantState(state string) error {
	body, err := v.send(http.StatusOK, http.MethodGet, v.url+"/2fa/challenge/status", program, "")
	if err == nil && !strings.Contains(body, `"state":"`+state+`"`) {
		err = fmt.Errorf("status: got %s, want %s", body, state)
	}
	return err
}

// approve is the service's report of a tap on the right number.
func (v *visitor) approve() error {
	phone := visitor{site: v.site}
	query := url.Values{"result": {"true"}, "session_token": {v.service.take(v.email)}}
	_, err := phone.send(http.StatusOK, http.MethodPost, v.callback+"?"+query.Encode(), program, "")
	return err
}

// flow is the whole way of a user who has a second factor, from the password
// over the waiting page, if that is looked at, to the page.
func (s *site) flow(email string, looks bool) error {
	begin := s.stop
	if looks {
		begin = s.led
	}
	v, err := begin(email)
	if err != nil {
		return err
	}
	if looks {
		page, err := v.send(http.StatusOK, http.MethodGet, s.url+"/2fa/challenge", html, "")
		if err != nil {
			return err
		}
		if !strings.Contains(page, secretNumber) {
			return fmt.Errorf("challenge: got %q, want %s in it", page, secretNumber)
		}
	}
	if err := v.wantState("pending"); err != nil {
		return err
	}
	if err := v.approve(); err != nil {
		return err
	}
	if err := v.wantState("approved"); err != nil {
		return err
	}
	if _, err := v.send(http.StatusSeeOther, http.MethodGet, s.url+"/2fa/challenge", html, ""); err != nil {
		return err
	}
	page, err := v.send(http.StatusOK, http.MethodGet, s.url+"/account", html, "")
	if err == nil && page != apptest.Secret+" of "+email {
		err = fmt.Errorf("account: got %q", page)
	}
	return err
}
