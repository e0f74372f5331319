package factor

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/eagate/eagate/internal/records"
)

const (
	reportEvery   = 200
	faultsInError = 10 // the others are only counted
)

// Progress says how far a change of all records has come.
type Progress struct {
	Seen    int // records looked at
	Changed int
	Failed  int
}

// Accounts returns all accounts, in no particular order. An account that can't be
// read is an error with a [*records.RecordError]; any other error ends the list.
func (r *Rules) Accounts(ctx context.Context) iter.Seq2[records.Account, error] {
	return r.cfg.Records.Accounts(ctx)
}

// errUnchanged ends an update that leaves the account as it is.
var errUnchanged = errors.New("factor: nothing to change")

// changeAll applies change to every account, and reports now and then, but not at
// the end. That an account can't be changed doesn't keep it from the others; that
// accounts can't be listed ends it. It can be called again.
func (r *Rules) changeAll(ctx context.Context, report func(Progress), change func(*records.Account) (bool, error)) (Progress, error) {
	var (
		done   Progress
		faults []error
	)
	for acct, err := range r.Accounts(ctx) {
		var unreadable *records.RecordError
		if err != nil && !errors.As(err, &unreadable) {
			return done, errors.Join(append(faults, err)...)
		}
		changed := false
		if err == nil {
			changed, err = r.changeOne(ctx, acct, change)
		}
		done.Seen++
		if changed {
			done.Changed++
		}
		if err != nil {
			if done.Failed++; len(faults) < faultsInError {
				faults = append(faults, fmt.Errorf("factor: user %q: %w", acct.UserID, err))
			}
		}
		if done.Seen%reportEvery == 0 {
			report(done)
		}
	}
	if more := done.Failed - len(faults); more > 0 {
		faults = append(faults, fmt.Errorf("factor: and %d more accounts", more))
	}
	return done, errors.Join(faults...)
}

// changeOne looks at the listed account first: most need no change, and then none is
// written.
func (r *Rules) changeOne(ctx context.Context, listed records.Account, change func(*records.Account) (bool, error)) (changed bool, err error) {
	if would, err := change(&listed); !would {
		return false, err
	}
	var fault error
	err = r.updateAccount(ctx, listed.UserID, func(a *records.Account) error {
		changed, fault = change(a)
		if !changed {
			return errUnchanged
		}
		return nil
	})
	if errors.Is(err, errUnchanged) {
		err = nil
	}
	return changed && err == nil, errors.Join(fault, err)
}
