package records

import (
	"context"
	"errors"
)

// errCurrent ends an update of a record that the newest key protects already.
var errCurrent = errors.New("records: nothing to change")

// Reseal protects by the newest key what a former one protects, but for accounts,
// which have secrets besides. It calls report for each record with what became of
// it, and returns an error if records can't be listed.
func (r *Records) Reseal(ctx context.Context, report func(changed bool, err error)) error {
	return errors.Join(
		addresses.reseal(ctx, r, report),
		challenges.reseal(ctx, r, report),
		grants.reseal(ctx, r, report),
	)
}

func (k kind[R]) reseal(ctx context.Context, r *Records, report func(changed bool, err error)) error {
	for rec, err := range k.all(ctx, r) {
		var unreadable *RecordError
		switch {
		case errors.As(err, &unreadable):
			report(false, err)
			continue
		case err != nil:
			return err
		}
		m := k.of(&rec)
		if !*m.stale {
			report(false, nil)
			continue
		}
		err = k.update(ctx, r, *m.id, false, func(rec *R) error {
			if !*k.of(rec).stale {
				return errCurrent
			}
			return nil
		})
		if errors.Is(err, errCurrent) || errors.Is(err, ErrNotFound) {
			report(false, nil) // another node was first, or it was deleted meanwhile
		} else {
			report(err == nil, err)
		}
	}
	return nil
}
