package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxNext bounds what is kept in the session of the page to return to.
const maxNext = 2 << 10

// keepNext keeps the page to come back to, if the request has one.
func (h *Handlers) keepNext(v *visit) {
	if next := h.pageOf(v); next != "" {
		h.cfg.Sessions.KeepNext(v.ctx(), next)
	}
}

// keepFrom keeps the page of the application that the browser comes from, such as one whose
// script was refused, as the page to come back to, unless another one was asked for.
func (h *Handlers) keepFrom(v *visit) {
	if v.End.Over || h.cfg.Sessions.Next(v.ctx()) != "" {
		return
	}
	from := h.pageAt(v.r, v.r.Referer(), "")
	path, _, _ := strings.Cut(from, "?")
	if from == "" || path == h.cfg.LoginPath || path == h.cfg.LogoutPath || path == h.cfg.Base || strings.HasPrefix(path, h.cfg.Base+"/") {
		return
	}
	h.cfg.Sessions.KeepNext(v.ctx(), from)
}

// pageOf returns the page that the request asks for, or is sent from, or "".
func (h *Handlers) pageOf(v *visit) string {
	switch v.kind {
	case kindNavigation, kindRestore:
		return h.asked(v.r)
	case kindForm:
		return h.pageAt(v.r, v.r.Referer(), "")
	case kindFragment: // of which the address is none that people open, unless it is a link's
		at := h.pageAt(v.r, v.r.Header.Get("HX-Current-URL"), "")
		if isGet := v.r.Method == http.MethodGet; isGet && isTrue(v.r.Header, "HX-Boosted") || isGet && at == h.cfg.LoginPath {
			return h.asked(v.r)
		}
		return at
	case kindProgram, kindAhead, kindUpgrade:
	}
	return ""
}

// asked returns the path and query that the browser asked for, as the browser sees them.
func (h *Handlers) asked(r *http.Request) string {
	path := localPath(r)
	if h.cfg.External == "" || path == h.cfg.External+pathAndQuery(r.URL) { // which was stripped on the way here
		return path
	}
	return h.cfg.External + path
}

// localPath returns the path and query that the browser asked for, if going
// there later surely stays on this site, and "/" otherwise.
func localPath(r *http.Request) string {
	target := r.RequestURI // r.URL may have been rewritten on the way here
	if target == "" {
		target = r.URL.RequestURI()
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return "/"
	}
	if path := pathAndQuery(u); isLocal(path) {
		return path
	}
	return "/"
}

// pathAndQuery is what of an address a request line has. A query that isn't UTF-8, and that
// a session couldn't keep as text, is escaped.
func pathAndQuery(u *url.URL) string {
	path := u.EscapedPath()
	if u.RawQuery == "" {
		return path
	}
	path += "?"
	if utf8.ValidString(u.RawQuery) {
		return path + u.RawQuery
	}
	var b strings.Builder
	for _, c := range []byte(u.RawQuery) {
		if c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return path + b.String()
}

// pageAt is localPage where the address may also be of the application's own origin, or
// of another one that it trusts: with that one, because the browser is there.
func (h *Handlers) pageAt(r *http.Request, address, otherwise string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return localPage(r, address, otherwise)
	}
	if h.isOurs(r, u.Scheme+"://"+u.Host) && isLocal(pathAndQuery(u)) {
		return pathAndQuery(u)
	}
	if origin, ok := h.trustedOrigin(u); ok && isLocal(pathAndQuery(u)) {
		return origin + pathAndQuery(u)
	}
	return localPage(r, address, otherwise)
}

// localPage returns the path and query of the page at an address that the browser says it
// is on, if that is of this site, and otherwise the one that is given.
func localPage(r *http.Request, address, otherwise string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return otherwise
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
	case "": // an older browser; of the origin, the scheme may be a proxy's
		if u.Host != r.Host {
			return otherwise
		}
	default:
		return otherwise
	}
	if path := pathAndQuery(u); isLocal(path) {
		return path
	}
	return otherwise
}

// isLocal reports whether browsers take s as a path on the same site: they read
// "\" as "/", and drop tabs and newlines wherever they stand. What follows a "#"
// they don't send, so that no browser has put it there.
func isLocal(s string) bool {
	if len(s) > maxNext || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == '\\' || c == '#' || c == 0x7f })
}

// takeNext returns where an unlocked session goes, and forgets it: to the page that it had
// asked for, or otherwise. A form that is sent twice leads there twice.
func (h *Handlers) takeNext(v *visit, otherwise string) string {
	next := h.cfg.Sessions.TakeNext(v.ctx())
	if next == "" && v.r.Method == http.MethodPost {
		next = h.cfg.Sessions.TookNext(v.ctx())
	}
	if h.isOwn(next) {
		return next
	}
	return otherwise
}

// next is where takeNext will lead, or home.
func (h *Handlers) next(v *visit) string {
	if next := h.cfg.Sessions.Next(v.ctx()); isLocal(next) {
		return next
	}
	return h.cfg.HomePath
}

// isOwn reports whether browsers take s as a page of the application: on the same site,
// or at an origin that it trusts.
func (h *Handlers) isOwn(s string) bool {
	for _, origin := range h.cfg.TrustedOrigins {
		if path, ok := strings.CutPrefix(s, origin); ok && isLocal(path) {
			return true
		}
	}
	return isLocal(s)
}
