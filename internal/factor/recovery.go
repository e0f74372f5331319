package factor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"slices"
	"strings"

	"github.com/eagate/eagate/internal/records"
)

const (
	recoveryCount = 10
	recoveryBytes = 10 // 80 bits: more than NIST SP 800-63B-4 §3.1.2.2 asks for

	// hashesAtOnce bounds the memory that strangers can have us use.
	hashesAtOnce = 2
)

// crockford is the alphabet without the letters that are taken for digits, or
// for each other.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// recoveryText turns what people type into what was printed.
var recoveryText = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1")

// parseRecovery returns the plain form of a recovery code, and whether the text
// looks like one. No TOTP code does.
func parseRecovery(text string) (code string, ok bool) {
	if len(text) > 64 {
		return "", false
	}
	code = recoveryText.Replace(strings.ToUpper(text))
	raw, err := crockford.DecodeString(code)
	return code, err == nil && len(raw) == recoveryBytes
}

// MethodOf tells how something would be proved by what was typed.
func MethodOf(typed string) records.Method {
	if _, ok := parseRecovery(typed); ok {
		return records.MethodRecovery
	}
	return records.MethodTOTP
}

// newRecoveryCodes returns a set of codes in groups of four.
func newRecoveryCodes() []string {
	codes := make([]string, recoveryCount)
	for i := range codes {
		raw := make([]byte, recoveryBytes)
		rand.Read(raw) // never fails
		code := crockford.EncodeToString(raw)
		codes[i] = code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
	}
	return codes
}

// hashes hashes recovery codes, a few at once.
type hashes chan struct{}

// enter waits for a turn, which leave ends.
func (h hashes) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h <- struct{}{}:
		return func() { <-h }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (h hashes) make(ctx context.Context, cost Cost, salt []byte, codes ...string) ([][]byte, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	made := make([][]byte, len(codes))
	for i, code := range codes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		made[i] = cost.hash(code, salt)
	}
	return made, nil
}

// A presented code is one that was typed, made ready to be tried: hashing takes
// too long for the inside of an update.
type presented struct {
	text     string
	recovery bool   // whether it looks like a recovery code
	salt     []byte // of the set that hash was made for
	hash     []byte
}

// present makes a code ready. Of a recovery code that wouldn't be looked at, or
// that there is no set for, nothing is hashed.
func (r *Rules) present(ctx context.Context, userID, text string) (presented, error) {
	p := presented{text: text}
	var code string
	if code, p.recovery = parseRecovery(text); !p.recovery {
		return p, nil
	}
	acct, tried, err := r.triable(ctx, userID)
	if err != nil || !tried {
		return p, err
	}
	leave, err := r.hashes.enter(ctx)
	if err != nil {
		return p, err
	}
	defer leave()
	// Of many guesses at once, the first ones' pause holds for those that had to wait:
	// or else whoever has a password keeps others waiting for their turn.
	if acct, tried, err = r.triable(ctx, userID); err != nil || !tried {
		return p, err
	}
	cost, _ := parseScheme(acct.Recovery.Scheme) // as triable has found
	p.salt, p.hash = acct.Recovery.Salt, cost.hash(code, acct.Recovery.Salt)
	return p, nil
}

// triable reports whether one of the user's recovery codes would be looked at now.
func (r *Rules) triable(ctx context.Context, userID string) (acct records.Account, ok bool, err error) {
	acct, err = r.Account(ctx, userID)
	return acct, err == nil && recoverable(acct) && acct.HeldSince.IsZero() &&
		guesses(&acct, records.MethodRecovery).lock(r.cfg.Now()) == LockNone, err
}

// recoverable reports whether there are codes that this release can check.
func recoverable(acct records.Account) bool {
	if acct.State != records.On || acct.Recovery == nil || len(acct.Recovery.Hashes) == 0 {
		return false
	}
	_, ok := parseScheme(acct.Recovery.Scheme)
	return ok
}

// tryRecovery tries a recovery code inside an update of acct.
func (r *Rules) tryRecovery(acct *records.Account, p presented) CodeAnswer {
	now := r.cfg.Now()
	g := guesses(acct, records.MethodRecovery)
	answer := g.refusal(now)
	if answer.Result != CodeNone {
		return answer
	}
	found := -1
	if recoverable(*acct) && p.hash != nil && bytes.Equal(p.salt, acct.Recovery.Salt) {
		for i, hash := range acct.Recovery.Hashes {
			if subtle.ConstantTimeCompare(hash, p.hash) == 1 {
				found = i
			}
		}
	}
	if found < 0 {
		return g.count(CodeWrong, now)
	}
	acct.Recovery.Hashes = slices.Delete(slices.Clone(acct.Recovery.Hashes), found, found+1)
	forgive(acct)
	answer.Result, answer.Left = CodeAccepted, len(acct.Recovery.Hashes)
	return answer
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

// ErrMadeMeanwhile says that codes would have been shown which a later request has
// replaced already.
var ErrMadeMeanwhile = errors.New("factor: other recovery codes were made meanwhile")

// isNewer reports whether a set has taken the place of the former one, if any.
func isNewer(set, former *records.Recovery) bool {
	return set != nil && (former == nil || !bytes.Equal(set.Salt, former.Salt))
}

// MakeRecovery gives the user a new set of recovery codes in place of any
// earlier one, and returns them: they can't be shown again. It returns no codes
// if the proof isn't good. Besides the store's, the errors are ErrOff and
// ErrMadeMeanwhile.
func (r *Rules) MakeRecovery(ctx context.Context, user User, proof Proof) (CodeAnswer, []string, error) {
	ctx, cancel := detach(ctx)
	defer cancel()
	began := r.cfg.Now()
	var err error
	if proof.typed, err = r.present(ctx, user.ID, proof.Code); err != nil {
		return CodeAnswer{}, nil, err
	}
	// The proof comes first, so that strangers can't have us hash.
	var former *records.Recovery
	answer, err := r.updateByCode(ctx, user, func(acct *records.Account) (CodeAnswer, error) {
		if acct.State != records.On {
			return CodeAnswer{}, ErrOff
		}
		answer, _, err := r.prove(ctx, acct, proof)
		former = acct.Recovery
		return answer, err
	})
	if err != nil || answer.Result != CodeAccepted {
		return answer, nil, err
	}
	codes := newRecoveryCodes()
	plain := make([]string, len(codes))
	for i, code := range codes {
		plain[i], _ = parseRecovery(code)
	}
	set := &records.Recovery{Scheme: r.cfg.RecoveryCost.scheme(), Salt: make([]byte, 16), CreatedAt: began}
	rand.Read(set.Salt) // never fails
	if set.Hashes, err = r.hashes.make(ctx, r.cfg.RecoveryCost, set.Salt, plain...); err != nil {
		return answer, nil, err
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
	r.emit(ctx, made)
	return answer, codes, nil
}
