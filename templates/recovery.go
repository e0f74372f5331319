package templates

import (
	"cmp"
	"html/template"
	"net/url"
	"strings"
)

const recoveryPage = "recovery"

// Recovery is the page of the recovery codes: how many are left, or, when they
// have just been made, the codes themselves.
type Recovery struct {
	Page

	// Codes are new ones, to be copied, printed or saved now. They are never
	// shown again.
	Codes []string

	// Enabled says that the second factor has just been switched on, and CodesOnly
	// that it makes codes only.
	Enabled, CodesOnly bool

	// Next is where to go on then; empty is HomePath.
	Next string

	// Left is how many there are.
	Left int

	// NeedsCode says that new ones take a code.
	NeedsCode bool

	// Code is the form for it, and its error.
	Code CodeForm
}

// RecoveryFew is how many codes are so few that the pages say so.
const RecoveryFew = 3

// A recoverySheet is a recovery page made ready for its template.
type recoverySheet struct {
	Recovery
	Input codeInput
}

func (r Recovery) sheet() sheet {
	view := recoverySheet{Recovery: r, Input: r.Code.input(r.Issuer, false)}
	view.Input.Either = r.Left > 0
	view.Input.Wanted = r.NeedsCode
	s := sheet{
		Page: r.Page, Name: recoveryPage, View: view, Failed: r.Code.failed(),
		Title: "recovery.title", Lead: "recovery.text",
	}
	switch {
	case r.Enabled && r.CodesOnly:
		s.Title, s.Lead = "enabled.title", "enabled.codes"
	case r.Enabled:
		s.Title, s.Lead = "enabled.title", "enabled.text"
	case r.Codes != nil:
		s.Title, s.Lead = "recovery.new.title", ""
	}
	return s
}

// Few reports whether there should be more.
func (r recoverySheet) Few() bool { return r.Left <= RecoveryFew }

// File is the address of a text file with the codes, which needs no script and no
// request to be saved.
func (r recoverySheet) File() template.URL {
	text := r.Issuer + "\n" + r.Email + "\n\n" + strings.Join(r.Codes, "\n") + "\n"
	return template.URL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}

// Text is the codes as they are copied.
func (r recoverySheet) Text() string { return strings.Join(r.Codes, "\n") }

// NextPath is where to go on.
func (r recoverySheet) NextPath() string {
	if r.Enabled {
		return cmp.Or(r.Next, r.HomePath, "/")
	}
	return r.Base + "/"
}
