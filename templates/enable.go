package templates

import "time"

const enablePage = "enable"

// Enable is the page on which a user sets up a phone.
type Enable struct {
	Page

	// Key is the provisioning URI; see [ParseKeyURI].
	Key KeyURI

	// Replaces says that another phone is valid until this one is confirmed.
	Replaces bool

	// ExpiresAt is when the key expires, or zero to omit that.
	ExpiresAt time.Time

	// CodesOnly says that the phone will generate codes and get no requests.
	CodesOnly bool

	// Code is the form for the first code.
	Code CodeForm
}

// An enableSheet is an enrolment prepared for its template.
type enableSheet struct {
	Enable
	Input proofInput
}

func (e Enable) sheet() sheet {
	return sheet{
		Page: e.Page, Name: enablePage, Failed: e.Code.failed(),
		Also:  requiredPage, // whose script shows times where the user is
		View:  enableSheet{e, proofInput{e.Code.input(e.Issuer, false), "code", "enable.type"}},
		Title: "enable.title",
	}
}
