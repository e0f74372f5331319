package handlers

import (
	"net/http"
	"strings"
)

// A kind is what a request is to whoever sends it, and so what an answer to it can be.
// It is told by headers that any program can send: it changes how a request is
// answered, and never what it may do.
type kind uint8

const (
	kindProgram    kind = iota // of a script, an API client, or a part of a page: nobody would see a page
	kindNavigation             // a browser opens the address as a page
	kindForm                   // a browser sends a form, and shows the answer
	kindFragment               // htmx puts the answer into a page; it goes elsewhere if HX-Redirect says so
	kindRestore                // htmx puts the answer in place of a page that it no longer has; it follows nothing
	kindAhead                  // a browser or a script fetches it in case it will be wanted: nobody has asked for it
)

// isHTMX reports whether htmx takes the answer into a page.
func (k kind) isHTMX() bool { return k == kindFragment || k == kindRestore }

// kindOf returns the kind of a request.
func kindOf(r *http.Request) kind {
	switch {
	case isAhead(r.Header):
		return kindAhead
	case isTrue(r.Header, "HX-History-Restore-Request"): // htmx 1 sends nothing else
		return kindRestore
	case isTrue(r.Header, "HX-Request"):
		return kindFragment
	case !wantsPage(r):
		return kindProgram
	case r.Method == http.MethodGet:
		return kindNavigation
	case r.Method == http.MethodPost && namesPage(r): // a program that takes whatever comes doesn't
		return kindForm
	}
	return kindProgram
}

// IsNavigation reports whether a browser opens an address as a page. Only such a
// request is sent elsewhere, or makes the phone ring.
func IsNavigation(r *http.Request) bool { return kindOf(r) == kindNavigation }

// IsAhead reports whether the request is made before somebody asks for what it asks for:
// it changes nothing.
func IsAhead(r *http.Request) bool { return kindOf(r) == kindAhead }

// wantsPage reports whether a browser would show the answer as a page.
func wantsPage(r *http.Request) bool {
	if r.Header.Get("Upgrade") != "" {
		return false
	}
	if page, _, rest := accepts(r); page == 0 && rest == 0 || prefersJSON(r) {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" && dest != "document" {
		return false
	}
	by := r.Header["X-Requested-With"]
	// The WebView of an Android application sends the application's name with all
	// requests, those of scripts included; they don't name pages.
	return len(by) == 0 || len(by) == 1 && isPackage(by[0]) && namesPage(r)
}

// namesPage reports whether the request asks for a page by name, as browsers do for
// what they show.
func namesPage(r *http.Request) bool {
	page, _, _ := accepts(r)
	return page > 0
}

// isPackage reports whether s is the name of an Android application: parts with dots
// between them, each a letter and then letters, digits and "_".
func isPackage(s string) bool {
	parts := strings.Split(s, ".")
	for _, part := range parts {
		if part == "" || !isLetter(rune(part[0])) || strings.ContainsFunc(part, func(c rune) bool { return !isLetter(c) && (c < '0' || c > '9') && c != '_' }) {
			return false
		}
	}
	return len(parts) > 1
}

func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// isAhead reports whether something is fetched, or a page made, before somebody asks for
// it. Sec-Purpose is the Fetch Standard's, and the others are those of older browsers
// (Purpose, X-Purpose, X-Moz) and of libraries (X-Sec-Purpose of Turbo, HX-Preloaded of
// htmx).
func isAhead(h http.Header) bool {
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz", "X-Sec-Purpose"} {
		for _, value := range h[name] {
			value, _, _ = strings.Cut(value, ";")
			switch strings.ToLower(strings.TrimSpace(value)) {
			case "prefetch", "prerender", "preview":
				return true
			}
		}
	}
	return isTrue(h, "HX-Preloaded")
}

// isTrue reports whether a header of a library says "true".
func isTrue(h http.Header, name string) bool { return h.Get(name) == "true" }
