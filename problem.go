package eagate

import (
	"fmt"
	"iter"
	"net/http"
	"strings"
)

// A Problem is the reason why a request was refused: the type of an
// application/problem+json (RFC 9457) that the gate sends to programs, without the prefix
// of its URI. Its value and its status never change; its title is for people, and may
// change.
//
// Later releases may add problems. A program should treat a problem that it doesn't know
// by the response's status.
type Problem string

// The problems, by status.
const (
	// The body is invalid: it isn't a form or a flat JSON object, or a field
	// occurs twice. The status is 413 if it is too large, and 415 if it has
	// another media type.
	ProblemBadRequest Problem = "bad-request"

	// Nobody is signed in, or the session was locked when the second factor was
	// switched off, and has ended; the title says which.
	ProblemSignInRequired Problem = "sign-in-required"
	// The request was rejected on the phone, and the session has ended.
	ProblemRejected Problem = "rejected"

	// The session is locked: challenge_url is where the second factor is proved.
	ProblemSecondFactorRequired Problem = "second-factor-required"
	// The user must have a second factor, or the route requires one, and it is
	// off: enrol_url is where it is switched on.
	ProblemEnrolmentRequired Problem = "enrolment-required"
	// The session is verified, but not recently enough or not by a method that
	// the route accepts: max_age, in seconds, and methods are the requirement,
	// and challenge_url is where it is proved.
	ProblemStepUpRequired Problem = "step-up-required"
	// The route doesn't accept this method; methods has those that it accepts.
	ProblemMethodNotAccepted Problem = "method-not-accepted"
	// The session was verified by a trusted device, or not in the last minutes.
	ProblemNotFresh Problem = "not-fresh"
	// The second factor can't be switched off, because the user must have one.
	ProblemRequired Problem = "required"
	// The account is held until the password has been changed.
	ProblemHeld Problem = "held"
	// A page of another origin sent the request.
	ProblemCrossSite Problem = "cross-site"
	// The request is a prefetch or a prerender.
	ProblemPrefetch Problem = "prefetch"

	// There is no such page.
	ProblemNotFound Problem = "not-found"

	// The page has other methods, which the header Allow lists.
	ProblemMethodNotAllowed Problem = "method-not-allowed"

	// Another browser with this session started the challenge or the enrolment,
	// or the client keeps no cookies.
	ProblemOtherBrowser Problem = "other-browser"
	// This session has no unconfirmed enrolment, or it has expired.
	ProblemNoEnrolment Problem = "no-enrolment"
	// The request needs a second factor, and it is off.
	ProblemNoSecondFactor Problem = "no-second-factor"
	// The user has no e-mail address that a phone can be set up with.
	ProblemNoAddress Problem = "no-address"
	// The phone gets no requests, and waiting doesn't help. The title says why,
	// and whether a code can be used.
	ProblemNoPush Problem = "no-push"
	// Another request has made recovery codes since this one started.
	ProblemMadeMeanwhile Problem = "made-meanwhile"
	// The password or the second factor was changed, or the session ended, while
	// the request waited. It changed nothing.
	ProblemOvertaken Problem = "overtaken"

	// The code is wrong or, if the title says so, malformed.
	ProblemCodeWrong Problem = "code-wrong"
	// The code was right but has been used; the phone shows the next one soon.
	ProblemCodeUsed Problem = "code-used"
	// The change needs a code, because the session was not verified in the last
	// minutes.
	ProblemCodeRequired Problem = "code-required"

	// Other codes of the user are being checked: send it again after Retry-After.
	ProblemCodeBusy Problem = "code-busy"
	// There were too many wrong codes: none is checked before Retry-After.
	ProblemCodePaused Problem = "code-paused"
	// There were too many wrong codes in a row: codes of this kind, which the title
	// names, aren't checked until another proof succeeds or an operator unlocks
	// the account.
	ProblemCodeBlocked Problem = "code-blocked"
	// Too many requests were sent to the phone: another one is allowed after
	// Retry-After. The title says whether a code can be used.
	ProblemPushLimited Problem = "push-limited"
	// New recovery codes were made five times within an hour: more can be made
	// after Retry-After.
	ProblemRecoveryLimited Problem = "recovery-limited"
	// Too many requests wait for events: poll the status.
	ProblemManyWait Problem = "many-wait"

	// The session manager's LoadAndSave isn't around the gate.
	ProblemNoSession Problem = "no-session"

	// The store, the session, or the application's function for the user or for the
	// e-mail address failed: try again after Retry-After.
	ProblemUnavailable Problem = "unavailable"
	// The phone can't be reached right now: try again after Retry-After. The title
	// says whether a code can be used.
	ProblemPushUnavailable Problem = "push-unavailable"
)

