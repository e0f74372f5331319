package storetest

import (
	"context"
	"fmt"
	"time"
)

// longValues: every text and byte string may have 255 bytes.
func (k kind[R]) longValues(ctx context.Context, s Subject) error {
	const size = 255
	key := newKey()
	record := func() R {
		r := fillLong[R](1, size)
		*k.key(&r) = key
		return r
	}
	if err := k.create(s.first(), ctx, record()); err != nil {
		return fmt.Errorf("can't store a record whose texts have %d bytes: %w", size, err)
	}
	if err := k.expect(ctx, s, record()); err != nil {
		return fmt.Errorf("%w: values must not be cut off", err)
	}
	return nil
}

// longestValues: what may become long in an account is kept up to a size, and
// beyond it kept or refused, but never cut off.
func longestValues(ctx context.Context, s Subject) error {
	want := accounts.record(newKey(), 1)
	want.Email = pad(308) + "@example.com"
	want.Factor.Secret = []byte(pad(1 << 10))
	want.Sync.Retired = []byte(pad(1 << 10))
	want.Sync.LastErr = pad(16 << 10)
	for i := range 1000 {
		want.Push.Sent = append(want.Push.Sent, horizon.Add(time.Duration(i)*time.Second))
	}
	for range 100 {
		want.Sync.Addresses = append(want.Sync.Addresses, want.Email)
	}
	if err := accounts.create(s.first(), ctx, want.Clone()); err != nil {
		return fmt.Errorf("can't store an account with long values: %w", err)
	}
	if err := accounts.expect(ctx, s, want); err != nil {
		return fmt.Errorf("%w: values must not be cut off", err)
	}

	longer := want.Clone()
	longer.Sync.LastErr = pad(100 << 10)
	if accounts.create(s.first(), ctx, longer.Clone()) == nil {
		want = longer
	}
	if err := accounts.expect(ctx, s, want); err != nil {
		return fmt.Errorf("%w: what is too long must be refused, not cut off", err)
	}
	return nil
}
