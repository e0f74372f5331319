package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/eagate/eagate/client/emulator"
)

// A step is a request that each visitor of a batch makes, some times.
type step struct {
	name    string
	times   int
	request string // method, path and form
	want    int
	apart   bool // no part of a sign-in
}

const verifiedRequests = 20

var (
	login    = step{"password (the application's)", 1, "POST /login user={user}", 200, true}
	redirect = step{"first page: redirect", 1, "GET /account", 303, false}
	waitPage = step{"challenge page, which asks the phone", 1, "GET /2fa/challenge", 200, false}
	events   = step{"events: begin", 1, "GET /2fa/challenge/events", 200, false}
	callback = step{"callback, and its event", 1, "POST {callback}?result=true&session_token={token}", 200, false}
	unlock   = step{"challenge page, which uses the approval", 1, "GET /2fa/challenge", 303, false}
	code     = step{"code of the phone", 1, "POST /2fa/challenge/totp code={code}", 303, false}
	recovery = step{"recovery code", 1, "POST /2fa/challenge/recovery code={recovery}", 303, false}
	page     = step{"verified request, cache warm", verifiedRequests, "GET /account", 200, true}
	bare     = step{"the same without a gate", verifiedRequests, "GET /bare", 200, true}
	cold     = step{"verified request, cache cold", 1, "GET /account", 200, true}
	logout   = step{"logout", 1, "POST /logout", 200, true}
	begin    = step{"enrolment: begin", 1, "POST /2fa/enable", 200, false}
	confirm  = step{"enrolment: first code, which makes recovery codes", 1, "POST /2fa/enable/confirm code={code}", 200, false}
)

const (
	warmUp = ""

	// PostgreSQL logs a page as a whole when it is changed for the first time after a
	// checkpoint.
	afterCheckpoint = "sign-in by push, soon after a checkpoint"
)

// A visitor is a browser, with the phone and a recovery code of its user.
type visitor struct {
	*server
	http.Client
	user     string
	phone    emulator.Account
	recovery string
	events   io.ReadCloser
}

// new returns a visitor with the same phone and code, as all users have.
func (v *visitor) new(user string) *visitor {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &visitor{v.server, http.Client{Jar: must(cookiejar.New(nil)), CheckRedirect: stay}, user, v.phone, v.recovery, nil}
}

func (v *visitor) take(st step) {
	code, _ := v.phone.Code(time.Now())
	token, _ := v.tokens.Load(emailOf(v.user))
	request := strings.NewReplacer("{user}", v.user, "{code}", code, "{recovery}", v.recovery, "{callback}", v.Callback, "{token}", fmt.Sprint(token)).Replace(st.request)
	method, path, _ := strings.Cut(request, " ")
	path, form, _ := strings.Cut(path, " ")
	with, enrols := v.Client, st == begin || st == confirm
	if st == callback {
		with.Jar = nil // the service has no cookies
	}
	for range st.times {
		req := must(http.NewRequest(method, v.Node+path, strings.NewReader(form)))
		req.Header.Set("Accept", map[bool]string{true: "application/json", false: "text/html"}[enrols])
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res := must(with.Do(req))
		if st == events && res.StatusCode == st.want {
			v.events = res.Body
			v.await("pending")
			return
		}
		text := must(io.ReadAll(res.Body))
		res.Body.Close()
		if res.StatusCode != st.want {
			check(fmt.Errorf("%s: got %d %.300s, want %d", st.name, res.StatusCode, text, st.want))
		}
		var body struct {
			URI   string   `json:"uri"`
			Codes []string `json:"recovery_codes"`
		}
		if _ = json.Unmarshal(text, &body); st == begin {
			v.phone = must(emulator.ParseAccount(body.URI))
		} else if st == confirm {
			v.recovery = url.QueryEscape(body.Codes[0])
		}
	}
	if st == callback && v.events != nil {
		v.await("approved")
		v.events.Close()
	}
}

// await waits for the event of that state.
func (v *visitor) await(state string) {
	for lines := bufio.NewScanner(v.events); lines.Scan(); {
		if strings.Contains(lines.Text(), `"`+state+`"`) {
			return
		}
	}
	check(fmt.Errorf("the events end without %q", state))
}

// enrol switches one user's second factor on, and uses it.
func enrol(s *server) *visitor {
	v := (&visitor{server: s}).new(userID(template))
	for _, st := range []step{login, begin, confirm, logout, login, redirect, waitPage, callback, unlock} {
		v.take(st)
	}
	return v
}

// flows has users sign in, step by step: all of a batch take one step before any takes
// the next.
func (m *measurement) flows(s *server, like *visitor) {
	const batch, few = 40, 10 // few where codes are hashed
	byPush := []step{login, redirect, waitPage, events, callback, unlock, page, bare, logout}
	users := 0
	for _, f := range []struct {
		name          string
		batch, rounds int
		steps         []step
	}{
		{warmUp, batch, 1, byPush},
		{"sign-in by push", batch, 7, byPush},
		{afterCheckpoint, batch, 3, byPush[:6]},
		{"sign-in by code", batch, 5, []step{login, redirect, waitPage, code, cold, logout}},
		{"sign-in by recovery code", few, 5, []step{login, redirect, recovery, logout}},
		{"enrolment", few, 3, []step{login, begin, confirm}},
	} {
		if f.name == afterCheckpoint && s.query("checkpoint") == "" {
			continue
		}
		for range f.rounds {
			var visitors []*visitor
			for ; len(visitors) < f.batch; users++ {
				user := userID(users)
				if f.name == "enrolment" {
					user = "new-" + user[4:]
				}
				visitors = append(visitors, like.new(user))
			}
			if f.name == afterCheckpoint {
				must(s.db.Exec(s.query("checkpoint")))
			}
			whole := make(map[string]float64)
			for _, st := range f.steps {
				if st == cold {
					time.Sleep(2100 * time.Millisecond) // what a node remembers ages
				}
				before := s.used()
				for _, v := range visitors {
					v.take(st)
				}
				spent := s.used()
				for name := range spent {
					spent[name] -= before[name]
					if !st.apart {
						whole[name] += spent[name]
					}
				}
				if f.name != afterCheckpoint {
					m.spend(f.name, st.name, spent, f.batch*st.times)
				}
			}
			m.spend(f.name, f.name, whole, f.batch)
		}
	}
}

// spend adds what n requests or sign-ins of a flow have used, except to warm up.
func (m *measurement) spend(flow, name string, used map[string]float64, n int) {
	if flow == warmUp {
		return
	}
	for _, of := range slices.Sorted(maps.Keys(used)) {
		unit := map[string]string{"CPU": "µs", "log": "bytes"}[of[:3]]
		if unit == "" || used[of] > 0 {
			m.add(name+": "+of, cmp.Or(unit, "calls"), used[of]/float64(n))
		}
	}
}
