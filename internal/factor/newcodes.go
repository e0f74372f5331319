package factor

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/internal/storelimit"
)

const (
	// codesShown is how long new recovery codes can be seen by the browser that they were
	// made for.
	codesShown = 10 * time.Minute

	// sentAgain is how long a form that has new codes made can be sent again, by a second
	// click or a reload, without having others made.
	sentAgain = time.Minute

	newCodesPurpose = "new recovery codes"
)

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

// keepNewCodes stores the codes of a set for its viewer, before the set comes into force:
// the codes can be seen from that moment on, whatever becomes of the answer.
func (r *Rules) keepNewCodes(ctx context.Context, userID string, set *records.Recovery, b Basis, codes []string, v Viewer) error {
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
	set := acct.Recovery
	if acct.State != records.On || set == nil {
		return NewCodes{}, false, nil
	}
	secret := s.Secret(set.Browser)
	if secret == "" {
		return NewCodes{}, false, nil
	}
	g, err := r.cfg.Records.Grant(ctx, newCodesID(acct.UserID, set))
	switch {
	case errors.Is(err, records.ErrNotFound):
		return NewCodes{}, false, nil
	case err != nil:
		return NewCodes{}, false, err
	case g.Kind != records.KindCodes || !holds(g.ExpiresAt, r.cfg.Now(), codesShown):
		return NewCodes{}, false, nil
	}
	keys, err := r.cfg.Keys.With(secret)
	if err != nil {
		return NewCodes{}, false, err
	}
	plain, err := keys.Open(g.Sealed, newCodesPurpose, newCodesOwner(acct.UserID, set, basisOf(acct)))
	if err != nil || json.Unmarshal(plain, &codes) != nil {
		return NewCodes{}, false, nil // the factor was changed since, or the key: nobody can see them any more
	}
	return codes, true, nil
}

// SetID names a set of recovery codes to those who see it: which one they have kept.
func SetID(set *records.Recovery) string { return hash("eagate set\x00" + string(set.Salt))[:16] }

// KeepCodes notes that the user has kept the codes of the set with that name, which nobody
// can see from then on. It returns false if another set is in force by now. Besides the
// store's, the errors are ErrHeld, ErrOff and ErrOvertaken.
func (r *Rules) KeepCodes(ctx context.Context, user User, proof Proof, setID string) (bool, error) {
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

// dropNewCodes deletes the record of a set's codes. Where that fails, they go when their
// time is up, or can't be seen any more as it is.
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
	return browser != "" && acct.RecoveryMaker == browser && n > 0 && holds(acct.RecoveryMade[n-1].Add(sentAgain), now, sentAgain)
}

// IsMaking reports whether the first codes, or others, that the browser with that secret
// will see are still being made.
func (r *Rules) IsMaking(acct records.Account, s Session) bool {
	if !slices.Contains(s.Browsers, acct.RecoveryMaker) || acct.Recovery != nil && acct.Recovery.Browser == acct.RecoveryMaker {
		return false
	}
	return acct.State == records.On && isMaking(&acct, acct.RecoveryMaker, r.cfg.Now())
}
