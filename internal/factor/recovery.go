package factor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/internal/passcode"
	"github.com/eagate/eagate/internal/records"
)

const (
	// How often a user can have new codes made.
	recoveryMost   = 5
	recoveryWindow = time.Hour
)

// A presented code is one that was typed, made ready to be tried: hashing takes
// too long for the inside of an update.
type presented struct {
	text   string
	at     time.Time      // when it came: that is what it is judged by, however long it waits
	method records.Method // which it is of
	code   string         // the plain form of a recovery code, or "" if the text isn't one
	salt   []byte         // of the set that hash was made for
	hash   []byte         // nil if there was nothing to hash it for, or no turn
}

// readWithin is how long a request may have taken to be read for its code to be judged
// by when it came: what was a right code longer ago isn't kept good by holding a request
// back.
const readWithin = time.Minute

// arrived returns the code of a proof, whose text has just been read.
func (r *Rules) arrived(proof Proof) presented {
	now := r.cfg.Now()
	p := presented{text: proof.Code, at: now, method: passcode.MethodOf(proof.Code, proof.Field)}
	if waited := now.Sub(proof.At); !proof.At.IsZero() && waited > 0 {
		p.at = now.Add(-min(waited, readWithin))
	}
	if code, ok := passcode.ParseRecovery(proof.Code); ok {
		p.code = code
	}
	return p
}

// present makes a code ready. Of a recovery code that wouldn't be looked at, or
// that there is no set for, nothing is hashed.
func (r *Rules) present(ctx context.Context, userID string, proof Proof) (presented, error) {
	p := r.arrived(proof)
	if p.code == "" {
		return p, nil
	}
	acct, tried, err := r.triable(ctx, userID, p.at)
	if err != nil || !tried {
		return p, err
	}
	place := r.hashing.Join(hashing.Job{UserID: userID})
	defer place.Leave()
	end, err := place.Take(ctx)
	if errors.Is(err, hashing.ErrOvertaken) || errors.Is(err, hashing.ErrNoTurn) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	defer end()
	// Of many guesses at once, the first ones' pause holds for those that had to wait.
	if acct, tried, err = r.triable(ctx, userID, p.at); err != nil || !tried {
		return p, err
	}
	cost, _ := hashing.ParseScheme(acct.Recovery.Scheme) // as triable has found
	p.salt, p.hash = acct.Recovery.Salt, r.cfg.Hash(cost, p.code, acct.Recovery.Salt)
	return p, nil
}

// triable reports whether one of the user's recovery codes would be looked at.
func (r *Rules) triable(ctx context.Context, userID string, at time.Time) (acct records.Account, ok bool, err error) {
	acct, err = r.Account(ctx, userID)
	return acct, err == nil && recoverable(acct) && acct.HeldSince.IsZero() &&
		guesses(&acct, records.MethodRecovery).lock(at, r.cfg.Now()) == LockNone, err
}

// recoverable reports whether there are codes that this release can check.
func recoverable(acct records.Account) bool {
	if acct.State != records.On || acct.Recovery == nil || len(acct.Recovery.Hashes) == 0 {
		return false
	}
	_, ok := hashing.ParseScheme(acct.Recovery.Scheme)
	return ok
}

// tryRecovery tries a recovery code inside an update of acct. Like try, it returns an
// error only if it can't tell: a later release has made the codes.
func (r *Rules) tryRecovery(acct *records.Account, p presented) (CodeAnswer, error) {
	g := guesses(acct, records.MethodRecovery)
	answer := g.refusal(p.at, r.cfg.Now())
	if answer.Result != CodeNone {
		return answer, nil
	}
	if p.code == "" {
		answer = g.count(CodeWrong, r.cfg.Now())
		answer.Malformed = true
		return answer, nil
	}
	found := -1
	if set := acct.Recovery; set != nil && len(set.Hashes) > 0 {
		if _, ok := hashing.ParseScheme(set.Scheme); !ok {
			return CodeAnswer{}, fmt.Errorf("factor: this release can't check recovery codes hashed as %q", set.Scheme)
		}
		if p.hash == nil || !bytes.Equal(p.salt, set.Salt) {
			// There was no turn, or nothing to hash it for yet.
			answer.Result, answer.Until = CodeBusy, r.cfg.Now().Add(busyPause)
			return answer, nil
		}
		for i, hash := range set.Hashes {
			if subtle.ConstantTimeCompare(hash, p.hash) == 1 {
				found = i
			}
		}
	}
	if found < 0 {
		return g.count(CodeWrong, r.cfg.Now()), nil
	}
	acct.Recovery.Hashes = slices.Delete(slices.Clone(acct.Recovery.Hashes), found, found+1)
	forgive(acct, r.cfg.Now())
	answer.Result, answer.Left = CodeAccepted, len(acct.Recovery.Hashes)
	return answer, nil
}

// RecoveryLeft is how many recovery codes the user still has.
func RecoveryLeft(acct records.Account) int {
	if !recoverable(acct) {
		return 0
	}
	return len(acct.Recovery.Hashes)
}

// reasonFirst is the reason of an EventRecoveryMade that took no codes' place.
const reasonFirst = "first"

// ErrMadeMeanwhile says that the codes which count are another request's: a later one's,
// or those that the same form has had made before.
var ErrMadeMeanwhile = errors.New("factor: other recovery codes were made meanwhile")

// isNewer reports whether a set has taken the place of the former one, if any.
func isNewer(set, former *records.Recovery) bool {
	return set != nil && (former == nil || !bytes.Equal(set.Salt, former.Salt))
}

// isFor reports whether a set was made for that browser, whose user hasn't kept it yet.
func isFor(set *records.Recovery, browser string) bool {
	return browser != "" && set != nil && set.Browser == browser
}

