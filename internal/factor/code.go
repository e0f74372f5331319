package factor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/passcode"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/totp"
)

// SecretPurpose seals TOTP secrets, those in force and those staged alike: a
// staged one comes into force without being sealed anew.
const SecretPurpose = "totp secret"

// A CodeResult says what became of a code.
type CodeResult uint8

const (
	CodeNone          CodeResult = iota // none was tried; the zero value
	CodeWrong                           // not the code; counted
	CodeAccepted                        // right, and used up now
	CodeUsed                            // was right, but it or a later one has been used; counted
	CodeBusy                            // not looked at: other codes are being hashed; not counted
	CodePaused                          // not looked at: too many wrong ones, try again later
	CodeBlocked                         // not looked at: too many wrong ones in a row, others must help
	CodeMissing                         // none was given where a proof is needed; not counted
	CodeNotApplicable                   // there is no factor that it could be tried with
	CodeHeld                            // not looked at: the account is closed until the password has been changed
)

// A CodeAnswer is a CodeResult with what goes with it.
type CodeAnswer struct {
	Result CodeResult
	Method eagate.Method // which the code was of
	Until  time.Time     // of CodePaused and CodeBusy, and of CodeWrong and CodeUsed that began a pause
	Left   int           // of CodeAccepted by MethodRecovery: how many codes are left

	// Malformed says of CodeWrong that it isn't of the form that codes have.
	Malformed bool

	// CheckClock says that a code of the phone isn't the first in a row that was
	// refused: its clock may be wrong.
	CheckClock bool

	// clockOff is by how many steps it seems to be. That is for operators: it would
	// tell guessers that they had been right at another time.
	clockOff int

	// Repeated says that it was accepted before: the same browser has sent the same form
	// twice, and no more is proved by it.
	Repeated bool

	counted bool      // whether it was counted as a wrong one
	anew    bool      // whether the count can be begun anew at will, because no factor is in force
	told    int       // of how many wrong ones the owner is to be told now
	blocked bool      // whether it was the last one that is looked at
	paused  time.Time // until when it paused codes
}

// try is the one place that decides whether a code of the phone is good. It runs
// inside an update of acct, changes what must be remembered, and returns an error
// only if it can't tell: the secret can't be opened, say. The factor is the one in
// force or the staged one, of which no code was accepted yet.
func (r *Rules) try(acct *records.Account, f records.Factor, staged bool, p presented) (answer CodeAnswer, step int64, err error) {
	if p.code != "" { // a recovery code, where nothing but a code of the phone will do
		return CodeAnswer{Result: CodeWrong, Method: eagate.TOTP, Malformed: true}, 0, nil
	}
	g := guesses(acct, eagate.TOTP)
	if answer = g.refusal(p.at, r.cfg.Now()); answer.Result != CodeNone {
		return answer, 0, nil
	}
	secret, err := r.cfg.Keys.Open(f.Secret, SecretPurpose, acct.UserID)
	if err != nil {
		return CodeAnswer{}, 0, err
	}
	gen, err := totp.NewGenerator(parametersOf(f), secret)
	if err != nil {
		return CodeAnswer{}, 0, fmt.Errorf("factor: %w", err)
	}
	n, wellFormed := passcode.ParseTOTP(p.text, f.Digits)
	step, right := gen.Match(n, p.at)
	switch {
	case !wellFormed || !right:
		off := 0
		if wellFormed && acct.Failures > 0 {
			off = gen.ClockOff(n, p.at)
		}
		answer = g.count(CodeWrong, r.cfg.Now())
		answer.clockOff, answer.Malformed = off, !wellFormed
		return answer, 0, nil
	case !staged && isUsed(acct, step, p.at):
		return g.count(CodeUsed, r.cfg.Now()), 0, nil
	}
	forgive(acct, r.cfg.Now())
	noteProof(acct, eagate.TOTP, r.cfg.Now())
	answer.Result = CodeAccepted
	return answer, step, nil
}

// tryInForce tries a code with the factor in force, or with the recovery codes.
func (r *Rules) tryInForce(acct *records.Account, p presented) (CodeAnswer, error) {
	switch {
	case acct.State != records.On:
		return CodeAnswer{Result: CodeNotApplicable}, nil
	case p.method == eagate.Recovery:
		return r.tryRecovery(acct, p)
	}
	answer, step, err := r.try(acct, acct.Factor, false, p)
	if answer.Result == CodeAccepted {
		acceptStep(acct, step)
	}
	return answer, err
}

// updateByCode is updateAccount for a change that tries a code, and tells of what
// became of it; that the account is closed is an answer too. Where the code wasn't looked
// at, nothing is stored: that can be asked for as often as somebody likes.
func (r *Rules) updateByCode(ctx context.Context, user eagate.User, typed presented, change func(*records.Account) (CodeAnswer, error)) (answer CodeAnswer, err error) {
	err = r.updateAccount(ctx, user.ID, func(acct *records.Account) (err error) {
		answer, err = change(acct)
		answer.anew = acct.State != records.On
		switch {
		case err != nil || answer.Result == CodeAccepted:
		case !answer.counted:
			err = records.ErrUnchanged
		case acct.State == records.On:
			answer.told = noteWrongCode(&acct.WrongCodes, r.cfg.Now())
		}
		return err
	})
	if errors.Is(err, ErrHeld) {
		answer, err = CodeAnswer{Result: CodeHeld}, nil
	}
	if answer.Method == 0 && answer.Result != CodeAccepted && typed.text != "" {
		answer.Method = typed.method
	}
	r.tellCode(ctx, user, answer, err)
	return answer, err
}

