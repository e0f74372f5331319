package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/eagate/eagate/templates"
)

// languageField, in a query, is the language that the user has chosen at the foot of a
// page.
const languageField = "lang"

// chooseLanguage has the browser keep the language that the address says, if that is one
// of the pages'. A link of another site doesn't choose for the user.
func (h *Handlers) chooseLanguage(v *visit) {
	if v.r.Method != http.MethodGet || v.r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return
	}
	lang := templates.Language(v.r.URL.Query().Get(languageField))
	if slices.Contains(h.cfg.Pages.Languages(), lang) {
		v.lang = lang
		h.cfg.Sessions.KeepLanguage(v.w, string(lang))
	}
}

// language returns the language of a page, and its address for the menu by which the user
// chooses another: empty where the application knows the user's language, or shows its
// own page at that address.
func (h *Handlers) language(v *visit) (lang templates.Language, path string) {
	pages := h.cfg.Pages
	if h.cfg.Language != nil {
		if known := h.cfg.Language(v.r); known != "" {
			return pages.Match(known), ""
		}
	}
	path = h.languagePath(v)
	if v.lang != "" {
		return v.lang, path
	}
	if kept := templates.Language(h.cfg.Sessions.Language(v.r)); slices.Contains(pages.Languages(), kept) {
		return kept, path
	}
	return pages.Match(strings.Join(v.r.Header["Accept-Language"], ",")), path
}

// languagePath is the address of the page, or of that to which the answer to a form
// belongs.
func (h *Handlers) languagePath(v *visit) string {
	if !v.own {
		return ""
	}
	path := h.ownPage(v.r)
	if path == h.cfg.Base+"/return" { // where there is never a page, and the address holds a secret
		path = h.cfg.Base + "/challenge"
	}
	if v.r.Method != http.MethodGet {
		return path
	}
	if prefersCode(v.r) {
		path += "?code=1"
	}
	return path
}
