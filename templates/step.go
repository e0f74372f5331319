package templates

// A step is the main action of a challenge page.
type step string

const (
	stepTap      step = "tap"      // on the phone, and nothing stands out here
	stepContinue step = "continue" // it has been proved
	stepWebview  step = "webview"  // to the service's page
	stepSend     step = "send"     // another request to the phone
	stepCode     step = "code"     // of the app
	stepRetry    step = "retry"    // to reach the phone
	stepSetUp    step = "set-up"   // of the phone, once more
	stepRecovery step = "recovery" // by a recovery code
	stepHelp     step = "help"     // from the application
	stepCancel   step = "cancel"   // there is nothing else
)

// step returns the next step.
func (c challengeSheet) step() step {
	switch {
	case c.Approved():
		return stepContinue
	case c.Pending() && c.Hosted != nil && c.Hosted.URL != "" && !c.Done() && !c.Over():
		return stepWebview
	case c.CanPush() && (!c.Pending() || c.Over()):
		return stepSend
	case c.TakesCode():
		return stepCode
	case c.Pending() && !c.Over():
		return stepTap
	case c.Unreachable():
		return stepRetry
	case c.StepUp && (c.Push == PushMoved || c.Push == PushCodesOnly):
		return stepSetUp
	case c.TakesRecovery():
		return stepRecovery
	case c.HelpURL != "":
		return stepHelp
	}
	return stepCancel
}

// Is reports whether s is the next step.
func (c challengeSheet) Is(s step) bool { return c.step() == s }

// TakesCode and TakesRecovery report whether a code of the app, or a recovery code, is
// accepted.
func (c challengeSheet) TakesCode() bool     { return !c.NoCode && !c.Input.Blocked() }
func (c challengeSheet) TakesRecovery() bool { return c.HasRecovery && !c.Recovery.Blocked() }

// Trusts reports whether the box for trusting the browser has anything to go with.
func (c challengeSheet) Trusts() bool {
	return c.TrustFor > 0 && (c.TakesCode() || c.TakesRecovery() || c.Pending() && !c.Over())
}

// blocked returns the text of a challenge at which no more codes of the app are accepted,
// or no more recovery codes: it says what still is.
func (c challengeSheet) blocked(recovery bool) Key {
	push := c.Pending() && !c.Over() || c.CanPush()
	other := c.TakesRecovery()
	if recovery {
		other = c.TakesCode()
	}
	of := func(code, recoveryCode Key) Key {
		if recovery {
			return recoveryCode
		}
		return code
	}
	switch {
	case push && other:
		return of("blocked.either", "blocked.recovery.either")
	case push:
		return of("blocked.push", "blocked.recovery.push")
	case other:
		return of("blocked.code", "blocked.recovery.code")
	}
	return of("code.blocked", "blocked.recovery.none")
}
