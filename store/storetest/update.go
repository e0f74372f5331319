package storetest

import (
	"context"
	"errors"
	"fmt"
)

// updateClauses returns what is asked of every update.
func (m mutable[R]) updateClauses() []clause {
	method := "Update" + m.name
	return []clause{
		{method + "/fields", m.fields},
		{method + "/zero", m.backToZero},
		{method + "/error", m.failing},
		{method + "/panic", m.panicking},
		{method + "/cancelled", m.cancelled},
		{method + "/version", m.versions},
		{method + "/key", m.keyStays},
		{method + "/newest", m.newest},
		{method + "/lost-update", m.lostUpdate},
	}
}

// fields: the change is given every field as it was stored, and every field
// that it sets is stored.
func (m mutable[R]) fields(ctx context.Context, s Subject) error {
	r, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	key := *m.key(&r)
	for seed := 1; seed < 4; seed++ {
		var wrong error
		err := m.update(s.first(), ctx, key, func(r *R) error {
			wrong = diff(*r, m.record(key, seed))
			*r = m.record(key, seed+1)
			return nil
		})
		if err != nil {
			return err
		}
		if wrong != nil {
			return fmt.Errorf("what the change was given isn't what was stored: %w", wrong)
		}
		if err := m.expect(ctx, s, m.record(key, seed+1)); err != nil {
			return fmt.Errorf("what is stored isn't what the change left: %w", err)
		}
	}
	return nil
}

// backToZero: a field that is set back to zero is zero.
func (m mutable[R]) backToZero(ctx context.Context, s Subject) error {
	r, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	zero := m.zero(*m.key(&r))
	if err := m.update(s.first(), ctx, *m.key(&r), func(r *R) error { *r = zero; return nil }); err != nil {
		return err
	}
	if err := m.expect(ctx, s, zero); err != nil {
		return fmt.Errorf("after setting every field back to zero: %w: nothing of the older record may shine through", err)
	}
	return nil
}

// failing: an error of the change is returned, and nothing is stored.
func (m mutable[R]) failing(ctx context.Context, s Subject) error {
	want, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	version, err := m.versionOf(ctx, s, *m.key(&want))
	if err != nil {
		return err
	}
	refused := errors.New("refused")
	err = m.update(s.first(), ctx, *m.key(&want), func(r *R) error {
		scribble(r)
		return fmt.Errorf("the change has %w", refused)
	})
	if !errors.Is(err, refused) {
		return fmt.Errorf("Update%s returned the error %v where the change had returned another: it must return that one", m.name, err)
	}
	if err := m.expect(ctx, s, want); err != nil {
		return fmt.Errorf("a change that returned an error was stored: %w", err)
	}
	after, err := m.versionOf(ctx, s, *m.key(&want))
	if err != nil {
		return err
	}
	if after != version {
		return fmt.Errorf("Version went from %d to %d with a change that returned an error: nothing may be stored", version, after)
	}
	return nil
}

// panicking: a change that panics stores nothing, and leaves nothing locked.
func (m mutable[R]) panicking(ctx context.Context, s Subject) error {
	want, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	key := *m.key(&want)
	panicked, err := catch(func() error {
		return m.update(s.first(), ctx, key, func(r *R) error {
			scribble(r)
			panic("storetest: a change that panics")
		})
	})
	if !panicked && err == nil {
		return fmt.Errorf("Update%s returned no error where the change had panicked", m.name)
	}
	if err := m.expect(ctx, s, want); err != nil {
		return fmt.Errorf("a change that panicked was stored: %w", err)
	}
	err = m.update(s.first(), ctx, key, func(r *R) error { *m.left(r) = "next"; return nil })
	if err != nil {
		return fmt.Errorf("the update after a change that panicked: %w: a panic must not leave a lock or a transaction behind", err)
	}
	*m.left(&want) = "next"
	return m.expect(ctx, s, want)
}

func catch(f func() error) (panicked bool, err error) {
	panicked = true
	defer func() {
		if panicked {
			_ = recover()
		}
	}()
	err = f()
	panicked = false
	return panicked, err
}

