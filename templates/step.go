package templates

// A step is the main action of a challenge page.
type step uint8

const (
	stepCancel   step = iota // there is nothing else
	stepTap                  // on the phone, and nothing stands out here
	stepContinue             // it has been proved
	stepWebview              // to the service's page
	stepSend                 // another request to the phone
	stepCode                 // of the app
	stepRetry                // to reach the phone
	stepSetUp                // of the phone, once more
	stepRecovery             // by a recovery code
	stepHelp                 // from the application
)

// step returns the next step.
func (v *ChallengeSheet) step() step {
	switch {
	case v.Approved:
		return stepContinue
	case v.Asking && v.Hosted != nil && v.Hosted.URL != "" && !v.Done:
		return stepWebview
	case v.CanPush && (!v.Pending || v.Over):
		return stepSend
	case v.takesCode():
		return stepCode
	case v.Asking:
		return stepTap
	case v.Unreachable:
		return stepRetry
	case v.StepUp && (v.c.Push == PushMoved || v.c.Push == PushCodesOnly):
		return stepSetUp
	case v.takesRecovery():
		return stepRecovery
	case v.HelpURL != "":
		return stepHelp
	}
	return stepCancel
}

// takesCode and takesRecovery report whether a code of the app, or a recovery code, is
// accepted.
func (v *ChallengeSheet) takesCode() bool     { return !v.NoCode && !v.codeIn.Blocked() }
func (v *ChallengeSheet) takesRecovery() bool { return v.HasRecovery && !v.recoveryIn.Blocked() }

// blocked returns the text of a challenge at which no more codes of the app are accepted,
// or no more recovery codes: it says what still is.
func (v *ChallengeSheet) blocked(recovery bool) Key {
	push := v.Asking || v.CanPush
	other := v.takesRecovery()
	if recovery {
		other = v.takesCode()
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
