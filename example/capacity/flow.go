package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eagate/eagate/client/emulator"
)

// A standIn answers as the service does, and does nothing else.
type standIn struct {
	server *httptest.Server
	calls  atomic.Int64
	tokens sync.Map // by e-mail address
}

func newStandIn() *standIn {
	s := new(standIn)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		var in struct{ Email string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		token := rand.Text()
		if strings.HasSuffix(r.URL.Path, "/session-token") {
			s.tokens.Store(in.Email, token)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"code":"SUCCESS","message":"","data":{"session_token":%q,"secret_number":"70"}}`, token)
	}))
	return s
}

var transport = &http.Transport{MaxIdleConnsPerHost: 64}

// A visitor is a browser that does no more than it must.
type visitor struct {
	*node
	user    string
	cookies map[string]string
	events  *http.Response
	body    map[string]any // the last answer, if it was JSON
}

func (v *visitor) send(method, path, form string, want int) error {
	req, err := http.NewRequest(method, v.url+path, strings.NewReader(form))
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/html")
	if strings.HasPrefix(path, "/2fa/enable") {
		req.Header.Set("Accept", "application/json")
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range v.cookies {
		req.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	for _, c := range res.Cookies() {
		v.cookies[c.Name] = c.Value
	}
	if strings.HasSuffix(path, "/events") && res.StatusCode == want {
		v.events = res
		return v.awaitEvent("pending")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != want {
		err = fmt.Errorf("%s %s: got %d %.300s, want %d", method, path, res.StatusCode, text, want)
	}
	_ = json.Unmarshal(text, &v.body)
	return err
}

// awaitEvent waits for the state.
func (v *visitor) awaitEvent(state string) error {
	for lines := bufio.NewScanner(v.events.Body); lines.Scan(); {
		if strings.Contains(lines.Text(), `"`+state+`"`) {
			return nil
		}
	}
	return fmt.Errorf("the events end without %q", state)
}

// A step is what each visitor of a batch does.
type step struct {
	name string
	each int // requests of each visitor
	do   func(v *visitor) error
}

func request(name, method, path, form string, want int) step {
	return step{name, 1, func(v *visitor) error {
		return v.send(method, path, strings.ReplaceAll(form, "{user}", url.QueryEscape(v.user)), want)
	}}
}

const verifiedRequests = 20

func repeated(name, path string) step {
	return step{name, verifiedRequests, func(v *visitor) error {
		for range verifiedRequests {
			if err := v.send("GET", path, "", 200); err != nil {
				return err
			}
		}
		return nil
	}}
}

var (
	login    = request("password (the application's)", "POST", "/login", "user={user}", 200)
	redirect = request("first page: redirect", "GET", "/account", "", 303)
	waitPage = request("challenge page, which asks the phone", "GET", "/2fa/challenge", "", 200)
	events   = request("events: begin", "GET", "/2fa/challenge/events", "", 200)
	callback = step{"callback, and its event", 1, func(v *visitor) error {
		token, _ := v.service.tokens.Load(emailOf(v.user))
		err := (&visitor{node: v.node, cookies: map[string]string{}}).send("POST", v.callback+"?result=true&session_token="+fmt.Sprint(token), "", 200)
		if err == nil && v.events != nil {
			err = v.awaitEvent("approved")
			v.events.Body.Close()
		}
		return err
	}}
	unlock = request("challenge page, which uses the approval", "GET", "/2fa/challenge", "", 303)
	page   = repeated("verified request, cache warm", "/account")
	bare   = repeated("the same without a gate", "/bare")
	logout = request("logout", "POST", "/logout", "", 200)
	cold   = step{"verified request, cache cold", 1, func(v *visitor) error { return v.send("GET", "/account", "", 200) }}
)

// A template has what the accounts of all users are made like.
type template struct {
	phone emulator.Account
	codes []any
}

func (t *template) code(v *visitor) error {
	code, err := t.phone.Code(time.Now())
	if err != nil {
		return err
	}
	return v.send("POST", "/2fa/challenge/totp", "code="+code, 303)
}

func (t *template) recovery(v *visitor) error {
	return v.send("POST", "/2fa/challenge/recovery", "code="+url.QueryEscape(fmt.Sprint(t.codes[0])), 303)
}

// enrolment returns the steps to switch the second factor on, which fill a template.
func (t *template) enrolment() []step {
	return []step{
		login,
		request("enrolment: begin", "POST", "/2fa/enable", "", 200),
		{"enrolment: first code, which makes recovery codes", 1, func(v *visitor) error {
			uri, _ := v.body["uri"].(string)
			phone, err := emulator.ParseAccount(uri)
			if err != nil {
				return err
			}
			code, err := phone.Code(time.Now())
			if err == nil {
				err = v.send("POST", "/2fa/enable/confirm", "code="+code, 200)
			}
			t.phone = phone
			t.codes, _ = v.body["recovery_codes"].([]any)
			return err
		}},
	}
}

// template switches one user's second factor on, and uses it.
func (m *measurement) template(ctx context.Context, s *server, n *node) (*template, error) {
	t := new(template)
	v := &visitor{node: n, user: "template", cookies: map[string]string{}}
	for _, st := range append(t.enrolment(), logout, login, redirect, waitPage, callback, unlock) {
		if err := st.do(v); err != nil {
			return nil, fmt.Errorf("%s: %w", st.name, err)
		}
	}
	return t, m.documents(ctx, s)
}

// PostgreSQL logs a page as a whole when it is changed for the first time after a
// checkpoint.
const afterCheckpoint = "sign-in by push, soon after a checkpoint"

// flows has users sign in, step by step: all of a batch take one step before any takes
// the next.
func (m *measurement) flows(s *server, n *node, t *template) error {
	byPush := []step{login, redirect, waitPage, events, callback, unlock, page, bare, logout}
	byCode := []step{login, redirect, waitPage, {"code of the phone", 1, t.code}, cold, logout}
	byRecovery := []step{login, redirect, {"recovery code", 1, t.recovery}, logout}
	users := 0
	s.followLog()
	for _, f := range []struct {
		name   string
		batch  int
		rounds int
		steps  []step
	}{
		{"", m.batch, 1, byPush},
		{"sign-in by push", m.batch, 7, byPush},
		{afterCheckpoint, m.batch, 3, byPush[:6]},
		{"sign-in by code", m.batch, 5, byCode},
		{"sign-in by recovery code", m.batch / 4, 5, byRecovery}, // these two hash
		{"enrolment", m.batch / 4, 3, new(template).enrolment()},
	} {
		if f.name == afterCheckpoint && s.checkpoint == "" {
			continue
		}
		for range f.rounds {
			visitors := make([]*visitor, f.batch)
			for i := range visitors {
				visitors[i] = &visitor{node: n, user: userID(users), cookies: map[string]string{}}
				if f.name == "enrolment" {
					visitors[i].user = fmt.Sprint("new-", users)
				}
				users++
			}
			if err := m.round(f.name, s, visitors, f.steps); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *measurement) round(flow string, s *server, visitors []*visitor, steps []step) error {
	var whole used
	n := visitors[0].node
	if flow == afterCheckpoint {
		if _, err := s.db.Exec(s.checkpoint); err != nil {
			return err
		}
		s.followLog() // what was before is gone
	}
	for _, st := range steps {
		if st.name == cold.name {
			time.Sleep(2100 * time.Millisecond) // what a node remembers ages
		}
		before, err := s.used(n)
		if err != nil {
			return err
		}
		failed := make([]error, len(visitors))
		var all sync.WaitGroup
		for w := range 4 {
			all.Go(func() {
				for i := w; i < len(visitors); i += 4 {
					if failed[i] == nil {
						failed[i] = st.do(visitors[i])
					}
				}
			})
		}
		all.Wait()
		for _, err := range failed {
			if err != nil {
				return fmt.Errorf("%s: %s: %w", flow, st.name, err)
			}
		}
		after, err := s.used(n)
		if err != nil {
			return err
		}
		if flow == "" {
			continue // to warm up
		}
		spent := after.minus(before)
		if flow != afterCheckpoint {
			m.spend(st.name, spent, float64(len(visitors)*st.each))
		}
		if st.each == 1 && st.name != login.name && st.name != cold.name && st.name != logout.name {
			whole = whole.plus(spent)
		}
	}
	if flow != "" {
		m.spend(flow, whole, float64(len(visitors)))
	}
	return nil
}

// spend adds what so many requests or sign-ins have used.
func (m *measurement) spend(name string, u used, n float64) {
	m.add(name+": CPU of the node", "µs", u.CPU/n)
	if u.server > 0 {
		m.add(name+": CPU of the database's connections", "µs", u.server/n)
	}
	m.add(name+": store reads", "calls", float64(u.Reads)/n)
	m.add(name+": store writes", "calls", float64(u.Writes)/n)
	m.add(name+": of them, of accounts", "calls", float64(u.Accounts)/n)
	m.add(name+": of them, reported to watchers", "calls", float64(u.Notified)/n)
	m.add(name+": calls of the service", "calls", float64(u.service)/n)
	if u.log > 0 {
		m.add(name+": log of the database", "bytes", u.log/n)
	}
}
