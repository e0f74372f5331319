package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxIssuer bounds, in bytes, what goes twice into the QR code.
const maxIssuer = 64

func checkIssuer(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("no name for the application")
	case len(name) > maxIssuer:
		return fmt.Errorf("%q is longer than %d bytes", name, maxIssuer)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%q has characters that can't be shown", name)
	}
	return nil
}

// checkPath takes a path in its plain form.
func checkPath(p string) error {
	if !strings.HasPrefix(p, "/") || !isPlain(p) || strings.ContainsAny(p, "?#%\\ \t\r\n{}") {
		return fmt.Errorf("%q isn't a plain path such as /account", p)
	}
	return nil
}

func checkBase(p string) error {
	if err := checkPath(p); err != nil {
		return err
	}
	if p == "/" || strings.HasSuffix(p, "/") {
		return fmt.Errorf("%q ends with a slash", p)
	}
	if (&url.URL{Path: p}).EscapedPath() != p { // requests would come in another spelling
		return fmt.Errorf("%q has characters that are escaped in addresses", p)
	}
	return nil
}

// isPlain reports whether a path reads the same to everybody.
func isPlain(p string) bool {
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}

// exemptions tells which requests need no second factor.
type exemptions struct{ mux *http.ServeMux }

func newExemptions(patterns []string) (e exemptions, err error) {
	e.mux = http.NewServeMux()
	var faults []error
	for _, pattern := range patterns {
		if err := e.add(pattern); err != nil {
			faults = append(faults, fmt.Errorf("middleware: WithExempt: %w", err))
		}
	}
	return e, errors.Join(faults...)
}

// add registers a pattern; a ServeMux panics where it can't.
func (e exemptions) add(pattern string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("pattern %q: %v", pattern, p)
		}
	}()
	_, p, found := strings.Cut(pattern, " ")
	if !found {
		p = pattern
	}
	switch p = strings.TrimLeft(p, " \t"); {
	case !strings.HasPrefix(p, "/"):
		return fmt.Errorf("pattern %q: want a path that begins with a slash, after a method if any", pattern)
	case p == "/":
		return fmt.Errorf("pattern %q would exempt everything; for the front page alone use \"/{$}\"", pattern)
	case strings.HasPrefix(p, "/{") && !strings.HasPrefix(p, "/{$}"):
		return fmt.Errorf("pattern %q begins with a wildcard, and would exempt too much", pattern)
	}
	e.mux.Handle(pattern, exempted{})
	return nil
}

// match reports whether the request is exempt. Only a path that reads the same
// to every router and rewriter behind is: not "/open/..json" either, of which
// cutting off the format leaves dots that cleaning would then follow, nor
// "/open/.json", of which it leaves the folder.
func (e exemptions) match(r *http.Request) bool {
	p := r.URL.Path
	if r.URL.RawPath != "" || !isPlain(p) || strings.ContainsAny(p, "\\%;") || strings.Contains(p, "..") || strings.Contains(p, "/.") && path.Base(p)[0] == '.' {
		return false
	}
	h, _ := e.mux.Handler(r) // or what redirects "/static" to "/static/"
	_, ok := h.(exempted)
	return ok
}

// exempted is what the patterns stand for.
type exempted struct{ http.Handler }
