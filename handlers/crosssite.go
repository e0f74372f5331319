package handlers

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/fields"
	"github.com/eagate/eagate/templates"
)

// tokenField is the hidden field by which we know a form of ours again, from a browser that
// doesn't say by Sec-Fetch-Site where a form was: one of before 2023, or of any age where
// the application is served by plain http. Such a browser says by Origin at most, and that
// says "null" of a page that hides where it came from, or another name than Host where a
// proxy has changed that.
const tokenField = "form_token"

// A token is what the forms of a page have to hold, if they must hold one.
type token struct {
	value string
	keep  func(http.ResponseWriter) // has the browser keep what it is derived from
}

func (t token) fields() []templates.Field {
	if t.value == "" {
		return nil
	}
	return []templates.Field{{Name: tokenField, Value: t.value}}
}

func (h *Handlers) formToken(r *http.Request) (t token) {
	if needsToken(r) {
		t.value, t.keep = h.cfg.Sessions.FormToken(r)
	}
	return t
}

// needsToken reports whether the browser's forms have to hold a token.
func needsToken(r *http.Request) bool { return len(r.Header["Sec-Fetch-Site"]) == 0 }

// isOwnForm reports whether the request sends a form that this browser got from us. A page
// of another site, or in a frame without an origin, can send whatever it likes, but it
// can't read our pages. The body can be read again.
func (h *Handlers) isOwnForm(v *visit) bool {
	r := v.r
	if mediaType, err := fields.MediaType(r.Header); err != nil || mediaType != fields.TypeForm || !needsToken(r) {
		return false
	}
	body, err := readBody(v.w, r)
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := readForm(string(body), []string{tokenField})
	return err == nil && h.cfg.Sessions.IsFormToken(r, form.Get(tokenField))
}

// isOurs reports whether an origin in a header is the application's own, where a proxy may
// have changed Host. A browser that sends Sec-Fetch-Site knows better.
func (h *Handlers) isOurs(r *http.Request, origin string) bool {
	return origin != "" && origin == h.cfg.Origin && len(r.Header["Sec-Fetch-Site"]) == 0
}

// crossSite answers a change that another site's page asks for.
func (h *Handlers) crossSite(v *visit) answer {
	h.warnOfCrossSite(v.r)
	return failure{problem: eagate.ProblemCrossSite, page: templates.MessageCrossSite}
}

// warnOfCrossSite says in the log, once a minute, what may have to be set up where the
// request came from a page of the application's own.
func (h *Handlers) warnOfCrossSite(r *http.Request) {
	more, news := h.faults.Say("cross-site", h.cfg.Rules.Now())
	if !news {
		return
	}
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	remedy := "if that is another host of this application, name its origin by WithTrustedOrigins"
	switch {
	case site == "" && origin == "null":
		remedy = "if it was a form of the gate's own: a proxy must not set Referrer-Policy on its pages, nor keep its cookies from the browser"
	case site == "":
		remedy = "if a proxy changes Host: have it pass on the one that browsers send, or name the origin by WithOrigin"
	}
	h.cfg.Log.WarnContext(r.Context(), "eagate: a change was refused because it seems to come from another site",
		slog.String("origin", atMost(origin, 200)), slog.String("host", atMost(r.Host, 200)), slog.String("sec_fetch_site", atMost(site, 20)),
		slog.Int("since_the_last", more), slog.String("remedy", remedy))
}

func atMost(s string, n int) string { return s[:min(len(s), n)] }

// trustedOrigin returns the origin of an address if the application has said that its
// pages are at home there too.
func (h *Handlers) trustedOrigin(u *url.URL) (origin string, ok bool) {
	origin = u.Scheme + "://" + u.Host
	for _, trusted := range h.cfg.TrustedOrigins {
		if origin == trusted {
			return origin, true
		}
	}
	return "", false
}
