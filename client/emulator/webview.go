package emulator

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// addWebview adds the hosted page: it shows the number, waits for the phone, and returns
// the result to the application's page.
func (e *Emulator) addWebview(mux *http.ServeMux) {
	mux.HandleFunc("GET "+WebviewPath, e.showWebview)
}

// A visit has the parameters of the hosted page.
type visit struct {
	popup  bool
	token  string
	target *url.URL // to return to, or the origin of the popup's opener
	state  string
}

type webviewView struct {
	Email  string
	Number string
	Error  string

	// For a popup whose request was answered:
	Settled bool
	Origin  string
	Token   string // empty if it failed
	State   string
}

func (e *Emulator) showWebview(w http.ResponseWriter, r *http.Request) {
	v, err := parseVisit(r.URL.RawQuery)
	if err != nil {
		render(w, http.StatusBadRequest, "webview.html", webviewView{Error: "This link is faulty: " + err.Error() + "."})
		return
	}
	q, reported := e.requestOf(v.token)
	if q.ID == "" {
		render(w, http.StatusNotFound, "webview.html", webviewView{Error: "This link is not known."})
		return
	}
	if back, ok := e.forged(v); ok {
		v.comeBack(w, r, back)
		return
	}
	back := Return{State: v.state}
	switch q.State {
	case Waiting:
		render(w, http.StatusOK, "webview.html", webviewView{Email: q.Email, Number: q.Number})
		return
	case Approved:
		back.Token = v.token
	case Denied:
		back.Error = "REJECT"
	case Expired:
		back.Error = "TIMEOUT"
	case Failed:
		back.Error = "INTERNAL_SERVER_ERROR"
	}
	// The browser returns after the report.
	select {
	case <-reported:
	case <-r.Context().Done():
		return
	}
	v.comeBack(w, r, back)
}

// comeBack returns the result to the application's page.
func (v visit) comeBack(w http.ResponseWriter, r *http.Request, back Return) {
	if v.popup {
		render(w, http.StatusOK, "webview.html", webviewView{
			Settled: true, Origin: v.target.String(), Token: back.Token, State: back.State, Error: back.Error,
		})
		return
	}
	target := *v.target
	query := target.Query()
	if back.Token != "" {
		query.Set("session_token", back.Token)
	}
	if back.Error != "" {
		query.Set("error", back.Error)
	}
	target.RawQuery = query.Encode()
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}

// closed is for requests about which nothing is reported.
var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// requestOf returns the request with that token, and a channel that is closed after the
// report to the application. There is no report about a request that expired by itself.
func (e *Emulator) requestOf(token string) (Request, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	q := e.byToken(token)
	if q == nil {
		return Request{}, nil
	}
	view := q.view(e.config.Now())
	if view.State == Expired && q.answer == Waiting {
		return view, closed
	}
	return view, q.reported
}

// parseVisit accepts each parameter exactly once, and no other.
func parseVisit(query string) (visit, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return visit{}, errors.New("query is badly escaped")
	}
	need := []string{"signin_method", "session_token", "redirect_uri"}
	var v visit
	switch values.Get("signin_method") {
	case "redirect":
	case "popup":
		v.popup = true
		need = append(need, "state")
	default:
		return visit{}, errors.New("signin_method is neither redirect nor popup")
	}
	for name, all := range values {
		if !slices.Contains(need, name) || len(all) != 1 {
			return visit{}, errors.New("a parameter is unknown or comes twice")
		}
	}
	for _, name := range need {
		if values.Get(name) == "" {
			return visit{}, errors.New(name + " is missing")
		}
	}
	v.token = values.Get("session_token")
	v.state = values.Get("state")
	raw := values.Get("redirect_uri")
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Contains(raw, "#") {
		return visit{}, errors.New("redirect_uri is not an absolute URL")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname())) {
		return visit{}, errors.New("redirect_uri is not https")
	}
	if v.popup && (u.Path != "" || u.RawQuery != "" || u.ForceQuery) {
		return visit{}, errors.New("redirect_uri is not an origin")
	}
	v.target = u
	return v, nil
}

func local(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
