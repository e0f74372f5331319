package handlers

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eagate/eagate/templates"
)

// An answer is what a request is answered with. Handlers return it, and write nothing to
// the client themselves: they change what they change, and set cookies, before. A nil
// answer says that the handler goes on.
type answer interface {
	send(h *Handlers, v *visit)
}

// An html is a page.
type html struct {
	status int
	view   func(templates.Page) templates.View
}

// A reply is a JSON object.
type reply struct {
	status int
	body   any
}

// A redirect sends the browser to a page of this site.
type redirect string

// A lead is a redirect in the way that works for the sender. htmx would put the page that
// a redirect leads to where the answer belongs, and looks at its headers in a response of
// success only. Where it puts a page back, it looks at none: a page with a link takes that
// one's place.
type lead string

// A leadOn is a lead to a page of the application, which may redirect to another origin.
// Browsers but Firefox hold the form-action of our policy against all redirects that
// follow a form of ours, and would stay on its page without a word: they leave by a page.
type leadOn string

// A sent answers a request that was answered by the application.
type sent struct{}

func (a html) send(h *Handlers, v *visit) { h.render(v, a) }

func (a reply) send(_ *Handlers, v *visit) { sendJSON(v.w, a.status, typeJSON, a.body) }

// send doesn't use http.Redirect, which would write a body.
func (to redirect) send(_ *Handlers, v *visit) {
	v.w.Header().Set("Location", string(to))
	v.w.WriteHeader(http.StatusSeeOther)
}

func (to lead) send(h *Handlers, v *visit) {
	switch v.kind {
	case kindFragment:
		v.w.Header().Set("HX-Redirect", string(to))
		v.w.WriteHeader(http.StatusOK)
	case kindRestore:
		goOnTo(string(to)).send(h, v)
	case kindNavigation, kindForm, kindProgram, kindAhead, kindUpgrade:
		redirect(to).send(h, v)
	}
}

func (to leadOn) send(h *Handlers, v *visit) {
	if v.kind == kindForm && strings.HasPrefix(v.r.UserAgent(), "Mozilla/") { // as all browsers call themselves
		goOnTo(string(to)).send(h, v)
		return
	}
	lead(to).send(h, v)
}

func (sent) send(*Handlers, *visit) {}

// goOnTo is a page that goes on to another by itself.
func goOnTo(next string) html { return message(templates.MessageGoOn, next) }

// message is a page that says that all went well.
func message(kind templates.MessageKind, next string) html {
	return html{http.StatusOK, func(p templates.Page) templates.View {
		return templates.Message{Page: p, Kind: kind, Next: next}
	}}
}

// render makes a page and then sends it: a page that can't be made sends nothing of itself.
func (h *Handlers) render(v *visit, a html) {
	w, ctx := v.w, v.ctx()
	nonce := rand.Text()
	token := h.formToken(v.r)
	var data any
	if h.cfg.LayoutData != nil {
		data = h.cfg.LayoutData(v.r)
	}
	lang, languagePath := h.language(v)
	view := a.view(templates.Page{
		Lang:     lang,
		Nonce:    nonce,
		Base:     h.cfg.Base,
		Issuer:   h.cfg.Issuer,
		Email:    v.User.Email,
		HomePath: h.cfg.HomePath,
		Fields:   append(h.fields(v.r), token.fields()...),

		LanguagePath: languagePath,

		PasswordPath: h.cfg.PasswordPath,
		HelpURL:      h.cfg.HelpURL,
		PrivacyURL:   h.cfg.PrivacyURL,

		Data: data,
	})
	var b bytes.Buffer
	if err := h.cfg.Pages.Render(&b, view); err != nil {
		h.warn(v.r, "a page is shown without the application's layout and templates, because it can't be rendered with them",
			"correct what the error names: a template, or what WithLayoutData returns", slog.Any("error", err))
		b.Reset()
		err = h.cfg.Pages.RenderPlain(&b, view)
		if err != nil {
			h.cfg.Log.ErrorContext(ctx, "eagate: page not rendered", slog.Any("error", err))
			http.Error(w, "The page could not be made. Please try again.", http.StatusInternalServerError)
			return
		}
	}
	if token.value != "" && bytes.Contains(b.Bytes(), []byte(token.value)) { // there are forms on the page
		token.keep(w)
	}
	w.Header().Set("Content-Security-Policy", h.cfg.Pages.ContentSecurityPolicy(nonce, h.cfg.TrustedOrigins...))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(a.status)
	_, _ = w.Write(b.Bytes())
}

// own are the fields of the gate's forms.
var own = []string{"code", "recovery", "trust", "id", "all", "to", "set", "enabled", "attempt", tokenField}

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

func seconds(d time.Duration) int { return max(0, int((d+time.Second-1)/time.Second)) }

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
