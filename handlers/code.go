package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/passcode"
)

// phoneCode and recoveryCode are what the two fields of the challenge are for.
func (h *Handlers) phoneCode(v *visit) answer {
	v.field = eagate.TOTP
	return h.code(v)
}

func (h *Handlers) recoveryCode(v *visit) answer {
	v.field = eagate.Recovery
	return h.code(v)
}

// code unlocks a session by a code of the phone or a recovery code. They tell
// themselves apart, so that it does no harm to type one into the other's field.
func (h *Handlers) code(v *visit) answer {
	if !v.Proving() {
		return onward{}
	}
	fields, err := v.read("code", "recovery", "trust")
	if err != nil {
		return badBody(err)
	}
	v.choose(fields)
	v.trust = isYes(fields.Get("trust"))
	v.Session.Form = h.formOf(v, v.typed)
	if a := h.mayType(v); a != nil {
		return a
	}
	outcome, err := h.cfg.Sessions.EnterByCode(v.w, v.r, &v.Caller, v.proof(v.typed))
	v.detach()
	switch {
	case err != nil:
		return failChange(err)
	case outcome.Result != factor.CodeAccepted:
		return wrongCode{outcome, h.showChallenge}
	}
	if v.trust {
		h.trustThis(v)
	}
	return onward{}
}

// choose takes what was typed into the other field of the page's form, if that was meant:
// its fields are all sent, and Enter sends the form in the same way from each.
func (v *visit) choose(fields url.Values) {
	code, recovery := strings.TrimSpace(fields.Get("code")), strings.TrimSpace(fields.Get("recovery"))
	switch {
	case recovery != "" && (code == "" || v.field == eagate.Recovery):
		v.typed, v.field = fields.Get("recovery"), eagate.Recovery
	case code != "" && fields.Has("recovery"):
		v.field = eagate.TOTP
	}
}

// mayType returns the answer if it may not be by a code that the session goes on.
func (h *Handlers) mayType(v *visit) answer {
	method := passcode.MethodOf(v.typed, v.field)
	refuse := func(reason string) { h.cfg.Rules.RefuseCode(v.ctx(), v.User, method, reason) }
	if !v.Accepts(method) {
		refuse("not accepted here")
		return refusedMethod{}
	}
	if err := h.cfg.Sessions.Look(v.r, &v.Caller); err != nil { // the body may have come slowly
		return fault{err}
	}
	switch {
	case v.End.Rejected, v.Standing == factor.Locked && v.Challenge.Phase == factor.PhaseRejected:
		refuse("session rejected")
		return rejected{}
	case v.End.Ended:
		refuse("session over")
		return signInFirst
	case !v.End.Over:
		h.cfg.Sessions.KeepAsked(v.ctx(), v.User)
	}
	if err := h.cfg.Sessions.Bind(v.r, &v.Caller); err != nil {
		return fault{err}
	}
	return nil
}

// A wrongCode answers a code that wasn't accepted: a person by the page that has its form,
// unless the account is held.
type wrongCode struct {
	outcome factor.CodeAnswer
	page    func(*visit, factor.CodeAnswer) answer
}

func (a wrongCode) send(h *Handlers, v *visit) {
	if a.outcome.Result != factor.CodeHeld && !v.json {
		if err := h.reload(v); err != nil { // which counts it
			fault{err}.send(h, v)
			return
		}
		a.page(v, a.outcome).send(h, v)
		return
	}
	f := failure{problem: codeProblem(a.outcome), retryIn: retryIn(a.outcome, h.cfg.Rules.Now())}
	switch {
	case a.outcome.Result == factor.CodeHeld:
		f = held
	case a.outcome.Malformed && f.problem == eagate.ProblemCodeWrong:
		f.title = f.problem.Title() + ": it has too few or too many characters, or others than a code has"
	case a.outcome.Result == factor.CodeBlocked && a.outcome.Method == eagate.Recovery:
		f.title = "Too many wrong recovery codes; only a code of the phone is accepted, or the phone"
	}
	f.send(h, v)
}

// codeProblem is what a program is told of a code that wasn't accepted.
func codeProblem(outcome factor.CodeAnswer) eagate.Problem {
	switch outcome.Result {
	case factor.CodeNone, factor.CodeAccepted, factor.CodeWrong, factor.CodeNotApplicable:
	case factor.CodeMissing:
		return eagate.ProblemCodeRequired
	case factor.CodeUsed:
		return eagate.ProblemCodeUsed
	case factor.CodeBusy:
		return eagate.ProblemCodeBusy
	case factor.CodePaused:
		return eagate.ProblemCodePaused
	case factor.CodeBlocked:
		return eagate.ProblemCodeBlocked
	case factor.CodeHeld:
		return eagate.ProblemHeld
	}
	return eagate.ProblemCodeWrong
}

// codeStatus is the HTTP status of a page that says what became of a code, if there was one.
func codeStatus(outcome factor.CodeAnswer) int {
	if outcome.Result == factor.CodeNone {
		return http.StatusOK
	}
	return codeProblem(outcome).Status()
}

// retryIn is when the next code may be tried, or 0 for at once. A pause that has ended
// since the code came still is one.
func retryIn(outcome factor.CodeAnswer, now time.Time) time.Duration {
	least := time.Duration(0)
	if outcome.Result == factor.CodePaused || outcome.Result == factor.CodeBusy {
		least = time.Second
	}
	return max(least, outcome.Until.Sub(now))
}
