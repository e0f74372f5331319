package session

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eagate/eagate/internal/factor"
)

const (
	// browserHeader is for programs that keep no cookies: they ask for the secret by
	// wantsBrowser, and send it back.
	browserHeader = "Eagate-Browser"
	wantsBrowser  = "new"

	// browserLifetime is how long a browser keeps a secret: longer than a challenge or
	// an enrolment lasts.
	browserLifetime = 35 * time.Minute

	// preparedFor is how long a secret is fit to begin something with, after the response
	// that set it: a redirect takes no longer. An older one may be known to somebody who
	// copied the browser's cookies meanwhile.
	preparedFor = time.Minute

	browsersKept = 8  // by one browser: the oldest make room
	browsersMost = 32 // in one request: the others aren't looked at
)

// A Browser is the secret by which the browser that begins a challenge or an enrolment
// is known again. Whoever has only the session's cookie doesn't have it.
//
// Each attempt has a secret of its own, in a cookie of its own name: pages that are
// opened at the same time don't overwrite each other's, and cookies that were copied
// before the attempt don't help.
type Browser struct {
	name   string // of the cookie, but for what all of them begin with
	made   string // the second at which it was made, or "" once something was begun with it
	secret string // random letters
}

// NewBrowser makes a secret to begin something with, for [Sessions.KeepBrowser].
func (s *Sessions) NewBrowser() Browser {
	now := strconv.FormatInt(s.rules.Now().Unix(), 36)
	return Browser{name: rand.Text()[:10], made: now, secret: rand.Text()}
}

// Begun is the same secret, no longer fit to begin anything else with.
func (b Browser) Begun() Browser {
	b.made = ""
	return b
}

// Trace tells when the secret was made and what its cookie is called, and nothing of the
// secret.
func (b Browser) Trace() string { return b.made + "." + b.name }

// IsLost reports whether the browser was given a secret of that trace a moment ago, and
// doesn't bring it.
func (s *Sessions) IsLost(r *http.Request, trace string) bool {
	made, name, _ := strings.Cut(trace, ".")
	return s.isNow(secondOf(made)) && !slices.ContainsFunc(s.browsers(r), func(b Browser) bool { return b.name == name })
}

// BrowserCookie is how the names of the secrets' cookies begin.
func (s *Sessions) BrowserCookie() string { return s.browser.Name }

// Hash is what records keep of the secret.
func (b Browser) Hash() string { return factor.BrowserOf(b.secret) }

// value is what the browser keeps.
func (b Browser) value() string { return b.made + "." + b.secret }

// browser returns what value was made of.
func browser(name, value string) Browser {
	made, secret, _ := strings.Cut(value, ".")
	return Browser{name, made, secret}
}

// KeepBrowser has the browser, or the program that asks for it by a header, keep the
// secret.
func (s *Sessions) KeepBrowser(w http.ResponseWriter, r *http.Request, b Browser) {
	if len(r.Header[browserHeader]) > 0 {
		w.Header().Set(browserHeader, b.value())
		return
	}
	list := s.browsers(r) // a browser sends those first that it got first
	for _, old := range list[:max(0, len(list)-browsersKept+1)] {
		if gone := s.browser; old.name != b.name {
			gone.Name += old.name
			gone.MaxAge = -1
			http.SetCookie(w, &gone)
		}
	}
	cookie := s.browser
	cookie.Name += b.name
	cookie.Value, cookie.MaxAge = b.value(), int(browserLifetime/time.Second)
	http.SetCookie(w, &cookie)
}

// browsers returns the secrets that the request brings. A name that comes twice counts
// for nothing: another site of the same domain may have set one of them.
func (s *Sessions) browsers(r *http.Request) []Browser {
	if head := r.Header[browserHeader]; len(head) > 0 {
		if len(head) > 1 || head[0] == wantsBrowser {
			return nil
		}
		return []Browser{browser("", head[0])}
	}
	var list []Browser
	seen := make(map[string]int)
	for _, cookie := range r.Cookies() {
		name, ok := strings.CutPrefix(cookie.Name, s.browser.Name)
		if !ok {
			continue
		}
		if seen[name]++; seen[name] == 1 && len(list) < browsersMost {
			list = append(list, browser(name, cookie.Value))
		}
	}
	once := list[:0]
	for _, b := range list {
		if seen[b.name] == 1 {
			once = append(once, b)
		}
	}
	return once
}

// Prepared returns the newest secret of the browser that is fit to begin something
// with: preferably the one with that hash.
func (s *Sessions) Prepared(r *http.Request, hash string) (newest Browser, ok bool) {
	for _, b := range s.browsers(r) {
		if !s.isNow(secondOf(b.made)) {
			continue
		}
		if b.Hash() == hash {
			return b, true
		}
		if !ok || b.made >= newest.made { // they have the same length
			newest, ok = b, true
		}
	}
	return newest, ok
}

// secondOf returns the second that was written so, or 0.
func secondOf(made string) int64 {
	n, _ := strconv.ParseInt(made, 36, 64)
	return n
}

// An attempt is a browser's secret that a form carries: however often the form is sent, it
// is known to be the same, and whichever answer the browser takes gives it the secret.

// NewAttempt returns a secret for a form.
func NewAttempt() string { return rand.Text() }

// Attempt returns the secret that a form carried, or another one if that can't be one.
func (s *Sessions) Attempt(text string) Browser {
	if len(text) != len(NewAttempt()) || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		text = NewAttempt()
	}
	b := Browser{secret: text}
	b.name = b.Hash()[:10] // the same each time that the form is sent
	return b
}

// Secret is what only the browser has.
func (b Browser) Secret() string { return b.secret }
