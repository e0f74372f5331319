package factor

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/passcode"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/totp"
)

var (
	// ErrNoEnrolment says that this session has no enrolment under way: none was
	// begun, it took too long, or another session began one since.
	ErrNoEnrolment = errors.New("factor: no enrolment under way in this session")

	// ErrOff says that there is no second factor to be switched off.
	ErrOff = errors.New("factor: no second factor")

	// ErrRequired says that it can't be switched off, because the user must have one.
	ErrRequired = errors.New("factor: the user must have a second factor")

	// ErrNoAddress says that a phone can't be set up, because the user has no e-mail
	// address, which the phone app needs, or one that can't be one. To wait doesn't help.
	ErrNoAddress = errors.New("factor: the user has no e-mail address that a phone can be set up with")
)

// An Enrolment is what a user needs to set up a phone.
type Enrolment struct {
	Key       totp.Key // for the QR code
	CodesOnly bool     // the phone makes codes, and can't be asked
	ExpiresAt time.Time
}

// Stage makes a new secret for the user, which the session may see and confirm in the
// browser with that hash. The factor in force, if any, stays in force until then, and is
// asked for: how long the session may take to confirm counts from that proof. The same
// form sent twice by the same browser, within a minute, makes one secret.
func (r *Rules) Stage(ctx context.Context, user eagate.User, s Session, browser string, proof Proof) (CodeAnswer, error) {
	email, codesOnly, err := r.addressToStage(ctx, user)
	if err != nil {
		return CodeAnswer{}, err
	}
	p := r.cfg.TOTP
	f := records.Factor{
		Secret:    r.cfg.Keys.Seal(totp.NewSecret(), SecretPurpose, user.ID),
		Algorithm: p.Algorithm, Digits: p.Digits, Period: int(p.Period / time.Second),
		CodesOnly: codesOnly,
	}
	if proof.typed, err = r.present(ctx, user.ID, proof); err != nil {
		return CodeAnswer{}, err
	}
	return r.updateByCode(ctx, user, proof.typed, func(acct *records.Account) (answer CodeAnswer, err error) {
		senders := r.senders(user.ID, s, s.Form.Route, passcode.Plain(proof.Code))
		repeated := s.staged(*acct) && slices.Contains(senders, acct.Staged.By) && r.justNow(acct.Staged.At)
		if proof.Code == "" && acct.Failures > 0 { // codes of what is staged were wrong: begin anew
			repeated = false
		}
		var until time.Time
		if repeated && proof.Code != "" { // which is used up, by what is staged
			answer.Result = CodeAccepted
			_, err = r.check(ctx, acct, proof)
		} else {
			answer, until, err = r.mayStage(ctx, acct, proof)
		}
		if err != nil || answer.Result != CodeAccepted {
			return answer, err
		}
		staged := records.Staged{Factor: f, Email: email, Binding: s.Binding, ExpiresAt: until, At: r.cfg.Now()}
		if len(senders) > 0 {
			staged.By = senders[len(senders)-1]
		}
		if repeated { // the browser may show the first answer, or this one
			staged = *acct.Staged
		}
		staged.Browser = browser
		acct.Staged = &staged
		return answer, nil
	})
}

// mayStage checks the proof for another secret, and returns until when that one can be
// confirmed.
func (r *Rules) mayStage(ctx context.Context, acct *records.Account, proof Proof) (answer CodeAnswer, until time.Time, err error) {
	if acct.State == records.On {
		answer, at, err := r.prove(ctx, acct, proof)
		return answer, at.Add(replacementTime), err
	}
	if err := proof.Basis.check(acct); err != nil {
		return CodeAnswer{}, time.Time{}, err
	}
	// There is nothing yet that could be guessed, so that old mistakes must not keep the
	// user from starting over.
	forgive(acct, r.cfg.Now())
	return CodeAnswer{Result: CodeAccepted}, r.cfg.Now().Add(enrolmentTime), nil
}

// Staged returns the enrolment that the session has under way in this browser,
// [ErrOtherBrowser] or [ErrNoEnrolment].
func (r *Rules) Staged(ctx context.Context, user eagate.User, s Session) (Enrolment, error) {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return Enrolment{}, err
	}
	if err := r.stagedBy(acct, s); err != nil {
		return Enrolment{}, err
	}
	f := acct.Staged.Factor
	plain, err := r.cfg.Keys.Open(f.Secret, SecretPurpose, user.ID)
	if err != nil {
		return Enrolment{}, err
	}
	key := totp.Key{
		Parameters: parametersOf(f), Issuer: r.cfg.Issuer, Email: acct.Staged.Email,
		ClientID: r.cfg.ClientID, Secret: totp.SecretText(plain),
	}
	if f.CodesOnly {
		key.ClientID = ""
	}
	return Enrolment{key, f.CodesOnly, acct.Staged.ExpiresAt}, nil
}

// stagedBy returns an error unless the request may see and confirm what is staged.
// Another session of the same user may not: somebody who only has the password could
// otherwise read along while the owner enrols. Nor may another browser, which has the
// session's cookie but didn't begin.
func (r *Rules) stagedBy(acct records.Account, s Session) error {
	longest := enrolmentTime
	if acct.State == records.On {
		longest = replacementTime
	}
	if !s.staged(acct) || !active(acct.Staged.ExpiresAt, r.cfg.Now(), longest) {
		return ErrNoEnrolment
	}
	if !s.began(acct.Staged.Browser) {
		return ErrOtherBrowser
	}
	return nil
}

// IsStaged reports whether the request has an enrolment under way.
func (r *Rules) IsStaged(acct records.Account, s Session) bool { return r.stagedBy(acct, s) == nil }

