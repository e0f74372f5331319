package handlers

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eagate/eagate/internal/fields"
	"github.com/eagate/eagate/templates"
)

// vary is what our answers depend on.
const vary = "Accept, Accept-Language"

// openerPolicy says which windows know of each other.
const openerPolicy = "Cross-Origin-Opener-Policy"

// setHeaders says how every answer of ours may be used: not kept, not rewritten on the
// way, not framed, not guessed at, and nothing of its address passed on to other sites.
// With "no-referrer", browsers would send our own forms with "Origin: null".
func setHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that don't know frame-ancestors
	h.Set("Content-Security-Policy", "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'")
	if h.Get(openerPolicy) == "" { // or the application's own, for one that is opened in a window of another page
		h.Set(openerPolicy, "same-origin")
	}
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if !slices.Contains(h["Vary"], vary) { // an answer may pass here twice
		h.Add("Vary", vary)
	}
}

// show renders a page and then sends it: a page that can't be rendered sends
// nothing of itself.
func (h *Handlers) show(w http.ResponseWriter, r *http.Request, status int, page func(templates.Page) templates.View) {
	nonce := rand.Text()
	token := h.formToken(r)
	view := page(templates.Page{
		Lang:     h.cfg.Pages.Match(strings.Join(r.Header["Accept-Language"], ",")),
		Nonce:    nonce,
		Base:     h.cfg.Base,
		Issuer:   h.cfg.Issuer,
		HomePath: h.cfg.HomePath,
		Fields:   append(h.fields(r), token.fields()...),

		PasswordPath: h.cfg.PasswordPath,
		HelpURL:      h.cfg.HelpURL,
	})
	var b bytes.Buffer
	if err := h.cfg.Pages.Render(&b, view); err != nil {
		h.cfg.Log.ErrorContext(r.Context(), "eagate: page not rendered", slog.Any("error", err))
		http.Error(w, "The page could not be made. Please try again.", http.StatusInternalServerError)
		return
	}
	if token.value != "" && bytes.Contains(b.Bytes(), []byte(token.value)) { // there are forms on the page
		token.keep(w)
	}
	w.Header().Set("Content-Security-Policy", templates.ContentSecurityPolicy(nonce, h.cfg.TrustedOrigins...))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// own are the fields of the gate's forms.
var own = []string{"code", "recovery", "trust", "id", "all", "to", tokenField}

// fields returns the application's own fields of the page's forms. One that is named like
// one of ours is left out: the form would be refused, as it has the name twice.
func (h *Handlers) fields(r *http.Request) []templates.Field {
	if h.cfg.Fields == nil {
		return nil
	}
	var list []templates.Field
	for _, f := range h.cfg.Fields(r) {
		if !slices.ContainsFunc(own, func(name string) bool { return strings.EqualFold(f.Name, name) }) {
			list = append(list, f)
		} else if more, news := h.faults.Say("WithFormFields", h.cfg.Rules.Now()); news {
			h.cfg.Log.ErrorContext(r.Context(), "eagate: WithFormFields: a field is left out, because the gate's own forms have one of that name",
				slog.String("name", f.Name), slog.Int("since_the_last", more))
		}
	}
	return list
}

func sendJSON(w http.ResponseWriter, status int, contentType string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "The answer could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

const typeJSON = "application/json"

// prefersJSON reports whether the Accept header asks for JSON rather than for a
// page (RFC 9110 §12.5.1). Where both do as well, it's a page; but JSON that is
// named comes before a page that only a wildcard lets in. Where it names neither, as
// that of scripts unless they set it, JSON answers JSON.
func prefersJSON(r *http.Request) bool {
	page, program, rest := accepts(r)
	if page == 0 && program == 0 && rest > 0 {
		mediaType, err := fields.MediaType(r.Header)
		return err == nil && mediaType == fields.TypeJSON
	}
	return program > page && program >= rest
}

// accepts returns how much a page is wanted, JSON, and anything at all.
func accepts(r *http.Request) (page, program, rest float64) {
	fields := r.Header["Accept"]
	if len(fields) == 0 {
		return 0, 0, 1
	}
	for _, field := range fields {
		for part := range strings.SplitSeq(field, ",") {
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
				page = max(page, q)
			case typeJSON, typeProblem:
				program = max(program, q)
			case "*/*":
				rest = max(rest, q)
			}
		}
	}
	return page, program, rest
}

func seconds(d time.Duration) int { return max(0, int((d+time.Second-1)/time.Second)) }
