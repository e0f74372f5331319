package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/eagate/eagate/store"
)

// read returns the record at a place.
func read[R any](ctx context.Context, k kind[R], p place) (r R, err error) {
	if err := check(ctx, p); err != nil {
		return r, err
	}
	hash, err := load(ctx, k, p)
	if err != nil {
		return r, err
	}
	r, _, err = k.decode(p.id, hash)
	return r, err
}

// create stores a record at a place, or returns [store.ErrExists].
func create[R any](ctx context.Context, k kind[R], p place, r R) error {
	if err := check(ctx, p); err != nil {
		return err
	}
	e, err := k.edit(&r, nil)
	if err != nil {
		return err
	}
	e.next = newVersion(1)
	written, err := p.write(ctx, e)
	if err != nil {
		return fault(ctx, "creating the "+k.name, err)
	}
	if !written {
		return store.ErrExists
	}
	return nil
}

// update applies change to the record at a place.
func update[R any](ctx context.Context, k kind[R], p place, change func(*R) error) error {
	if err := check(ctx, p); err != nil {
		return err
	}
	// Each time, somebody else has got on: with a hundred writers at once, the
	// last has its turn after some dozens.
	const tries = 1000
	for try := range tries {
		if err := giveWay(ctx, try); err != nil {
			return err
		}
		hash, err := load(ctx, k, p)
		if err != nil {
			return err
		}
		r, version, err := k.decode(p.id, hash)
		if err != nil {
			return err
		}
		if err := change(&r); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := k.edit(&r, hash)
		if err != nil {
			return err
		}
		e.read, e.next = hash["version"], newVersion(version+1)
		written, err := p.write(ctx, e)
		if err != nil {
			return fault(ctx, "updating the "+k.name, err)
		}
		if written {
			return nil
		}
	}
	return fmt.Errorf("redisstore: updating the %s: another writer came first %d times", k.name, tries)
}

func check(ctx context.Context, p place) error {
	return errors.Join(ctx.Err(), store.CheckID(p.id))
}

// load returns the fields of the record at a place.
func load[R any](ctx context.Context, k kind[R], p place) (map[string]string, error) {
	hash, err := p.read(ctx)
	if err != nil {
		return nil, fault(ctx, "reading the "+k.name, err)
	}
	if len(hash) == 0 && k.missing != nil {
		return nil, k.missing
	}
	return hash, nil
}

// giveWay lets other writers go first, after the first few tries, for a random
// time.
func giveWay(ctx context.Context, try int) error {
	const atOnce, longest = 3, 32 * time.Millisecond
	if try < atOnce {
		return ctx.Err()
	}
	most := min(time.Millisecond<<min(try-atOnce, 10), longest)
	return wait(ctx, rand.N(most))
}
