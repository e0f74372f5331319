package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/eagate/eagate/store"
)

// userIDTwins returns user IDs as applications may have them, which databases
// fold, trim, match or escape in one way or another. None is longer than 255
// bytes.
func userIDTwins(random string) []string {
	long := random + strings.Repeat("x", 254-len(random))
	return []string{
		random + "alice", random + "Alice", random + "ALICE",
		random + "alice ", random + "alice\t", random + "alice\n", " " + random + "alice",
		random + "alicé", random + "alice\u0301", random + "alicè",
		random + "alic%", random + "alic_", random + "alic*", random + "alic?", random + "[a-z]", random + "{a}",
		random + "'; DROP TABLE accounts; --", random + `"alice"`, random + "`alice`", random + `\alice`, random + `\\alice`,
		random + "$1", random + "?", random + ":a", random + "a:b", random + "a/../b", random + "%00", random + "%61lice",
		random + "straße", random + "strasse", random + "STRASSE", random + "日本語", random + "🔐", random + "🔑",
		random + "1", random + "01", random + "1.0", random + "NULL", random + "null",
		long + "a", long + "b",
	}
}

// hashTwins returns IDs in base64url, the form that challenges and grants have.
func hashTwins(random string) []string {
	start := random[:len(random)-4]
	return []string{
		start + "abcd", start + "ABCD", start + "aBcD", start + "----", start + "____", start + "-_-_",
	}
}

// keys: keys are told apart byte by byte.
func (k kind[R]) keys(ctx context.Context, s Subject) error {
	twins := k.twins(newKey())
	for i, key := range twins {
		if err := k.expectNone(ctx, s, key); err != nil {
			return fmt.Errorf("before a record with the key %s exists: %w: keys must be told apart byte by byte", short(key), err)
		}
		if err := k.create(s.first(), ctx, k.record(key, i)); err != nil {
			return fmt.Errorf("can't create a record with the key %s: %w: every key of up to 255 bytes of UTF-8 without NUL must do", short(key), err)
		}
	}
	for i, key := range twins {
		if err := k.expect(ctx, s, k.record(key, i)); err != nil {
			return fmt.Errorf("the record with the key %s isn't what was stored under it: %w: keys must be told apart byte by byte", short(key), err)
		}
	}
	key := newKey()
	if err := k.create(s.first(), ctx, k.record(key, 1)); err != nil {
		return err
	}
	for _, near := range []string{key + " ", " " + key, key + "=", key + "\n", key[1:], key[:len(key)-1], key[:1] + "%", key + key} {
		if err := k.expectNone(ctx, s, near); err != nil {
			return fmt.Errorf("a record with the key %q, and a read with %q: %w: keys must match exactly", key, near, err)
		}
	}
	return nil
}

// oddKeys: a user ID that the store can't hold is refused, not altered: two
// users must not come to share an account. Nor may a read say of such a user that
// there is no second factor.
func oddKeys(ctx context.Context, s Subject) error {
	random := newKey()
	long := random + strings.Repeat("x", 8000)
	odd := [][2]string{
		{random + "\x00a", random + "\x00b"},
		{random + "\x00", random},
		{random + "\xff", random + "\xfe"},
		{random + "\xff", random + "\uFFFD"},
		{long[:255] + "a", long[:255] + "b"},
		{long[:1024] + "a", long[:1024] + "b"},
		{long + "a", long + "b"},
	}
	for _, twins := range odd {
		kept := map[string]int{}
		for i, id := range twins {
			err := s.first().UpdateAccount(ctx, id, func(a *store.Account) error { a.Failures = i + 1; return nil })
			if err == nil {
				kept[id] = i + 1
			} else if _, err := s.last().Account(ctx, id); err == nil {
				return fmt.Errorf("UpdateAccount refuses the user ID %s, but Account returned no error: "+
					"where there can't be a record, it must not return the one of a user without a second factor", short(id))
			}
		}
		for id, failures := range kept {
			a, err := s.last().Account(ctx, id)
			if err != nil {
				return fmt.Errorf("the account of the user ID %s was stored, but reading it fails: %w", short(id), err)
			}
			if a.UserID != id || a.Failures != failures {
				return fmt.Errorf("the account of the user ID %s isn't what was stored, and has the user ID %s: a user ID that the store can't hold must be refused with an error, not altered",
					short(id), short(a.UserID))
			}
		}
	}
	return nil
}