// tellCode tells of what became of a code, once that is stored.
func (r *Rules) tellCode(ctx context.Context, user eagate.User, answer CodeAnswer, err error) {
	if err != nil {
		return
	}
	e := eagate.Event{Kind: eagate.EventCodeRefused, UserID: user.ID, Email: user.Email, Method: answer.Method}
	unread := false
	switch answer.Result {
	case CodeAccepted:
		if answer.Method != eagate.Recovery || answer.Repeated {
			return
		}
		e.Kind, e.Left = eagate.EventRecoveryUsed, answer.Left
	case CodeWrong:
		e.Reason = "wrong"
	case CodeUsed:
		e.Reason = "used"
	case CodePaused:
		e.Reason, e.Until, unread = "paused", answer.Until, true
	case CodeBlocked:
		e.Reason, unread = "blocked", true
	case CodeHeld:
		e.Reason, unread = "held", true
	case CodeBusy:
		e.Reason, unread = "busy", true
	case CodeNotApplicable:
		e.Reason, unread = "off", true
	case CodeNone, CodeMissing:
		return
	}
	if answer.blocked {
		e.Reason, unread = "wrong", false
	}
	emit := func(e eagate.Event, more ...slog.Attr) { r.emit(ctx, e, more...) }
	if unread || answer.anew { // which can be had as often as somebody likes
		emit = func(e eagate.Event, _ ...slog.Attr) { r.emitFrequent(ctx, e, user.ID) }
	}
	var more []slog.Attr
	if answer.clockOff != 0 {
		more = append(more, slog.Int("clock_off_steps", answer.clockOff))
	}
	emit(e, more...)
	switch {
	case answer.blocked:
		emit(eagate.Event{Kind: eagate.EventBlocked, UserID: user.ID, Email: user.Email, Method: answer.Method})
	case !answer.paused.IsZero():
		emit(eagate.Event{Kind: eagate.EventPaused, UserID: user.ID, Email: user.Email, Method: answer.Method, Until: answer.paused})
	}
	if answer.told > 0 {
		r.emit(ctx, eagate.Event{Kind: eagate.EventWrongCodes, UserID: user.ID, Email: user.Email, Count: answer.told})
	}
}

// RefuseCode tells of a code that isn't tried, for a reason that isn't the rules'.
func (r *Rules) RefuseCode(ctx context.Context, user eagate.User, method eagate.Method, reason string) {
	r.emitFrequent(ctx, eagate.Event{
		Kind: eagate.EventCodeRefused, UserID: user.ID, Email: user.Email, Method: method, Reason: reason,
	}, user.ID)
}

// VerifyCode tries a code of the phone or a recovery code to unlock a session, and
// returns the secret of the grant if it was right. The proof needs no grant.
//
// The same form sent twice proves nothing anew: the grant says when the code was accepted.
// Whether the session already goes on with another grant for it, [Rules.Succeed] finds out.
func (r *Rules) VerifyCode(ctx context.Context, user eagate.User, s Session, proof Proof, until time.Time) (answer CodeAnswer, secret string, err error) {
	typed, err := r.present(ctx, user.ID, proof)
	if err != nil {
		return CodeAnswer{}, "", err
	}
	own, err := r.ownChallenge(ctx, user, s)
	if err != nil {
		return CodeAnswer{}, "", err
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	var (
		epoch  uint64
		at     time.Time
		voided string
	)
	answer, err = r.updateByCode(ctx, user, typed, func(acct *records.Account) (answer CodeAnswer, err error) {
		if err := proof.Basis.check(acct); err != nil {
			return CodeAnswer{}, err
		}
		epoch, at, voided = acct.Epoch, r.cfg.Now(), ""
		if since, ok := r.sentBefore(acct, s); ok {
			at, voided = since, own.ID
			return CodeAnswer{Result: CodeAccepted, Method: typed.method, Repeated: true}, records.ErrUnchanged
		}
		if answer, err = r.tryInForce(acct, typed); err != nil || answer.Result != CodeAccepted {
			return answer, err
		}
		r.noteForm(acct, s)
		if own.ID != "" && acct.Push.Live == own.ID {
			voided = withdraw(&acct.Push) // its approval is no longer needed
		}
		return answer, nil
	})
	if err != nil {
		return CodeAnswer{}, "", err
	}
	if answer.Result != CodeAccepted {
		return answer, "", nil
	}
	if err := r.giveUp(ctx, voided, records.Void); err != nil {
		return CodeAnswer{}, "", err
	}
	secret, err = r.grant(ctx, proof.Basis, records.Grant{
		UserID: user.ID, Epoch: epoch, Method: answer.Method, Binding: s.Binding, VerifiedAt: at, ExpiresAt: until,
	})
	return answer, secret, err
}

// Unlocked tells that a session was unlocked by a code.
func (r *Rules) Unlocked(ctx context.Context, user eagate.User, method eagate.Method) {
	r.emit(ctx, eagate.Event{Kind: eagate.EventVerified, UserID: user.ID, Email: user.Email, Method: method})
}

// ownChallenge returns the challenge that the session's browser began, or the zero one.
func (r *Rules) ownChallenge(ctx context.Context, user eagate.User, s Session) (records.Challenge, error) {
	acct, err := r.Account(ctx, user.ID)
	if err != nil {
		return records.Challenge{}, err
	}
	c, _, err := r.find(ctx, acct, s)
	if err != nil || !s.began(c.Browser) {
		return records.Challenge{}, err
	}
	return c, nil
}