// cancelled: when the context ends during an update, either the update is
// stored and succeeds, or it isn't and fails.
func (m mutable[R]) cancelled(ctx context.Context, s Subject) error {
	want, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	key := *m.key(&want)
	ending, cancel := context.WithCancel(ctx)
	defer cancel()
	err = m.update(s.first(), ending, key, func(r *R) error {
		*m.left(r) = "changed"
		cancel()
		return nil
	})
	if err == nil {
		*m.left(&want) = "changed"
		if err := m.expect(ctx, s, want); err != nil {
			return fmt.Errorf("the context ended during an update, which returned no error: %w: it must be stored, or fail", err)
		}
		return nil
	}
	if wrong := m.expect(ctx, s, want); wrong != nil {
		return fmt.Errorf("the context ended during an update, which returned the error %w: %w: nothing may be stored", err, wrong)
	}
	return nil
}

// versions: the store counts Version, and nobody else sets it.
func (m mutable[R]) versions(ctx context.Context, s Subject) error {
	r, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	other := m.record(newKey(), 1)
	*m.version(&other) = 12345
	if err := m.create(s.first(), ctx, other); err != nil {
		return err
	}
	start, err := m.versionOf(ctx, s, *m.key(&r))
	if err != nil {
		return err
	}
	startOther, err := m.versionOf(ctx, s, *m.key(&other))
	if err != nil {
		return err
	}
	if start != startOther {
		return fmt.Errorf("new records have the Versions %d and %d: they must be the same, whatever the caller had set", start, startOther)
	}
	for n := range uint64(5) {
		var given uint64
		err := m.update(s.handle(int(n)), ctx, *m.key(&r), func(r *R) error {
			given = *m.version(r)
			*m.version(r) = 99 - n
			*m.left(r) = fmt.Sprint(n)
			return nil
		})
		if err != nil {
			return err
		}
		after, err := m.versionOf(ctx, s, *m.key(&r))
		if err != nil {
			return err
		}
		if given != start+n || after != start+n+1 {
			return fmt.Errorf("Version is %d in change %d after creation, and %d behind it: want %d and %d: the store must count each change, and ignore what the change sets",
				given, n+1, after, start+n, start+n+1)
		}
	}
	return nil
}

func (m mutable[R]) versionOf(ctx context.Context, s Subject, key string) (uint64, error) {
	r, err := m.read(s.last(), ctx, key)
	return *m.version(&r), err
}

// keyStays: a change can't move a record to another key.
func (m mutable[R]) keyStays(ctx context.Context, s Subject) error {
	mine, err := m.given(ctx, s, 1)
	if err != nil {
		return err
	}
	theirs, err := m.given(ctx, s, 2)
	if err != nil {
		return err
	}
	err = m.update(s.first(), ctx, *m.key(&mine), func(r *R) error {
		*m.key(r) = *m.key(&theirs)
		*m.left(r) = "changed"
		return nil
	})
	if err != nil {
		return fmt.Errorf("a change that sets the key: %w: the store must ignore what it sets", err)
	}
	*m.left(&mine) = "changed"
	for _, want := range []R{mine, theirs} {
		if err := m.expect(ctx, s, want); err != nil {
			return fmt.Errorf("after a change that sets the key: %w: the store must ignore what it sets", err)
		}
	}
	return nil
}

// updateMissing: a record that doesn't exist isn't updated.
func (m mutable[R]) updateMissing(ctx context.Context, s Subject) error {
	key, called := newKey(), false
	err := m.update(s.first(), ctx, key, func(*R) error {
		called = true
		return nil
	})
	if err := notFound("Update"+m.name, err); err != nil {
		return err
	}
	if called {
		return fmt.Errorf("Update%s called the change where there is no record", m.name)
	}
	if err := m.expectNone(ctx, s, key); err != nil {
		return fmt.Errorf("Update%s created a record: %w", m.name, err)
	}
	return nil
}
