package templates

import "time"

const enablePage = "enable"

// Enable is the page on which a phone is enrolled.
type Enable struct {
	Page

	// Key is the provisioning URI; see [ParseKeyURI].
	Key KeyURI

	// Replaces says that another phone is in use until this one is confirmed.
	Replaces bool

	// ExpiresAt is when the key is no longer good, or zero to leave that out.
	ExpiresAt time.Time

	// CodesOnly says that the phone will make codes and can't be asked.
	CodesOnly bool

	// Code is the form for the first code.
	Code CodeForm
}

// An enableSheet is an enrolment made ready for its template.
type enableSheet struct {
	Enable
	Input codeInput
}

func (e Enable) sheet() sheet {
	return sheet{
		Page: e.Page, Name: enablePage, Failed: e.Code.failed(),
		Also:  requiredPage, // whose script shows times where the user is
		View:  enableSheet{Enable: e, Input: e.Code.input(e.Issuer, false)},
		Title: "enable.title",
	}
}
