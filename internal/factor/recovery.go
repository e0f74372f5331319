package factor

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/internal/passcode"
	"github.com/eagate/eagate/internal/records"
)

// A presented code is one that was typed, made ready to be tried: hashing takes
// too long for the inside of an update.
type presented struct {
	text   string
	at     time.Time     // when it came: that is what it is judged by, however long it waits
	method eagate.Method // which it is of
	code   string        // the plain form of a recovery code, or "" if the text isn't one
	salt   []byte        // of the set that hash was made for
	hash   []byte        // nil if there was nothing to hash it for, or no turn
}

// readWithin is how long a request may have taken to be read for its code to be judged
// by when it came: a code must not stay right for longer because its request is delayed.
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
	if _, ok, err := r.triable(ctx, userID, p.at); err != nil || !ok {
		return p, err
	}
	err := r.hashing.Do(ctx, hashing.Job{UserID: userID}, 1, func(int) error {
		// Of many guesses at once, the first ones' pause holds for those that had to wait.
		acct, ok, err := r.triable(ctx, userID, p.at)
		if err != nil || !ok {
			return err
		}
		cost, _ := hashing.ParseScheme(acct.Recovery.Scheme) // as triable has found
		p.salt, p.hash = acct.Recovery.Salt, r.cfg.Hash(cost, p.code, acct.Recovery.Salt)
		return nil
	})
	return p, ignore(err, hashing.ErrOvertaken, hashing.ErrNoTurn)
}

// triable reports whether one of the user's recovery codes would be looked at.
func (r *Rules) triable(ctx context.Context, userID string, at time.Time) (acct records.Account, ok bool, err error) {
	acct, err = r.Account(ctx, userID)
	return acct, err == nil && recoverable(acct) && acct.HeldSince.IsZero() &&
		guesses(&acct, eagate.Recovery).lock(at, r.cfg.Now()) == eagate.LockNone, err
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
// error only if it can't decide: a later release has made the codes.
func (r *Rules) tryRecovery(acct *records.Account, p presented) (CodeAnswer, error) {
	g := guesses(acct, eagate.Recovery)
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
	noteProof(acct, eagate.Recovery, r.cfg.Now())
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
