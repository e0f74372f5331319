package factor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/hashing"
	"github.com/eagate/eagate/internal/passcode"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

const (
	// How often a user can have new codes made.
	recoveryMost   = 5
	recoveryWindow = time.Hour

	// codesShown is how long new recovery codes can be seen by the browser that they were
	// made for.
	codesShown = 10 * time.Minute

	// sentAgain is how long a form that has new codes made can be sent again, by a second
	// click or a reload, without having others made.
	sentAgain = time.Minute

	// reasonFirst is the reason of an eagate.EventRecoveryMade that replaced no codes.
	reasonFirst = "first"

	newCodesPurpose = "new recovery codes"
)

// ErrMadeMeanwhile says that the codes which count are another request's: a later one's,
// or those that the same form has had made before.
var ErrMadeMeanwhile = errors.New("factor: other recovery codes were made meanwhile")

// A RecoveryLimit says that new recovery codes were made so often that no more are
// for a while.
type RecoveryLimit struct {
	Until time.Time
}

func (e *RecoveryLimit) Error() string {
	return "factor: no new recovery codes until " + e.Until.Format(time.RFC3339) + ": too many were made"
}

// A Viewer is who may see new recovery codes after the answer to the request that made
// them. The zero Viewer is nobody: a program has them in that answer.
type Viewer struct {
	Secret  string // the browser's, of 128 random bits at least
	Enabled bool   // whether they come with a second factor that was just switched on
}

// browser names the viewer's browser in records, or is "".
func (v Viewer) browser() string {
	if v.Secret == "" {
		return ""
	}
	return BrowserOf(v.Secret)
}

// MakeRecovery gives the user a new set of recovery codes in place of any
// earlier one, and returns them: only the viewer can see them again, by
// [Rules.NewCodes]. It returns no codes if the proof isn't good, or too many users wait.
// Besides the store's, the errors are ErrOff, ErrMadeMeanwhile and a [*RecoveryLimit].
func (r *Rules) MakeRecovery(ctx context.Context, user eagate.User, proof Proof, viewer Viewer) (CodeAnswer, []string, error) {
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
	answer, previous, err := r.proveForCodes(ctx, user, proof, viewer.browser())
	if err != nil || answer.Result != CodeAccepted {
		return answer, nil, err
	}
	codes := passcode.NewRecovery()
	set := &records.Recovery{Scheme: r.cfg.RecoveryCost.Scheme(), Salt: make([]byte, 16), CreatedAt: began, Browser: viewer.browser()}
	rand.Read(set.Salt) // never fails
	if set.Hashes, err = r.hashAll(ctx, user.ID, set.Salt, codes); err != nil {
		return answer, nil, err
	}
	if err := r.keepNewCodes(ctx, user.ID, set, proof.Basis, codes, viewer); err != nil {
		return answer, nil, err
	}
	reason, err := r.replaceCodes(ctx, user.ID, proof, set, previous)
	if errors.Is(err, ErrHeld) {
		return CodeAnswer{Result: CodeHeld}, nil, nil
	}
	if err != nil {
		return answer, nil, err
	}
	if previous != nil && previous.Browser != "" {
		r.dropNewCodes(ctx, user.ID, previous)
	}
	r.emit(ctx, eagate.Event{Kind: eagate.EventRecoveryMade, UserID: user.ID, Email: user.Email, Reason: reason, Left: len(codes)})
	return answer, codes, nil
}

