package handlers

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/eagate/eagate/internal/fields"
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
	kindUpgrade                // of a script that opens a WebSocket: the answer sets no cookie
)

// isHTMX reports whether htmx takes the answer into a page.
func (k kind) isHTMX() bool { return k == kindFragment || k == kindRestore }

// A Sender is what the headers of a request say of who sends it.
type Sender struct {
	kind      kind
	json      bool // whether the answer should be JSON rather than a page
	page      bool // whether a browser would show the answer as a page
	crossSite bool // whether a page of another site sends it, and it may change something
}

// Sender reads the headers of a request.
func (h *Handlers) Sender(r *http.Request) Sender {
	s := senderOf(r)
	s.crossSite = h.cross.Check(r) != nil && !h.isOurs(r, r.Header.Get("Origin"))
	return s
}

func senderOf(r *http.Request) Sender {
	a := accepts(r)
	s := Sender{json: a.prefersJSON(r)}
	s.page = a.takesPage() && !s.json && showsPage(r, a)
	switch {
	case isAhead(r.Header):
		s.kind = kindAhead
	case isTrue(r.Header, "HX-History-Restore-Request"): // htmx 1 sends nothing else
		s.kind = kindRestore
	case isTrue(r.Header, "HX-Request"):
		s.kind = kindFragment
	case r.Header.Get("Upgrade") != "":
		s.kind = kindUpgrade
	case s.page && r.Method == http.MethodGet:
		s.kind = kindNavigation
	case s.page && r.Method == http.MethodPost && a.page > 0: // a program that takes whatever comes doesn't name pages
		s.kind = kindForm
	}
	return s
}

// An accept is how much a page is wanted, JSON, and anything at all.
type accept struct{ page, program, rest float64 }

// accepts reads the Accept header.
func accepts(r *http.Request) (a accept) {
	lines := r.Header["Accept"]
	if len(lines) == 0 {
		return accept{rest: 1}
	}
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			name, params, err := mime.ParseMediaType(part)
			if err != nil {
				continue
			}
			q := 1.0
			if s, ok := params["q"]; ok {
				if q, err = strconv.ParseFloat(s, 64); err != nil || !(q >= 0 && q <= 1) {
					continue
				}
			}
			switch name {
			case "text/html", "application/xhtml+xml", "text/*":
				a.page = max(a.page, q)
			case typeJSON, typeProblem:
				a.program = max(a.program, q)
			case "*/*":
				a.rest = max(a.rest, q)
			}
		}
	}
	return a
}

// prefersJSON reports whether the Accept header asks for JSON rather than for a
// page (RFC 9110 §12.5.1). Where both do as well, it's a page; but JSON that is
// named comes before a page that only a wildcard lets in. Where it names neither, as
// that of scripts unless they set it, JSON answers JSON.
func (a accept) prefersJSON(r *http.Request) bool {
	if a.page == 0 && a.program == 0 && a.rest > 0 {
		mediaType, err := fields.MediaType(r.Header)
		return err == nil && mediaType == fields.TypeJSON
	}
	return a.program > a.page && a.program >= a.rest
}

// takesPage reports whether a page is acceptable at all.
func (a accept) takesPage() bool { return a.page > 0 || a.rest > 0 }

// showsPage reports whether a browser shows what comes as a page, as far as the other
// headers say.
func showsPage(r *http.Request, a accept) bool {
	if r.Header.Get("Upgrade") != "" {
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
	return len(by) == 0 || len(by) == 1 && isPackage(by[0]) && a.page > 0
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
