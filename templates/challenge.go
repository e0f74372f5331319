package templates

import (
	"cmp"
	"time"
)

const challengePage = "challenge"

// A Challenge is the page on which a signed-in user proves the second factor: by tapping
// a number on the phone, or by entering a code.
//
// While a request is pending, its script listens to {base}/challenge/events, where each
// event's data is an object like that of {base}/challenge/status. The first event must
// come at once: after five seconds without any, the script polls the status, and so does
// a hidden page, every 15 seconds. With [ChallengeElsewhere] it polls the status, and
// reloads {base}/challenge when there is a request. At "approved" it goes to next; in any
// other final state it reloads {base}/challenge. While a field has text in it, the page
// stays and shows the result; after a form was sent or a link was followed, the script
// stops.
//
// Without script, the page refreshes itself, and then has no fields.
type Challenge struct {
	Page

	// State is the state of the request to the phone.
	State ChallengeState

	// Number is the number to tap, with [ChallengePending].
	Number string

	// ExpiresIn is how long the request is still valid, and Lifetime how long in all; 0
	// means ExpiresIn.
	ExpiresIn, Lifetime time.Duration

	// Next is where an approved user goes, a path of this site. Moved says, with
	// [ChallengeApproved], that another tab has used the approval: the page then goes
	// there by itself.
	Next  string
	Moved bool

	// Hosted is set, with [ChallengePending], if the service's own page shows the
	// number, and Return is the result of a visit there.
	Hosted *Hosted
	Return Return

	// Push says whether another request can be sent, and PushRetryIn when, with
	// [PushPaused] and [PushLimited].
	Push        Push
	PushRetryIn time.Duration

	// Cookie is the beginning of the name of the lost cookie, with [PushNoCookie].
	Cookie string

	// PreferCode says that the user has chosen the code form: the address was
	// {base}/challenge?code=1. Without script, the page then has the form and doesn't
	// refresh itself.
	PreferCode bool

	// Code is the form for a code.
	Code CodeForm

	// CodesBlocked and RecoveryBlocked say that codes of the app, or recovery codes, are
	// blocked after too many wrong ones.
	CodesBlocked, RecoveryBlocked bool

	// HasRecovery says that the user has recovery codes.
	HasRecovery bool

	// TrustFor is how long this browser can be trusted, or 0 if it can't; Trust says that
	// the user has ticked the box for it.
	TrustFor time.Duration
	Trust    bool

	// StepUp says that the session is verified, but a route requires another proof: the
	// texts say so, and there is a link back to HomePath. NoCode says that the route
	// doesn't accept a code, and Resend that the user must send a form again.
	StepUp, NoCode, Resend bool
}

// A ChallengeState is the state of the request to the phone.
type ChallengeState uint8

const (
	ChallengeNone        ChallengeState = iota // no request, or no longer of this session; the zero value
	ChallengePending                           // not answered yet
	ChallengeApproved                          // approved on the phone
	ChallengeNotApproved                       // failed, for an unknown reason
	ChallengeRejected                          // rejected on the phone
	ChallengeExpired                           // not answered in time
	ChallengeElsewhere                         // started by another browser, which shows the number
)

// String returns the state's name in the challenge's status, and in the page's
// data-state.
func (s ChallengeState) String() string {
	switch s {
	case ChallengeNone:
		return "none"
	case ChallengePending:
		return "pending"
	case ChallengeApproved:
		return "approved"
	case ChallengeNotApproved:
		return "not_approved"
	case ChallengeRejected:
		return "rejected"
	case ChallengeExpired:
		return "expired"
	case ChallengeElsewhere:
		return "other_browser"
	}
	return "invalid"
}

// A Push says whether a request can be sent to the phone, or why not.
type Push uint8

const (
	PushReady       Push = iota // it can; the zero value
	PushUnavailable             // the service or the phone can't be reached
	PushMoved                   // the user's e-mail address has changed: the phone must be set up again
	PushCodesOnly               // the phone was set up for codes only
	PushNoAddress               // the user has no e-mail address
	PushDeclined                // the service refuses: the phone may not show notifications, or the application is configured wrongly
	PushPaused                  // requests weren't approved: paused for some time
	PushLimited                 // too many were sent: limited for some time
	PushNoCookie                // the browser, or a proxy, drops the necessary cookie
	PushRefused                 // with StepUp: the route doesn't accept an approval
)

// A challengeSheet is a challenge prepared for its template.
type challengeSheet struct {
	Challenge
	Input    codeInput // of the phone's codes
	Recovery codeInput
}

