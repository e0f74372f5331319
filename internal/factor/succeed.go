package factor

import (
	"context"
	"errors"

	"github.com/eagate/eagate"
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
func (r *Rules) Succeed(ctx context.Context, former, secret string, method eagate.Method) error {
	id := hash(former)
	defer r.cache.forgetGrant(id)
	var earlier string
	var left records.Grant
	err := again(func() error {
		return r.cfg.Records.UpdateGrant(ctx, id, func(g *records.Grant) error {
			earlier, left = "", *g
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
			case records.KindEnded, records.KindRejected, records.KindLeft, records.KindCodes:
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
	if err == nil {
		r.leave(ctx, left.UserID, left.ExpiresAt, id, markID(eagate.User{ID: left.UserID}, Session{Binding: left.Binding}))
	}
	return errors.Join(err, r.revokeID(ctx, earlier))
}

// Supersede has the grant that the session goes on with, under another ID, take the place
// of a former one: by a request to which the session had no grant any more, so that it
// couldn't do that itself.
func (r *Rules) Supersede(ctx context.Context, user eagate.User, s Session, former string) error {
	mark, err := r.cfg.Records.Grant(ctx, markID(user, s))
	if err != nil || mark.Kind != records.KindMoved {
		return ignoreNotFound(err)
	}
	id := hash(former)
	defer r.cache.forgetGrant(id)
	err = r.cfg.Records.UpdateGrant(ctx, id, func(g *records.Grant) error {
		if g.Kind != records.KindProof || g.UserID != user.ID {
			return records.ErrUnchanged
		}
		g.Kind, g.Successor = records.KindMoved, mark.Successor
		return nil
	})
	return ignoreNotFound(err)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, records.ErrNotFound) {
		return nil
	}
	return err
}

// EndGrant ends the grant with that secret, and those that have taken its place.
func (r *Rules) EndGrant(ctx context.Context, secret string) error {
	var marks []string
	var last records.Grant
	err := r.revokeAll(ctx, hash(secret), func(g records.Grant) {
		last, marks = g, append(marks, markID(eagate.User{ID: g.UserID}, Session{Binding: g.Binding}))
	})
	if marks != nil {
		r.leave(ctx, last.UserID, last.ExpiresAt, marks...)
	}
	return err
}

// revokeID ends the grant with that ID, if there is one, and those that have taken
// its place.
func (r *Rules) revokeID(ctx context.Context, id string) error {
	return r.revokeAll(ctx, id, func(records.Grant) {})
}

// revokeAll is revokeID, and calls ended with each grant as it was.
func (r *Rules) revokeAll(ctx context.Context, id string, ended func(records.Grant)) error {
	for id != "" {
		g, err := r.revokeOne(ctx, id)
		if err != nil {
			return err
		}
		if g.ID != "" {
			ended(g)
		}
		id = g.Successor
	}
	return nil
}

// revokeOne ends a grant, and returns it as it was, or the zero one if there is none. It is
// ended before it is deleted, so that none can take its place meanwhile.
func (r *Rules) revokeOne(ctx context.Context, id string) (ended records.Grant, err error) {
	defer r.cache.forgetGrant(id)
	err = r.cfg.Records.UpdateGrant(ctx, id, func(g *records.Grant) error {
		ended = *g
		g.Kind = records.KindEnded
		return nil
	})
	if errors.Is(err, records.ErrNotFound) {
		return records.Grant{}, nil
	}
	if err == nil {
		err = r.cfg.Records.DeleteGrant(ctx, id)
	}
	return ended, err
}