// proveForCodes checks the proof for new codes, which are then counted, and returns the
// set in force.
func (r *Rules) proveForCodes(ctx context.Context, user eagate.User, proof Proof, browser string) (answer CodeAnswer, set *records.Recovery, err error) {
	answer, err = r.updateByCode(ctx, user, proof.typed, func(acct *records.Account) (CodeAnswer, error) {
		if acct.State != records.On {
			return CodeAnswer{}, ErrOff
		}
		set = acct.Recovery
		if isMaking(acct, browser, r.cfg.Now()) || isFor(set, browser) {
			// The form was sent twice, and its code is used up.
			_, err := r.check(ctx, acct, proof)
			if err == nil && isFor(set, browser) {
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
	return answer, set, err
}

// replaceCodes brings a new set of codes into force in place of the previous one, if any,
// and returns the reason of its event.
func (r *Rules) replaceCodes(ctx context.Context, userID string, proof Proof, set, previous *records.Recovery) (reason string, err error) {
	err = r.updateAccount(ctx, userID, func(acct *records.Account) error {
		if acct.State != records.On {
			return ErrOff // meanwhile
		}
		if _, err := r.check(ctx, acct, proof); err != nil { // it had to wait to hash
			return err
		}
		if isNewer(acct.Recovery, previous) && acct.Recovery.CreatedAt.After(set.CreatedAt) {
			return ErrMadeMeanwhile // by a second click, whose answer is the one that is seen
		}
		if isFor(acct.Recovery, set.Browser) {
			return ErrMadeMeanwhile // by the first click, whose codes may have been seen
		}
		reason = ""
		if acct.Recovery == nil {
			reason = reasonFirst
		}
		acct.Recovery = set
		return nil
	})
	return reason, err
}

// isNewer reports whether a set has replaced the previous one, if any.
func isNewer(set, previous *records.Recovery) bool {
	return set != nil && (previous == nil || !bytes.Equal(set.Salt, previous.Salt))
}

// isFor reports whether a set was made for that browser, whose user hasn't kept it yet.
func isFor(set *records.Recovery, browser string) bool {
	return browser != "" && set != nil && set.Browser == browser
}

// madeLately returns when new codes were made lately, or a [*RecoveryLimit].
func madeLately(acct records.Account, now time.Time) ([]time.Time, error) {
	made := recent(acct.RecoveryMade, now, recoveryWindow)
	if n := len(made); n >= recoveryMost {
		return nil, &RecoveryLimit{Until: made[n-recoveryMost].Add(recoveryWindow)}
	}
	return made, nil
}

// hashAll hashes a user's new codes, a turn for each.
func (r *Rules) hashAll(ctx context.Context, userID string, salt []byte, codes []string) ([][]byte, error) {
	hashes := make([][]byte, len(codes))
	err := r.hashing.Do(ctx, hashing.Job{UserID: userID, Making: true}, len(codes), func(i int) error {
		plain, _ := passcode.ParseRecovery(codes[i])
		hashes[i] = r.cfg.Hash(r.cfg.RecoveryCost, plain, salt)
		return nil
	})
	if errors.Is(err, hashing.ErrOvertaken) {
		err = ErrMadeMeanwhile
	}
	return hashes, err
}

// NewCodes are recovery codes that their user hasn't kept yet.
type NewCodes struct {
	Codes   []string `json:"codes"`
	Enabled bool     `json:"enabled,omitempty"` // see [Viewer]
}

// newCodesID names the record of the codes of a set.
func newCodesID(userID string, set *records.Recovery) string {
	return hash("eagate codes\x00" + string(set.Salt) + "\x00" + userID)
}

// newCodesOwner is what the codes of a set are sealed to, beside the user: they can't be
// opened as those of another set, nor after the factor was changed, or what was under way
// was ended, by a hold for example.
func newCodesOwner(userID string, set *records.Recovery, b Basis) string {
	return base64.RawURLEncoding.EncodeToString(set.Salt) + " " + strconv.FormatUint(b.epoch, 10) + " " + strconv.FormatUint(b.era, 10) + " " + userID
}

// keepNewCodes stores the codes of a set for its viewer, if there is one, before the set
// comes into force: the codes can be seen from that moment on, even if the answer is lost.
func (r *Rules) keepNewCodes(ctx context.Context, userID string, set *records.Recovery, b Basis, codes []string, v Viewer) error {
	if v.Secret == "" {
		return nil
	}
	keys, err := r.cfg.Keys.With(v.Secret)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(NewCodes{codes, v.Enabled})
	if err != nil {
		return err
	}
	return r.cfg.Records.CreateGrant(ctx, records.Grant{
		ID: newCodesID(userID, set), UserID: userID, Kind: records.KindCodes,
		Sealed:    keys.Seal(plain, newCodesPurpose, newCodesOwner(userID, set, b)),
		ExpiresAt: r.cfg.Now().Add(codesShown),
	})
}

// NewCodes returns the recovery codes of the account that the request's browser may see,
// if there are any. Its error is the store's.
func (r *Rules) NewCodes(ctx context.Context, acct records.Account, s Session) (codes NewCodes, ok bool, err error) {
	set, secret := acct.Recovery, ""
	if acct.State == records.On && set != nil {
		secret = s.Secret(set.Browser)
	}
	if secret == "" {
		return NewCodes{}, false, nil
	}
	g, err := r.cfg.Records.Grant(ctx, newCodesID(acct.UserID, set))
	if err != nil || g.Kind != records.KindCodes || !active(g.ExpiresAt, r.cfg.Now(), codesShown) {
		return NewCodes{}, false, ignore(err, records.ErrNotFound)
	}
	keys, err := r.cfg.Keys.With(secret)
	if err != nil {
		return NewCodes{}, false, err
	}
	plain, err := keys.Open(g.Sealed, newCodesPurpose, newCodesOwner(acct.UserID, set, BasisOf(acct)))
	if err != nil || json.Unmarshal(plain, &codes) != nil {
		return NewCodes{}, false, nil // the factor was changed since, or the key: they can't be seen any more
	}
	return codes, true, nil
}

// SetID names a set of recovery codes to those who see it: which one they have kept.
func SetID(set *records.Recovery) string { return hash("eagate set\x00" + string(set.Salt))[:16] }

// KeepCodes notes that the user has kept the codes of the set with that name, which can't
// be seen from then on. It returns false if another set is in force by now. Besides the
// store's, the errors are ErrHeld, ErrOff and ErrOvertaken.
func (r *Rules) KeepCodes(ctx context.Context, user eagate.User, proof Proof, setID string) (bool, error) {
	var set records.Recovery
	kept := false
	err := r.updateAccount(ctx, user.ID, func(acct *records.Account) error {
		kept, set = false, records.Recovery{}
		if acct.State != records.On {
			return ErrOff
		}
		if _, err := r.check(ctx, acct, proof); err != nil {
			return err
		}
		if acct.Recovery == nil || SetID(acct.Recovery) != setID {
			return records.ErrUnchanged
		}
		kept = true
		if acct.Recovery.Browser == "" {
			return records.ErrUnchanged // by another click
		}
		set = *acct.Recovery
		set.Browser, set.KeptAt = "", r.cfg.Now()
		acct.Recovery, acct.RecoveryMaker = &set, ""
		return nil
	})
	if err == nil && set.Salt != nil {
		r.dropNewCodes(ctx, user.ID, &set)
	}
	return kept, err
}

// dropNewCodes deletes the record of a set's codes. Where that fails, the record stays
// until it expires.
func (r *Rules) dropNewCodes(ctx context.Context, userID string, set *records.Recovery) {
	if err := r.cfg.Records.DeleteGrant(ctx, newCodesID(userID, set)); err != nil {
		r.cfg.Log.Log(ctx, storelimit.Level(err), "eagate: new recovery codes can be seen a while longer by the browser that they were made for",
			slog.String("user", userID), slog.Any("error", err))
	}
}

// endNewCodes ends the time in which the request's browser can see the account's codes.
func (r *Rules) endNewCodes(ctx context.Context, acct records.Account, s Session) error {
	set := acct.Recovery
	if set == nil || set.Browser == "" || !slices.Contains(s.Browsers, set.Browser) {
		return nil
	}
	return r.cfg.Records.DeleteGrant(ctx, newCodesID(acct.UserID, set))
}

// isMaking reports whether new codes have just been begun to be made for the browser: its
// form was sent twice.
func isMaking(acct *records.Account, browser string, now time.Time) bool {
	n := len(acct.RecoveryMade)
	return browser != "" && acct.RecoveryMaker == browser && n > 0 && active(acct.RecoveryMade[n-1].Add(sentAgain), now, sentAgain)
}

// IsMaking reports whether the first codes, or others, that the browser with that secret
// will see are still being made.
func (r *Rules) IsMaking(acct records.Account, s Session) bool {
	if !slices.Contains(s.Browsers, acct.RecoveryMaker) || acct.Recovery != nil && acct.Recovery.Browser == acct.RecoveryMaker {
		return false
	}
	return acct.State == records.On && isMaking(&acct, acct.RecoveryMaker, r.cfg.Now())
}