// A RecoveryLimit says that new recovery codes were made so often that no more are
// for a while.
type RecoveryLimit struct {
	Until time.Time
}

func (e *RecoveryLimit) Error() string {
	return "factor: no new recovery codes until " + e.Until.Format(time.RFC3339) + ": too many were made"
}

// madeLately returns when new codes were made lately, or a [*RecoveryLimit].
func madeLately(acct records.Account, now time.Time) ([]time.Time, error) {
	made := slices.DeleteFunc(slices.Clone(acct.RecoveryMade), func(t time.Time) bool {
		return !holds(t.Add(recoveryWindow), now, recoveryWindow)
	})
	if n := len(made); n >= recoveryMost {
		return nil, &RecoveryLimit{Until: made[n-recoveryMost].Add(recoveryWindow)}
	}
	return made, nil
}

// hashAll hashes a user's new codes, a turn for each.
func (r *Rules) hashAll(ctx context.Context, userID string, salt []byte, codes []string) ([][]byte, error) {
	place := r.hashing.Join(hashing.Job{UserID: userID, Making: true})
	defer place.Leave()
	hashes := make([][]byte, len(codes))
	for i, code := range codes {
		end, err := place.Take(ctx)
		if err != nil {
			return nil, err
		}
		plain, _ := passcode.ParseRecovery(code)
		hashes[i] = r.cfg.Hash(r.cfg.RecoveryCost, plain, salt)
		end()
	}
	return hashes, nil
}

// MakeRecovery gives the user a new set of recovery codes in place of any
// earlier one, and returns them: only the viewer can see them again, by
// [Rules.NewCodes]. It returns no codes if the proof isn't good, or too many users wait.
// Besides the store's, the errors are ErrOff, ErrMadeMeanwhile and a [*RecoveryLimit].
func (r *Rules) MakeRecovery(ctx context.Context, user User, proof Proof, viewer Viewer) (CodeAnswer, []string, error) {
	ctx, cancel := detach(ctx)
	defer cancel()
	began := r.cfg.Now()
	if r.hashing.Full() { // before a code is used up for it
		return CodeAnswer{Result: CodeBusy, Until: began.Add(busyPause)}, nil, nil
	}
	var err error
	if proof.typed, err = r.present(ctx, user.ID, proof); err != nil {
		return CodeAnswer{}, nil, err
	}
	// The proof comes first, so that strangers can't have us hash.
	var former *records.Recovery
	browser := viewer.browser()
	answer, err := r.updateByCode(ctx, user, proof.typed, func(acct *records.Account) (CodeAnswer, error) {
		if acct.State != records.On {
			return CodeAnswer{}, ErrOff
		}
		former = acct.Recovery
		if browser != "" && (isMaking(acct, browser, r.cfg.Now()) || isFor(former, browser)) {
			// The form was sent twice, and its code is used up.
			_, err := r.check(ctx, acct, proof)
			if err == nil && isFor(former, browser) {
				err = ErrMadeMeanwhile
			}
			return CodeAnswer{Result: CodeAccepted}, err
		}
		lately, err := madeLately(*acct, r.cfg.Now())
		if err != nil {
			return CodeAnswer{}, err // before a code is used up for it
		}
		answer, _, err := r.prove(ctx, acct, proof)
		if err == nil && answer.Result == CodeAccepted {
			acct.RecoveryMade, acct.RecoveryMaker = append(lately, r.cfg.Now()), browser
		}
		return answer, err
	})
	if err != nil || answer.Result != CodeAccepted {
		return answer, nil, err
	}
	codes := passcode.NewRecovery()
	set := &records.Recovery{Scheme: r.cfg.RecoveryCost.Scheme(), Salt: make([]byte, 16), CreatedAt: began, Browser: browser}
	rand.Read(set.Salt) // never fails
	switch set.Hashes, err = r.hashAll(ctx, user.ID, set.Salt, codes); {
	case errors.Is(err, hashing.ErrOvertaken):
		return answer, nil, ErrMadeMeanwhile
	case err != nil:
		return answer, nil, err
	}
	if browser != "" {
		if err := r.keepNewCodes(ctx, user.ID, set, proof.Basis, codes, viewer); err != nil {
			return answer, nil, err
		}
	}
	made := Event{Kind: EventRecoveryMade, UserID: user.ID, Email: user.Email, Left: len(codes)}
	err = r.updateAccount(ctx, user.ID, func(acct *records.Account) error {
		if acct.State != records.On {
			return ErrOff // meanwhile
		}
		if _, err := r.check(ctx, acct, proof); err != nil { // it had to wait to hash
			return err
		}
		if isNewer(acct.Recovery, former) && acct.Recovery.CreatedAt.After(began) {
			return ErrMadeMeanwhile // by a second click, whose answer is the one that is seen
		}
		if isFor(acct.Recovery, browser) {
			return ErrMadeMeanwhile // by the first click, whose codes may have been seen
		}
		made.Reason = ""
		if acct.Recovery == nil {
			made.Reason = reasonFirst
		}
		acct.Recovery = set
		return nil
	})
	if errors.Is(err, ErrHeld) {
		return CodeAnswer{Result: CodeHeld}, nil, nil
	}
	if err != nil {
		return answer, nil, err
	}
	if former != nil && former.Browser != "" {
		r.dropNewCodes(ctx, user.ID, former)
	}
	r.emit(ctx, made)
	return answer, codes, nil
}

// MethodOf is passcode.MethodOf.
func MethodOf(typed string, field records.Method) records.Method {
	return passcode.MethodOf(typed, field)
}
