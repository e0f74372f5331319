package templates

import (
	"cmp"
	"time"
)

const messagePage = "message"

// A Message is a page with one thing to say and one thing to do next, and a way out.
type Message struct {
	Page

	// Kind is the content.
	Kind MessageKind

	// Next is where the next step leads: the sign-in page with
	// [MessageSignIn], what is to be tried again with [MessageUnavailable].
	// Empty leads to HomePath, the challenge, or the security page, as suits
	// the kind.
	Next string

	// SignedIn says, with [MessageHeld], that the user is signed in.
	SignedIn bool

	// RetryIn is when to try again, or 0 if that isn't known.
	RetryIn time.Duration
}

// A MessageKind is the content of a message.
type MessageKind uint8

const (
	MessageUnavailable        MessageKind = iota // a dependency fails (503); the zero value
	MessageSignIn                                // nobody is signed in (401)
	MessageCrossSite                             // the request is from another site (403)
	MessageNotFound                              // there is no such page (404)
	MessageMethod                                // the page doesn't have that method (405)
	MessageBadRequest                            // the request is invalid (400, 413 or 415)
	MessageEnrolmentExpired                      // the QR code has expired, and there is no second factor
	MessageReplacementExpired                    // the same, while another phone is valid
	MessageNoAddress                             // the user has no e-mail address that a phone can be set up with (409)
	MessageEnabled                               // the second factor was switched on
	MessageEnabledCodes                          // the same, for codes only
	MessageDisabled                              // the second factor was switched off
	MessageRejected                              // the request was rejected on the phone, and the sign-in has ended
	MessageOver                                  // the second factor was switched off, and the sign-in has ended
	MessageHeld                                  // the account is closed until the password has been changed
	MessageMadeOften                             // new recovery codes were made too often (429)
	MessageRequired                              // it can't be switched off (403)
	MessageEnrolFirst                            // the route requires a second factor, and it is off (403)
	MessageOvertaken                             // the account or the session has changed since the request started (409)
	MessageFormLocked                            // a form was sent in a locked session (403)
	MessageFormStopped                           // a form was sent by a user who must have a second factor first (403)
	MessageGoOn                                  // the page continues by itself (200)
	MessageFormUnavailable                       // a form was sent while a dependency fails (503)
)

// String returns the kind's name in the page's data-message.
func (k MessageKind) String() string { return k.words().name }

type words struct {
	name               string
	title, text, after Key // after is the link's text
}

func (k MessageKind) words() words {
	switch k {
	case MessageUnavailable:
		return words{"unavailable", "unavailable.title", "unavailable.text", "message.again"}
	case MessageSignIn:
		return words{"sign-in", "signin.title", "signin.text", "message.signin"}
	case MessageCrossSite:
		return words{"cross-site", "crosssite.title", "crosssite.text", "message.security"}
	case MessageNotFound:
		return words{"not-found", "notfound.title", "notfound.text", "message.security"}
	case MessageMethod:
		return words{"method", "method.title", "method.text", "message.security"}
	case MessageBadRequest:
		return words{"bad-request", "badrequest.title", "badrequest.text", "message.security"}
	case MessageEnrolmentExpired:
		return words{"enrolment-expired", "enrolment.title", "enrolment.text", "message.security"}
	case MessageReplacementExpired:
		return words{"replacement-expired", "enrolment.title", "enrolment.replacement", "message.security"}
	case MessageNoAddress:
		return words{"no-address", "address.title", "address.text", "message.continue"}
	case MessageEnabled:
		return words{"enabled", "enabled.title", "enabled.text", "message.continue"}
	case MessageEnabledCodes:
		return words{"enabled-codes", "enabled.title", "enabled.codes", "message.continue"}
	case MessageDisabled:
		return words{"disabled", "disabled.title", "disabled.text", "message.continue"}
	case MessageRejected:
		return words{"rejected", "challenge.rejected.title", "rejected.text", "rejected.again"}
	case MessageOver:
		return words{"over", "over.title", "over.text", "message.signin"}
	case MessageHeld:
		return words{"held", "held.title", "held.text", "message.continue"}
	case MessageMadeOften:
		return words{"made-often", "madeoften.title", "madeoften.text", "message.security"}
	case MessageRequired:
		return words{"required", "kept.title", "kept.text", "message.security"}
	case MessageEnrolFirst:
		return words{"enrol-first", "enrolfirst.title", "enrolfirst.text", "message.security"}
	case MessageOvertaken:
		return words{"overtaken", "overtaken.title", "overtaken.text", "message.security"}
	case MessageGoOn:
		return words{"go-on", "goon.title", "goon.text", "challenge.continue"}
	case MessageFormLocked:
		return words{"form-locked", "form.title", "form.locked", "message.confirm"}
	case MessageFormStopped:
		return words{"form-stopped", "form.title", "form.stopped", "required.start"}
	case MessageFormUnavailable:
		return words{"form-unavailable", "form.title", "form.unavailable", "message.form"}
	}
	return MessageUnavailable.words()
}