func (c Challenge) sheet() sheet {
	view := challengeSheet{Challenge: c}
	view.HasRecovery = c.HasRecovery || c.Code.ByRecovery // where what became of it is said
	phone, recovery := c.Code, CodeForm{Digits: c.Code.Digits}
	if c.Code.ByRecovery {
		phone, recovery = recovery, phone
	}
	if c.CodesBlocked {
		phone.Error, phone.ByRecovery = CodeBlocked, false
	}
	if c.RecoveryBlocked {
		recovery.Error, recovery.ByRecovery = CodeBlocked, true
	}
	view.Input, view.Recovery = phone.input(c.Issuer, false), recovery.input(c.Issuer, false)
	view.Input.Focus = !c.Code.ByRecovery && (view.CodeFirst() || c.Code.failed())
	view.Recovery.Focus = c.Code.ByRecovery && c.Code.failed()
	view.Input.Beside, view.Recovery.Recovery = true, true
	view.Input.Still, view.Recovery.Still = view.blocked(false), view.blocked(true)
	s := sheet{Page: c.Page, Name: challengePage, View: view, Failed: c.Code.failed()}
	if c.Hosted != nil && c.Hosted.Popup != nil {
		s.Also = popupScript
	}
	switch c.State {
	case ChallengeNone:
		s.Title, s.Lead = "challenge.none.title", "challenge.none.text"
		if c.Push != PushReady {
			s.Title, s.Lead = "challenge.code.title", ""
		}
	case ChallengePending:
		s.Title = "challenge.title"
		if title := c.Return.title(); c.Hosted != nil && title != "" {
			s.Title = title
		}
	case ChallengeApproved:
		s.Title, s.Lead = "challenge.approved.title", "challenge.approved.text"
		if c.Moved {
			s.Title, s.Lead = "challenge.moved.title", "challenge.moved.text"
		}
	case ChallengeNotApproved:
		s.Title, s.Lead = "challenge.failed.title", "challenge.failed.text"
	case ChallengeRejected:
		s.Title, s.Lead = "challenge.rejected.title", "challenge.rejected.text"
	case ChallengeExpired:
		s.Title, s.Lead = "challenge.expired.title", "challenge.expired.text"
	case ChallengeElsewhere:
		s.Title, s.Lead = "challenge.elsewhere.title", "challenge.elsewhere.text"
	}
	if c.StepUp {
		s.Title, s.Lead = c.stepUp(s.Title, s.Lead)
	}
	switch none := c.State == ChallengeNone && c.Push != PushReady; {
	case view.Input.Blocked() && !c.NoCode && (none || c.Code.Error == CodeBlocked && !c.Code.ByRecovery):
		s.Title = "blocked.title"
	case view.Recovery.Blocked() && c.Code.Error == CodeBlocked:
		s.Title = "blocked.recovery.title"
	}
	return s
}

// Unreachable reports whether another attempt may reach the phone.
func (c challengeSheet) Unreachable() bool {
	return c.Push == PushUnavailable || c.Push == PushDeclined || c.Push == PushNoCookie
}

func (c challengeSheet) Pending() bool  { return c.State == ChallengePending }
func (c challengeSheet) Approved() bool { return c.State == ChallengeApproved }
func (c challengeSheet) CanPush() bool  { return c.Push == PushReady }

// Elsewhere reports whether another browser shows the challenge.
func (c challengeSheet) Elsewhere() bool { return c.State == ChallengeElsewhere }

// SendTo is the target of the button that sends a request.
func (c challengeSheet) SendTo() string {
	if c.Elsewhere() {
		return c.Base + "/challenge/continue"
	}
	return c.Base + "/challenge"
}

// CodeFirst reports whether the code is the only option, or the one that the user chose.
func (c challengeSheet) CodeFirst() bool {
	return !c.NoCode && (c.PreferCode || c.Code.failed() && !c.Code.ByRecovery || !c.Pending() && !c.CanPush())
}

// Refresh is the number of seconds after which the page refreshes itself without script,
// or 0 for never. Such a page has no fields, because their text would be lost.
func (c challengeSheet) Refresh() int {
	switch {
	case c.PreferCode && c.HasFields() || c.Code.failed():
	case c.Soon():
		return 2
	case c.Waits():
		return 5
	}
	return 0
}

// HasFields reports whether the page has any field.
func (c challengeSheet) HasFields() bool { return !c.NoCode || c.HasRecovery }

// An ending is what the script shows when a request ends while a field has text in it.
type ending struct {
	When     string // what the script calls it
	Text, Go Key
}

// Codes reports whether a code is still accepted.
func (e ending) Codes() bool { return e.Go == "ended.go" }

// Ends are all endings.
func (c challengeSheet) Ends() []ending {
	rejected := ending{ChallengeRejected.String(), "ended.rejected", "challenge.continue"}
	if c.StepUp { // the session goes on
		rejected = ending{rejected.When, "ended.failed", "ended.go"}
	}
	return []ending{
		{ChallengeApproved.String(), "ended.approved", "challenge.continue"},
		{"verified", "ended.verified", "challenge.continue"},
		{ChallengeNotApproved.String(), "ended.failed", "ended.go"},
		rejected,
		{ChallengeExpired.String(), "ended.expired", "ended.go"},
		{ChallengeElsewhere.String(), "ended.elsewhere", "ended.go"},
		{ChallengeNone.String(), "ended.none", "ended.go"},
		{"returned", "ended.returned", "ended.go"},
		{"over", "ended.over", "challenge.continue"},
	}
}

// Days is the number of days for which this browser can be trusted.
func (c challengeSheet) Days() int { return days(c.TrustFor) }

// Total is how long the request is valid in all.
func (c challengeSheet) Total() time.Duration { return max(c.Lifetime, c.ExpiresIn) }

// NextPath is where an approved user goes.
func (c challengeSheet) NextPath() string { return cmp.Or(c.Next, c.Base+"/challenge") }

// Send is the text of the button that sends a request.
func (c challengeSheet) Send() Key {
	switch c.State {
	case ChallengeNone:
		return "challenge.send"
	case ChallengeElsewhere:
		return "challenge.here"
	case ChallengePending, ChallengeApproved, ChallengeNotApproved, ChallengeRejected, ChallengeExpired:
	}
	return "challenge.resend"
}

// Why is the text that explains why no request can be sent.
func (c challengeSheet) Why() Key {
	switch c.Push {
	case PushReady:
		return ""
	case PushUnavailable:
		return "push.unavailable"
	case PushMoved:
		return "push.moved"
	case PushCodesOnly:
		return "push.codes"
	case PushNoAddress:
		return "push.address"
	case PushDeclined:
		return "push.declined"
	case PushPaused:
		return "push.paused"
	case PushLimited:
		return "push.limited"
	case PushNoCookie:
		return "push.nocookie"
	case PushRefused:
		return "stepup.code"
	}
	return "push.unavailable"
}
