package templates

import (
	"html/template"
	"net/url"
	"strings"
)

const recoveryPage = "recovery"

// Recovery is the page of the recovery codes: their number, or new ones.
type Recovery struct {
	Page

	// Codes are new ones, to be copied, printed or saved now.
	Codes []string

	// Set identifies Codes in the form that confirms that they were kept.
	Set string

	// Enabled says that the second factor has just been switched on, and CodesOnly that
	// the phone gets no requests.
	Enabled, CodesOnly bool

	// Left is the number of unused codes.
	Left int

	// State is the state of the last set, if none is shown.
	State RecoveryState

	// NeedsCode says that making new ones needs a code.
	NeedsCode bool

	// Attempt is random, and identifies the form, which makes one set of codes however
	// often it is sent.
	Attempt string

	// Code is the form for the code.
	Code CodeForm
}

// A RecoveryState is the state of a set of recovery codes.
type RecoveryState uint8

const (
	RecoveryPlain  RecoveryState = iota // nothing to report; the zero value
	RecoveryMaking                      // being made
	RecoveryUnkept                      // not confirmed as kept, and no longer shown
	RecoveryKept                        // confirmed as kept
)

// RecoveryFew is the number of unused recovery codes at which pages and notices warn.
const RecoveryFew = 3

// A RecoverySheet is the [Sheet].View of the page [Recovery], for its template; see [WithTemplates].
type RecoverySheet struct {
	Recovery
	Input CodeInput
}

func (r Recovery) sheet() Sheet {
	view := RecoverySheet{Recovery: r, Input: r.Code.input(r.Issuer, false)}
	view.Input.Either = r.Left > 0
	view.Input.Wanted = r.NeedsCode
	s := Sheet{
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

// Few reports whether few codes are left.
func (r RecoverySheet) Few() bool { return r.Left <= RecoveryFew }

// Making reports whether new codes are being made.
func (r RecoverySheet) Making() bool { return r.State == RecoveryMaking }

// Wanting reports whether the user should make new codes.
func (r RecoverySheet) Wanting() bool { return r.Left == 0 || r.State == RecoveryUnkept }

// Said is the text about the last set, or "".
func (r RecoverySheet) Said() Key {
	switch r.State {
	case RecoveryPlain:
	case RecoveryMaking:
		return "recovery.making"
	case RecoveryUnkept:
		return "recovery.unkept"
	case RecoveryKept:
		return "recovery.after"
	}
	return ""
}

// File returns a data URL of a text file with the codes, which can be saved without a script
// and without a request.
func (r RecoverySheet) File() template.URL {
	text := r.Issuer + "\n" + r.Email + "\n\n" + strings.Join(r.Codes, "\n") + "\n"
	return template.URL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}

// Text returns the codes, each on a line of its own, to be copied.
func (r RecoverySheet) Text() string { return strings.Join(r.Codes, "\n") }
