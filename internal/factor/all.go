package factor

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/eagate/eagate/store"
)

const (
	pageSize      = 200
	faultsInError = 10 // the others are only counted
)

// Progress says how far a change of all accounts has come.
type Progress struct {
	Seen    int // accounts looked at
	Changed int
	Failed  int
}

// Accounts returns all accounts that the filter lets through, in no particular
// order. It ends with the first error.
func (r *Rules) Accounts(ctx context.Context, filter store.AccountFilter) iter.Seq2[store.Account, error] {
	return func(yield func(store.Account, error) bool) {
		for from := ""; ; {
			page, next, err := r.cfg.Store.ListAccounts(ctx, filter, from, pageSize)
			if err != nil {
				yield(store.Account{}, err)
				return
			}
			for _, a := range page {
				if !yield(a, nil) {
					return
				}
			}
			if from = next; from == "" {
				return
			}
		}
	}
}

// errUnchanged ends an update that leaves the account as it is.
var errUnchanged = errors.New("factor: nothing to change")

// changeAll applies change to every account, and reports after each page's worth
// and at the end. That an account can't be changed doesn't keep it from the
// others; that accounts can't be listed ends it. It can be called again.
func (r *Rules) changeAll(ctx context.Context, report func(Progress), change func(*store.Account) (bool, error)) (Progress, error) {
	var (
		done   Progress
		faults []error
	)
	for acct, err := range r.Accounts(ctx, store.AccountFilter{}) {
		if err != nil {
			return done, errors.Join(append(faults, err)...)
		}
		changed, err := r.changeOne(ctx, acct, change)
		done.Seen++
		if changed {
			done.Changed++
		}
		if err != nil {
			if done.Failed++; len(faults) < faultsInError {
				faults = append(faults, fmt.Errorf("factor: user %q: %w", acct.UserID, err))
			}
		}
		if done.Seen%pageSize == 0 {
			report(done)
		}
	}
	report(done)
	if more := done.Failed - len(faults); more > 0 {
		faults = append(faults, fmt.Errorf("factor: and %d more accounts", more))
	}
	return done, errors.Join(faults...)
}

// changeOne looks at the listed copy first: most accounts need no change, and
// then none is written.
func (r *Rules) changeOne(ctx context.Context, listed store.Account, change func(*store.Account) (bool, error)) (changed bool, err error) {
	trial := listed.Clone()
	if would, err := change(&trial); !would {
		return false, err
	}
	var fault error
	err = r.updateAccount(ctx, listed.UserID, func(a *store.Account) error {
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
