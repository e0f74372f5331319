package templates

const enablePage = "enable"

// Enable is the page on which a phone is enrolled.
type Enable struct {
	Page

	// Key is the provisioning URI; see [ParseKeyURI].
	Key KeyURI

	// Replaces says that another phone is in use until this one is confirmed.
	Replaces bool

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
		View:  enableSheet{Enable: e, Input: e.Code.input(e.Issuer, false)},
		Title: "enable.title",
	}
}
