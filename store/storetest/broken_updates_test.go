package storetest_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/eagate/eagate/store"
)

var brokenUpdates = slices.Concat(
	updatesBroken(accounts),
	updatesBroken(challenges), missingUpdated(challenges, func(id string) store.Challenge { return store.Challenge{ID: id} }, (*store.Memory).CreateChallenge),
	updatesBroken(grants), missingUpdated(grants, func(id string) store.Grant { return store.Grant{ID: id} }, (*store.Memory).CreateGrant),
)

// updatesBroken returns stores that update one kind of record wrongly.
func updatesBroken[R any](k kind[R]) []broken {
	var left sync.Map // the transactions that a panic left open

	updates := []struct {
		what   string
		update func(s rightly[R], ctx ctx, id string, change func(*R) error) error
		breaks []string
	}{
		{"shows another record", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			return s.update(ctx, id, func(r *R) error {
				*k.text(r) = ""
				return change(r)
			})
		}, []string{"fields"}},

		{"merges", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			return s.update(ctx, id, func(r *R) error {
				text := *k.text(r)
				err := change(r)
				if *k.text(r) == "" {
					*k.text(r) = text
				}
				return err
			})
		}, []string{"zero"}},

		{"stores in spite of the error", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			var failed error
			err := s.update(ctx, id, func(r *R) error {
				failed = change(r)
				return nil
			})
			return errors.Join(failed, err)
		}, []string{"error"}},

		{"counts in spite of the error", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			var failed error
			err := s.update(ctx, id, func(r *R) error {
				old := k.clone(*r)
				if failed = change(r); failed != nil {
					*r = old
				}
				return nil
			})
			return errors.Join(failed, err)
		}, []string{"error"}},

		{"swallows the error", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			var failed error
			err := s.update(ctx, id, func(r *R) error {
				failed = change(r)
				return failed
			})
			if failed != nil {
				return nil
			}
			return err
		}, []string{"error"}},

		{"hides the error", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			err := s.update(ctx, id, change)
			if err != nil && ctx.Err() == nil {
				return errors.New("transaction rolled back: " + err.Error())
			}
			return err
		}, []string{"error"}},

		{"stores what a panic left", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			var panicked any
			err := s.update(ctx, id, func(r *R) error {
				defer func() { panicked = recover() }()
				return change(r)
			})
			if panicked != nil {
				panic(panicked)
			}
			return err
		}, []string{"panic"}},

		{"leaves its transaction open after a panic", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			if _, open := left.Load(id); open {
				return errors.New("the database is locked")
			}
			return s.update(ctx, id, func(r *R) error {
				left.Store(id, true)
				err := change(r)
				left.Delete(id)
				return err
			})
		}, []string{"panic"}},

		{"swallows a panic", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			defer func() { _ = recover() }()
			return s.update(ctx, id, change)
		}, []string{"panic"}},

		{"fails but is stored when cancelled", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return errors.Join(s.update(context.WithoutCancel(ctx), id, change), ctx.Err())
		}, []string{"cancelled"}},

		{"succeeds but isn't stored when cancelled", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			rolledBack := errors.New("rolled back")
			err := s.update(ctx, id, func(r *R) error {
				if err := change(r); err != nil {
					return err
				}
				if ctx.Err() != nil {
					return rolledBack
				}
				return nil
			})
			if errors.Is(err, rolledBack) {
				return nil
			}
			return err
		}, []string{"cancelled"}},

		{"stores another record too", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			var changed R
			err := s.update(ctx, id, after(change, func(r *R) { changed = k.clone(*r) }))
			if moved := *k.key(&changed); err == nil && moved != id && moved != "" {
				return s.update(ctx, moved, func(r *R) error { *r = changed; return nil })
			}
			return err
		}, []string{"key"}},

		{"writes blindly", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			changed, err := s.read(ctx, id)
			if err != nil {
				return err
			}
			if err := change(&changed); err != nil {
				return err
			}
			return s.update(ctx, id, func(r *R) error { *r = changed; return nil })
		}, []string{"newest", "lost-update"}},

		{"gives up", func(s rightly[R], ctx ctx, id string, change func(*R) error) error {
			changed, err := s.read(ctx, id)
			if err != nil {
				return err
			}
			version := *k.version(&changed)
			if err := change(&changed); err != nil {
				return err
			}
			return s.update(ctx, id, func(r *R) error {
				if *k.version(r) != version {
					return errors.New("conflict")
				}
				*r = changed
				return nil
			})
		}, []string{"newest", "lost-update"}},

		{"doesn't call the change", func(s rightly[R], ctx ctx, id string, _ func(*R) error) error {
			return s.update(ctx, id, func(*R) error { return nil })
		}, []string{"newest"}},
	}

	method := "Update" + k.name
	all := []broken{{method + " doesn't count", breaking(func(h *hooked) {
		*k.readHook(h) = func(ctx ctx, id string) (R, error) {
			r, err := k.read(h.Memory, ctx, id)
			*k.version(&r) = min(*k.version(&r), 1)
			return r, err
		}
	}), []string{method + "/version"}}}
	for _, u := range updates {
		var breaks []string
		for _, clause := range u.breaks {
			breaks = append(breaks, method+"/"+clause)
			breaks = append(breaks, k.also[clause]...)
		}
		all = append(all, broken{method + " " + u.what, breaking(func(h *hooked) {
			*k.updateHook(h) = func(ctx ctx, id string, change func(*R) error) error {
				return u.update(rightly[R]{h.Memory, k}, ctx, id, change)
			}
		}), breaks})
	}
	return all
}

// missingUpdated returns stores that update a record that isn't there.
func missingUpdated[R any](k kind[R], blank func(id string) R, create func(*store.Memory, ctx, R) error) []broken {
	method := "Update" + k.name
	return []broken{
		{method + " creates a record", breaking(func(h *hooked) {
			*k.updateHook(h) = func(ctx ctx, id string, change func(*R) error) error {
				err := k.update(h.Memory, ctx, id, change)
				if errors.Is(err, store.ErrNotFound) {
					return create(h.Memory, ctx, blank(id))
				}
				return err
			}
		}), []string{method + "/missing"}},

		{method + " calls the change without a record", breaking(func(h *hooked) {
			*k.updateHook(h) = func(ctx ctx, id string, change func(*R) error) error {
				err := k.update(h.Memory, ctx, id, change)
				if errors.Is(err, store.ErrNotFound) {
					return errors.Join(change(new(R)), err)
				}
				return err
			}
		}), []string{method + "/missing"}},
	}
}
