package templates

import "time"

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
	// texts say so, and there is a button that leads to HomePath. NoCode says that the route
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
