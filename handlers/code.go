package handlers

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"

	"github.com/eagate/eagate/internal/session"
)

// phoneCode and recoveryCode are what the two fields of the challenge are for.
func (h *Handlers) phoneCode(v *visit) {
	v.field = eagate.TOTP
	h.code(v)
}

func (h *Handlers) recoveryCode(v *visit) {
	v.field = eagate.Recovery
	h.code(v)
}

// code unlocks a session by a code of the phone or a recovery code. They tell
// themselves apart, so that it does no harm to type one into the other's field.
func (h *Handlers) code(v *visit) {
	if !v.proving() {
		h.goOn(v)
		return
	}
	fields, ok := h.readOnce(v, "code", "recovery", "trust")
	if !ok {
		return
	}
	v.trust = isYes(fields.Get("trust"))
	v.choose(fields)
	method := factor.MethodOf(v.typed, v.field)
	refuse := func(reason string) { h.cfg.Rules.RefuseCode(v.ctx(), v.user, method, reason) }
	if !v.accepts(method) {
		refuse("not accepted here")
		h.refuseMethod(v)
		return
	}
	mark, err := h.cfg.Sessions.Mark(v.ctx(), v.user)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	if mark.Rejected {
		refuse("session rejected")
		h.rejected(v)
		return
	}
	if mark.Ended {
		refuse("session over")
		h.signIn(v.w, v.r)
		return
	}
	until := h.cfg.Sessions.Until(v.ctx())
	if mark.Over { // the deadline of what is left of it isn't the session's
		until = mark.Until
	}
	if !mark.Over {
		h.cfg.Sessions.KeepAsked(v.ctx(), v.user)
	}
	ref, err := h.cfg.Sessions.Bind(v.r)
	if err != nil {
		h.Unavailable(v.w, v.r, err)
		return
	}
	v.form = h.form(v, v.typed)
	ref.Form = v.form
	if v.verdict == factor.Locked {
		view, err := h.cfg.Rules.Look(v.ctx(), v.user, ref)
		if err != nil {
			h.Unavailable(v.w, v.r, err)
			return
		}
		if view.Phase == factor.PhaseRejected {
			refuse("session rejected")
			h.rejected(v)
			return
		}
	}
	if !h.lookAgain(v, ref) {
		return
	}
	if !v.again && !h.verify(v, ref, until) {
		return
	}
	if v.trust {
		h.trustThis(v)
	}
	h.goOn(v)
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

// verify unlocks the session by a code, or answers the request.
func (h *Handlers) verify(v *visit, ref factor.Session, until time.Time) bool {
	answer, secret, err := h.cfg.Rules.VerifyCode(v.ctx(), v.user, ref, v.proof(v.typed), until)
	if err != nil {
		h.failChange(v, err)
		return false
	}
	if answer.Result != factor.CodeAccepted {
		if prefersJSON(v.r) {
			h.failCode(v, answer)
			return false
		}
		h.showChallenge(v, codeStatus(answer), answer)
		return false
	}
	if !h.unlock(v, ref, secret, answer.Method) {
		return false
	}
	if !v.again {
		h.cfg.Rules.Unlocked(v.ctx(), v.user, answer.Method)
	}
	return true
}

// unlock puts a grant into the session that ref is of, in place of a former one if there
// is one, or answers the request. If the same form was sent twice, and the other request
// was first, it is by that one that the session is unlocked.
func (h *Handlers) unlock(v *visit, ref factor.Session, secret string, method eagate.Method) bool {
	v.detach()
	unlock := h.cfg.Sessions.Unlock
	if v.verdict == factor.Verified {
		unlock = h.cfg.Sessions.Replace
	}
	err := unlock(v.w, v.r, v.user, session.Entry{Secret: secret, Method: method, Form: v.form})
	if err == nil {
		v.verdict, v.grant, err = h.cfg.Rules.Check(v.ctx(), v.user.ID, secret)
	}
	switch {
	case errors.Is(err, factor.ErrSessionOver):
		if !h.lookAgain(v, ref) {
			return false
		}
		if !v.again {
			h.signIn(v.w, v.r)
		}
		return v.again
	case err != nil:
		h.Unavailable(v.w, v.r, err) // nobody knows the grant's secret
	}
	return err == nil
}

// codeProblem is what a program is told of a code that wasn't accepted.
func codeProblem(result factor.CodeResult) eagate.Problem {
	switch result {
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

// codeStatus is the HTTP status of a page that says what became of a code.
func codeStatus(answer factor.CodeAnswer) int { return codeProblem(answer.Result).Status() }

// failCode tells a program what became of its code.
func (h *Handlers) failCode(v *visit, answer factor.CodeAnswer) {
	f := failure{problem: codeProblem(answer.Result), retryIn: retryIn(answer, h.cfg.Rules.Now())}
	switch {
	case answer.Result == factor.CodeHeld:
		h.held(v)
		return
	case answer.Malformed && f.problem == eagate.ProblemCodeWrong:
		f.title = f.problem.Title() + ": it has too few or too many characters, or others than a code has"
	case answer.Result == factor.CodeBlocked && answer.Method == eagate.Recovery:
		f.title = "Too many wrong recovery codes; only a code of the phone is accepted, or the phone"
	}
	h.fail(v.w, v.r, f)
}

// retryIn is when the next code may be tried, or 0 for at once. A pause that has ended
// since the code came still is one.
func retryIn(answer factor.CodeAnswer, now time.Time) time.Duration {
	least := time.Duration(0)
	if answer.Result == factor.CodePaused || answer.Result == factor.CodeBusy {
		least = time.Second
	}
	return max(least, answer.Until.Sub(now))
}