// ToPassword is the value of the field "to" of the form that cancels a sign-in, if the user
// goes on to change the password.
const ToPassword = "password"

// A MessageSheet is the [Sheet].View of the page [Message], for its template; see [WithTemplates].
type MessageSheet struct {
	Message
	NextText Key // of the link to the next step
}

func (m Message) sheet() Sheet {
	w := m.Kind.words()
	return Sheet{
		Page: m.Page, Name: messagePage, View: MessageSheet{m, w.after}, Mark: m.Kind.mark(),
		Title: w.title, Lead: w.text,
	}
}

// NextPath is the path to which the next step leads.
func (m MessageSheet) NextPath() string {
	if m.Next != "" {
		return m.Next
	}
	switch m.Kind {
	case MessageUnavailable, MessageFormLocked:
		return m.Base + "/challenge"
	case MessageFormStopped:
		return m.Base + "/enable"
	case MessageSignIn, MessageEnabled, MessageEnabledCodes, MessageDisabled, MessageRejected, MessageOver, MessageHeld, MessageNoAddress, MessageFormUnavailable, MessageGoOn:
		return m.home()
	case MessageCrossSite, MessageNotFound, MessageMethod, MessageBadRequest, MessageEnrolmentExpired, MessageReplacementExpired, MessageMadeOften, MessageRequired, MessageEnrolFirst, MessageOvertaken:
	}
	return m.Base + "/"
}

func (p Page) home() string { return cmp.Or(p.HomePath, "/") }

// Locked reports whether the way out is to cancel the sign-in.
func (m MessageSheet) Locked() bool {
	return m.Kind == MessageHeld && !m.SignedIn || m.Kind == MessageFormLocked || m.Kind == MessageFormStopped
}

// Changes reports whether the next step is to cancel the sign-in and change the password.
func (m MessageSheet) Changes() bool { return m.Kind == MessageHeld && m.PasswordPath != "" }

// Leaves reports whether the next step is only to cancel the sign-in.
func (m MessageSheet) Leaves() bool {
	return m.Kind == MessageHeld && m.PasswordPath == "" && m.Locked()
}

// Warns reports whether someone else may know the password.
func (m MessageSheet) Warns() bool { return m.Kind == MessageRejected && m.PasswordPath != "" }

// Helps reports whether the page links to the help.
func (m MessageSheet) Helps() bool {
	return m.HelpURL != "" && (m.Kind == MessageRejected || m.Kind == MessageHeld || m.Kind == MessageMadeOften || m.Kind == MessageNoAddress)
}

// GoesOn reports whether the page continues by itself.
func (m MessageSheet) GoesOn() bool { return m.Kind == MessageGoOn }

// BackPath is the path of the link back to the application, or empty if the next step already
// leads there.
func (m MessageSheet) BackPath() string {
	if m.GoesOn() {
		return ""
	}
	if next := m.NextPath(); m.Changes() || next != m.home() {
		return m.home()
	}
	return ""
}
