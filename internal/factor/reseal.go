package factor

import (
	"context"
	"errors"

	"github.com/eagate/eagate/internal/records"
)

// secretsOf returns where an account keeps what is sealed.
func secretsOf(a *records.Account) []*[]byte {
	secrets := make([]*[]byte, 0, 3)
	if len(a.Factor.Secret) > 0 {
		secrets = append(secrets, &a.Factor.Secret)
	}
	if a.Staged != nil && len(a.Staged.Factor.Secret) > 0 {
		secrets = append(secrets, &a.Staged.Factor.Secret)
	}
	if len(a.Sync.Retired) > 0 {
		secrets = append(secrets, &a.Sync.Retired)
	}
	return secrets
}

// reseal seals by the newest key what an older one has sealed, and reports
// whether there was anything. What can't be opened stays as it is.
func (r *Rules) reseal(a *records.Account) (changed bool, err error) {
	var faults []error
	for _, secret := range secretsOf(a) {
		if r.cfg.Keys.Newest(*secret) {
			continue
		}
		sealed, err := r.cfg.Keys.Reseal(*secret, SecretPurpose, a.UserID)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		*secret, changed = sealed, true
	}
	return changed, errors.Join(faults...)
}

// ResealAll seals and protects by the newest key whatever an older one does, in all
// records, so that the older ones can be given up once every node has the newest. A
// record that can't be opened counts as failed, and is named in the error.
func (r *Rules) ResealAll(ctx context.Context, report func(Progress)) (Progress, error) {
	done, err := r.changeAll(ctx, report, func(a *records.Account) (bool, error) {
		resealed, err := r.reseal(a)
		return resealed || a.Stale, err
	})
	faults := []error{err}
	err = r.cfg.Records.Reseal(ctx, func(changed bool, err error) {
		done.Seen++
		if changed {
			done.Changed++
		}
		if err != nil {
			if done.Failed++; len(faults) < faultsInError {
				faults = append(faults, err)
			}
		}
	})
	report(done)
	return done, errors.Join(append(faults, err)...)
}