// problems has each of them, and in the order of the constants.
var problems = []struct {
	problem Problem
	status  int
	title   string
}{
	{ProblemBadRequest, http.StatusBadRequest, "The request makes no sense"},

	{ProblemSignInRequired, http.StatusUnauthorized, "Sign in first"},
	{ProblemRejected, http.StatusUnauthorized, "The request was rejected on the phone, and this sign-in has ended"},

	{ProblemSecondFactorRequired, http.StatusForbidden, "The second factor is required"},
	{ProblemEnrolmentRequired, http.StatusForbidden, "A second factor must be set up first"},
	{ProblemStepUpRequired, http.StatusForbidden, "The second factor must be given once more"},
	{ProblemMethodNotAccepted, http.StatusForbidden, "It can't be proved by that method here"},
	{ProblemNotFresh, http.StatusForbidden, "This session was not verified by its user in the last minutes"},
	{ProblemRequired, http.StatusForbidden, "The second factor can't be switched off, because it is required"},
	{ProblemHeld, http.StatusForbidden, "The account is closed until the password has been changed"},
	{ProblemCrossSite, http.StatusForbidden, "The request came from another site"},
	{ProblemPrefetch, http.StatusForbidden, "This isn't answered before somebody asks for it"},

	{ProblemNotFound, http.StatusNotFound, "There is no such page"},

	{ProblemMethodNotAllowed, http.StatusMethodNotAllowed, "That method isn't allowed here"},

	{ProblemOtherBrowser, http.StatusConflict, "This was begun in another browser, or by a client that keeps no cookies: " +
		"keep them, or send Eagate-Browser: new where it begins and then what the answer has there"},
	{ProblemNoEnrolment, http.StatusConflict, "No enrolment is under way in this session; begin again"},
	{ProblemNoSecondFactor, http.StatusConflict, "The second factor is off"},
	{ProblemNoAddress, http.StatusConflict, "The account has no e-mail address that a phone can be set up with; enter one first"},
	{ProblemNoPush, http.StatusConflict, "The phone can't be asked"},
	{ProblemMadeMeanwhile, http.StatusConflict, "Another request has made recovery codes meanwhile"},
	{ProblemOvertaken, http.StatusConflict, "The account or the session has changed since the request began; nothing was done"},

	{ProblemCodeWrong, http.StatusUnprocessableEntity, "That code isn't right"},
	{ProblemCodeUsed, http.StatusUnprocessableEntity, "That code has been used; wait for the next one"},
	{ProblemCodeRequired, http.StatusUnprocessableEntity, "A code is required, because this session was not verified in the last minutes"},

	{ProblemCodeBusy, http.StatusTooManyRequests, "Other codes are being checked; try again in a moment"},
	{ProblemCodePaused, http.StatusTooManyRequests, "Too many wrong codes; try again later"},
	{ProblemCodeBlocked, http.StatusTooManyRequests, "Too many wrong codes; only a recovery code is accepted, or the phone"},
	{ProblemPushLimited, http.StatusTooManyRequests, "The phone can't be asked again yet"},
	{ProblemRecoveryLimited, http.StatusTooManyRequests, "New recovery codes were made too often"},
	{ProblemManyWait, http.StatusTooManyRequests, "Too many pages wait for events: poll the status"},

	{ProblemNoSession, http.StatusInternalServerError, "The application is not set up correctly"},

	{ProblemUnavailable, http.StatusServiceUnavailable, "Temporarily unavailable"},
	{ProblemPushUnavailable, http.StatusServiceUnavailable, "The phone can't be reached"},
}

// Problems iterates over all problems, by status.
func Problems() iter.Seq[Problem] {
	return func(yield func(Problem) bool) {
		for _, row := range problems {
			if !yield(row.problem) {
				return
			}
		}
	}
}

const problemPrefix = "urn:eagate:problem:"

// ParseProblem returns the problem of a type URI, or an error if this release doesn't
// know it.
func ParseProblem(uri string) (Problem, error) {
	if name, ok := strings.CutPrefix(uri, problemPrefix); ok {
		for p := range Problems() {
			if name == string(p) {
				return p, nil
			}
		}
	}
	return "", fmt.Errorf("eagate: unknown problem %q", uri)
}

// URI returns the problem's type URI, such as
// "urn:eagate:problem:step-up-required".
func (p Problem) URI() string { return problemPrefix + string(p) }

// Status returns the HTTP status of the problem, or 0 for an unknown one.
// [ProblemBadRequest] has two other statuses in some cases.
func (p Problem) Status() int {
	for _, row := range problems {
		if row.problem == p {
			return row.status
		}
	}
	return 0
}

// Title returns the usual title of the problem, or "" for an unknown one. A response's
// title may differ or say more.
func (p Problem) Title() string {
	for _, row := range problems {
		if row.problem == p {
			return row.title
		}
	}
	return ""
}