// staged reports whether the session has staged what is, some time ago perhaps.
func (s Session) staged(acct records.Account) bool {
	return acct.Staged != nil && (s.is(acct.Staged.Binding) || s.Staged != "" && s.Staged == acct.Staged.Binding)
}

// Confirm brings the staged factor into force if the proof's code is right and,
// where another factor is in force, its grant still holds. All that was proved
// before is void then; the secret of a new grant is returned for this session.
func (r *Rules) Confirm(ctx context.Context, user eagate.User, s Session, proof Proof, until time.Time) (answer CodeAnswer, secret string, err error) {
	ctx, cancel := detach(ctx)
	defer cancel()
	typed := r.arrived(proof)
	claim, err := r.claimFor(ctx, user, s)
	if err != nil {
		return answer, "", err
	}
	var (
		basis     Basis
		at        time.Time
		codesOnly bool
		event     = eagate.Event{UserID: user.ID, Email: claim.email}
	)
	answer, err = r.updateByCode(ctx, user, typed, func(acct *records.Account) (CodeAnswer, error) {
		if since, ok := r.sentBefore(acct, s); ok {
			basis, at = BasisOf(*acct), since
			return CodeAnswer{Result: CodeAccepted, Repeated: true}, records.ErrUnchanged
		}
		if _, err := r.check(ctx, acct, proof); err != nil {
			return CodeAnswer{}, err
		}
		if err := r.stagedBy(*acct, s); err != nil {
			return CodeAnswer{}, err
		}
		if !claim.covers(acct.Staged) {
			return CodeAnswer{}, ErrNoEnrolment
		}
		answer, step, err := r.try(acct, acct.Staged.Factor, true, typed)
		if err != nil || answer.Result != CodeAccepted {
			return answer, err
		}
		event.Kind = r.switchOn(acct, claim, step)
		codesOnly = acct.Factor.CodesOnly
		r.noteForm(acct, s)
		basis, at = BasisOf(*acct), r.cfg.Now()
		return answer, nil
	})
	if err != nil || answer.Result != CodeAccepted {
		return answer, "", err
	}
	if !answer.Repeated {
		r.emit(ctx, event)
	}
	if codesOnly {
		r.emit(ctx, eagate.Event{Kind: eagate.EventCodesOnly, UserID: user.ID, Email: claim.email, Holder: claim.holder})
	}
	secret, err = r.grant(ctx, basis, records.Grant{
		UserID: user.ID, Epoch: basis.epoch, Method: eagate.TOTP, Binding: s.Binding, VerifiedAt: at, ExpiresAt: until,
	})
	return answer, secret, err
}

// switchOn brings the staged factor into force, by a code of that step, and returns the
// event of it.
func (r *Rules) switchOn(acct *records.Account, claim claim, step int64) eagate.EventKind {
	kind := eagate.EventEnabled
	if acct.State == records.On {
		kind = eagate.EventReplaced
		if acct.Email != claim.email {
			addAddress(&acct.Sync, acct.Email) // an older release may not have noted it
			r.retireSecret(acct)
		}
	}
	if acct.Factor.Period != acct.Staged.Factor.Period {
		acct.LastStep, acct.EarlierSteps = 0, nil // it counts other steps
	}
	acct.State = records.On
	acct.Factor, acct.Email = claim.of(acct.Staged.Factor), claim.email
	acct.EnabledAt = r.cfg.Now()
	acceptStep(acct, step)
	r.factorChanged(acct)
	return kind
}

// retireSecret keeps the secret with which the account's address is switched off at the
// service, if that is sent.
func (r *Rules) retireSecret(acct *records.Account) {
	if r.cfg.SecretOnDisable {
		acct.Sync.Retired = acct.Factor.Secret
	}
}

// Disable switches the second factor off, or returns [ErrOff] or [ErrRequired].
func (r *Rules) Disable(ctx context.Context, user eagate.User, proof Proof) (CodeAnswer, error) {
	if _, required := r.required(user); required {
		return CodeAnswer{}, ErrRequired
	}
	var err error
	if proof.typed, err = r.present(ctx, user.ID, proof); err != nil {
		return CodeAnswer{}, err
	}
	answer, err := r.updateByCode(ctx, user, proof.typed, func(acct *records.Account) (CodeAnswer, error) {
		if acct.State != records.On {
			return CodeAnswer{}, ErrOff
		}
		answer, _, err := r.prove(ctx, acct, proof)
		if err == nil && answer.Result == CodeAccepted {
			r.switchOff(acct)
			acct.OffBy = proof.Grant.ID
		}
		return answer, err
	})
	if err == nil && answer.Result == CodeAccepted {
		r.emit(ctx, eagate.Event{Kind: eagate.EventDisabled, UserID: user.ID, Email: user.Email})
	}
	return answer, err
}

// switchOff takes the factor out of force, and what goes with it.
func (r *Rules) switchOff(acct *records.Account) {
	r.retireSecret(acct)
	acct.State = records.Off
	acct.Factor, acct.Recovery = records.Factor{}, nil
	acct.EnabledAt, acct.HeldSince = time.Time{}, time.Time{}
	acct.LastStep, acct.EarlierSteps = 0, nil
	acct.Proofs = nil
	r.factorChanged(acct)
}

// factorChanged voids what was proved with the factor that acct had, and notes that
// the service must be informed.
func (r *Rules) factorChanged(acct *records.Account) {
	r.void(acct)
	requestSync(&acct.Sync, r.cfg.Now())
	acct.Sync.Attempts = 0
}

// void ends all that was proved, and what was begun by it.
func (r *Rules) void(acct *records.Account) {
	acct.Epoch = records.NewEpoch()
	acct.Devices, acct.Staged, acct.OffBy, acct.LastForm = nil, nil, "", records.Form{}
	withdraw(&acct.Push)
	unreserve(&acct.Push)
}
