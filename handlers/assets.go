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
	head.Set("ETag", a.ETag)
	// It can be opened as a page, and a logo may be an SVG with a script.
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	head.Set("Cache-Control", "private, no-cache")
	hash := strings.Trim(a.ETag, `"`)
	if strings.Contains(a.name, hash) || v.r.URL.Query().Get("v") == hash {
		// Not public: a session manager around the gate may set a cookie with the answer.
		head.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	// It is the same for everybody. Session managers say that it depends on the cookies,
	// and browsers would fetch it again after each sign-in.
	head["Vary"] = slices.DeleteFunc(head["Vary"], func(s string) bool { return s == vary || strings.EqualFold(s, "Cookie") })
	http.ServeContent(v.w, v.r, "", time.Time{}, bytes.NewReader(a.Body))
}
