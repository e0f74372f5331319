package factor

import (
	"context"
	"errors"

	"github.com/eagate/eagate/internal/records"
)

// Succeed has the grant with that secret, which was given by that method, take
// the place of a former one of the same session, which is worth nothing from
// then on. That can happen once, and to a grant that is still good: otherwise the
// new grant is revoked and Succeed returns [ErrSessionOver]; but whoever gave a
// code takes over from the grant that came first.
//
// The former grant stays as a mark: whoever logs out of the session as it was
// ends with it what the session goes on with.
func (r *Rules) Succeed(ctx context.Context, former, secret string, method records.Method) error {
	defer r.cache.forgetGrant(former)
	var earlier string
	err := again(func() error {
		return r.cfg.Records.UpdateGrant(ctx, hash(former), func(g *records.Grant) error {
			earlier = ""
			switch g.Kind {
			case records.KindProof:
			case records.KindMoved:
				if g.Successor == hash(secret) {
					return nil // by the first try, whose answer was lost
				}
				if !Typed(method) {
					return ErrSessionOver
				}
				earlier = g.Successor
			case records.KindEnded:
				return ErrSessionOver
			}
			g.Kind, g.Successor = records.KindMoved, hash(secret)
			return nil
		})
	}, ErrSessionOver, records.ErrNotFound)
	if errors.Is(err, records.ErrNotFound) {
		err = ErrSessionOver // logged out, or no longer good
	}
	if errors.Is(err, ErrSessionOver) {
		return errors.Join(err, r.Revoke(ctx, secret))
	}
	return errors.Join(err, r.revokeID(ctx, earlier))
}

// EndGrant ends the grant with that secret, and those that have taken its place.
func (r *Rules) EndGrant(ctx context.Context, secret string) error {
	defer r.cache.forgetGrant(secret)
	return r.revokeID(ctx, hash(secret))
}

// revokeID ends a grant whose secret may not be known here, and those that have
// taken its place. Each is ended first, so that none can take its place while it
// is being deleted.
func (r *Rules) revokeID(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	defer r.cache.forgetGrants()
	for id != "" {
		var successor string
		err := r.cfg.Records.UpdateGrant(ctx, id, func(g *records.Grant) error {
			g.Kind, successor = records.KindEnded, g.Successor
			return nil
		})
		if errors.Is(err, records.ErrNotFound) {
			return nil
		}
		if err == nil {
			err = r.cfg.Records.DeleteGrant(ctx, id)
		}
		if err != nil {
			return err
		}
		id = successor
	}
	return nil
}
