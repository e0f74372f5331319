package templates

import "time"

// A CodeForm is the state of a form for a code.
type CodeForm struct {
	// Digits is the number of digits; 0 means 6.
	Digits int

	// Error is the error of the last code.
	Error CodeError

	// ByRecovery says that the last code was a recovery code.
	ByRecovery bool

	// CheckClock says that several codes in a row were wrong, perhaps because the phone's
	// clock is.
	CheckClock bool

	// RetryIn is when the next code is checked, with [CodeLocked].
	RetryIn time.Duration

	// Typed is a recovery code that was not accepted. It stays in its field to be
	// corrected.
	Typed string
}

// A CodeError is the reason why a code was not accepted.
type CodeError uint8

const (
	CodeOK        CodeError = iota // no error, or no code; the zero value
	CodeMalformed                  // the wrong number of digits, or of a recovery code's characters
	CodeWrong                      // not a current code
	CodeUsed                       // used already, or older than one that was used
	CodeBusy                       // not checked, because others are being checked: try again at once
	CodeLocked                     // too many wrong codes: try again later
	CodeBlocked                    // too many wrong codes: another proof or an operator unlocks them
)

// A CodeInput is a code form prepared for its template; see [WithTemplates].
type CodeInput struct {
	CodeForm
	Issuer string
	Wanted bool // whether a code is necessary at all
	Focus  bool // whether the field has the focus

	Recovery bool // whether it is for recovery codes
	Either   bool // whether it accepts both recovery codes and those of the phone
	Beside   bool // whether the page has another field for the others
	Still    Key  // the text about blocked codes, if it isn't the ordinary one
}

// A CodeSheet has as plain fields what a CodeInput works out; see [ChallengeSheet].
type CodeSheet struct {
	Hint, Problem Key
	Digits        int
	Issuer, Mend  string
	RetryIn       time.Duration

	Failed, Blocked, CheckClock bool
	Focus, Either, Beside       bool
}

func (c CodeInput) sheet() *CodeSheet {
	return &CodeSheet{
		Hint: c.Hint(), Problem: c.Problem(), Digits: c.Digits, Issuer: c.Issuer, Mend: c.Mend(), RetryIn: c.RetryIn,
		Failed: c.Failed(), Blocked: c.Blocked(), CheckClock: c.CheckClock, Focus: c.Focus, Either: c.Either, Beside: c.Beside,
	}
}

// input returns the form with a field, which has the focus if it should, or if
// the last code was not accepted: the error is read out as its description.
func (f CodeForm) input(issuer string, focus bool) CodeInput {
	if f.Digits == 0 {
		f.Digits = 6
	}
	return CodeInput{CodeForm: f, Issuer: issuer, Wanted: true, Focus: focus || f.failed()}
}

func (f CodeForm) failed() bool { return f.Error != CodeOK }

// Failed reports whether the last code was not accepted.
func (c CodeInput) Failed() bool { return c.failed() }

// Mend is the recovery code that was typed and not accepted, to be corrected, or empty.
func (c CodeInput) Mend() string {
	if c.failed() && c.ByRecovery {
		return c.Typed
	}
	return ""
}

// Blocked reports whether codes are not accepted.
func (c CodeInput) Blocked() bool {
	return c.Error == CodeBlocked && c.ByRecovery == c.Recovery && !c.Either
}

// Label is the field's label: what codes are accepted.
func (c CodeInput) Label() Key {
	if c.Either {
		return "code.either.label"
	}
	return "code.label"
}

// Hint is the text below the label: where to find them.
func (c CodeInput) Hint() Key {
	if c.Either {
		return "code.either.hint"
	}
	return "code.hint"
}

// Problem is the text that explains the error.
func (c CodeInput) Problem() Key {
	switch c.Error {
	case CodeOK:
		return ""
	case CodeMalformed:
		if c.Either && !c.ByRecovery {
			return "code.either.malformed"
		}
		return c.either("code.malformed", "recovery.malformed")
	case CodeWrong:
		return c.either("code.wrong", "recovery.wrong")
	case CodeUsed:
		return "code.used"
	case CodeBusy:
		return "code.busy"
	case CodeLocked:
		return c.either("code.locked", "recovery.locked")
	case CodeBlocked:
		if c.Still != "" {
			return c.Still
		}
		if c.Either && !c.ByRecovery {
			return "code.either.blocked"
		}
		return c.either("code.blocked", "recovery.blocked")
	}
	return "code.wrong"
}

// either is the text about a code of the phone, or that about a recovery code.
func (c CodeInput) either(phone, recovery Key) Key {
	if c.ByRecovery {
		return recovery
	}
	return phone
}

// A ProofInput is a code form with an ID and a label of its own, for pages with several forms
// or with another label.
type ProofInput struct {
	CodeInput
	ID    string
	Label Key
}
