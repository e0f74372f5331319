package records

import (
	"context"
	"errors"
)

// errCurrent ends an update of a record that the newest key authenticates already.
var errCurrent = errors.New("records: nothing to change")

// Reseal authenticates every record with the newest key, except accounts, which also have
// sealed secrets. It calls report for each record with the result, and returns an error
// if records can't be listed.
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
			report(false, nil) // resealed by another node, or deleted
		} else {
			report(err == nil, err)
		}
	}
	return nil
}
