package handlers

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/templates"
)

// asset serves a file that pages and scripts load, to anybody: it looks at neither the
// session nor the store.
func (h *Handlers) asset(v *visit) answer {
	name, err := url.PathUnescape(chi.URLParamFromCtx(v.ctx(), "name"))
	if err == nil {
		if a, ok := h.cfg.Pages.Asset(name); ok {
			return file{a, name}
		}
	}
	return failure{problem: eagate.ProblemNotFound, page: templates.MessageNotFound}
}

// A file answers with an asset.
type file struct {
	templates.Asset
	name string
}

func (a file) send(_ *Handlers, v *visit) {
	head := v.w.Header()
	head.Set("Content-Type", a.Type)
	// It can be opened as a page, and a logo may be an SVG with a script.
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	head.Set("Cache-Control", "private, no-cache")
	hash := strings.Trim(a.ETag, `"`)
	if strings.Contains(a.name, hash) || strings.TrimSuffix(v.r.URL.Query().Get("v"), "-gzip") == hash { // as the ETag has it
		// Not public: a session manager around the gate may set a cookie with the answer.
		head.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	// It is the same for everybody. Session managers say that it depends on the cookies,
	// and browsers would fetch it again after each sign-in.
	head["Vary"] = slices.DeleteFunc(head["Vary"], func(s string) bool { return s == vary || strings.EqualFold(s, "Cookie") })
	body, tag := a.Body, a.ETag
	if a.Gzip != nil {
		head.Add("Vary", "Accept-Encoding")
		if takesGzip(v.r.Header.Values("Accept-Encoding")) {
			body, tag = a.Gzip, a.GzipETag
			head.Set("Content-Encoding", "gzip") // also keeps middleware from compressing it again
		}
	}
	head.Set("ETag", tag)
	http.ServeContent(v.w, v.r, "", time.Time{}, bytes.NewReader(body))
}

// takesGzip reports whether a client that sent these values of Accept-Encoding takes
// content compressed by gzip (RFC 9110 §12.5.3). What isn't well-formed doesn't count.
func takesGzip(values []string) bool {
	takes := false
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, weight, weighted := strings.Cut(coding, ";")
		ok := !weighted || isWeight(strings.TrimSpace(weight))
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return ok
		case "*":
			takes = ok
		}
	}
	return takes
}

// isWeight reports whether a parameter is a weight above 0, such as "q=0.5".
func isWeight(s string) bool {
	q, ok := strings.CutPrefix(strings.ToLower(s), "q=")
	if !ok || len(q) > len("0.123") {
		return false
	}
	whole, rest, _ := strings.Cut(q, ".")
	switch {
	case strings.Trim(rest, "0123456789") != "":
		return false
	case whole == "0":
		return strings.Trim(rest, "0") != ""
	}
	return whole == "1" && strings.Trim(rest, "0") == ""
}
