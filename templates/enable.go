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

// An EnableSheet is the [Sheet].View of the page [Enable], for its template; see [WithTemplates].
type EnableSheet struct {
	Enable
	Input ProofInput
}

func (e Enable) sheet() Sheet {
	return Sheet{
		Page: e.Page, Name: enablePage, Failed: e.Code.failed(),
		Also:  requiredPage, // whose script shows times where the user is
		View:  EnableSheet{e, ProofInput{e.Code.input(e.Issuer, false), "code", "enable.type"}},
		Title: "enable.title",
	}
}
