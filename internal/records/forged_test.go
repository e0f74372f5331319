package records_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

var kinds = []store.Kind{store.Accounts, store.Challenges, store.Grants, store.Addresses}

// overwrite replaces the body of a document, as somebody with access to the
// store can.
func overwrite(t testing.TB, b store.Backend, kind store.Kind, id string, change func([]byte) []byte) {
	t.Helper()
	docs := expect.Try(b.Get(t.Context(), kind, id)).OrFail(t)
	docs[0].Body = change(docs[0].Body)
	expect.Try(b.Put(t.Context(), kind, docs[0])).OrFail(t)
}

// Each byte of each record counts.
func TestFlippedBits(t *testing.T) {
	for _, kind := range kinds {
		r, m := newRecords(t)
		fillAll(t, r)
		docs := expect.Try(m.Get(t.Context(), kind, idOf(kind))).OrFail(t)
		good := docs[0].Body
		for i := range good {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << (i % 8)
			if !utf8.Valid(bad) {
				continue // stores refuse it
			}
			overwrite(t, m, kind, idOf(kind), func([]byte) []byte { return bad })
			if err := readAll(t.Context(), r)[kind]; !errors.Is(err, records.ErrForged) {
				t.Fatalf("%s with a bit of byte %d flipped: got %v, want ErrForged\n%s", kind, i, err, bad)
			}
		}
	}
}

func TestForged(t *testing.T) {
	for _, kind := range kinds {
		r, m := newRecords(t)
		fillAll(t, r)
		strangers, theirs := newRecords(t)
		*strangers = *records.New(theirs, newKeyring(t, other))
		fillAll(t, strangers)
		docs := expect.Try(theirs.Get(t.Context(), kind, idOf(kind))).OrFail(t)
		for name, forge := range map[string]func([]byte) []byte{
			"by another key":     func([]byte) []byte { return docs[0].Body },
			"without a MAC":      func([]byte) []byte { return []byte(`{"state":"off"}`) },
			"an empty object":    func([]byte) []byte { return []byte(`{}`) },
			"no JSON":            func([]byte) []byte { return []byte("off") },
			"cut off":            func(b []byte) []byte { return b[:len(b)-1] },
			"cut off in the MAC": func(b []byte) []byte { return b[:20] },
			"with more behind":   func(b []byte) []byte { return append(b, ' ') },
			"with a field more":  func(b []byte) []byte { return append(b[:len(b)-1], `,"x":1}`...) },
			"MAC moved":          func(b []byte) []byte { return slices.Concat([]byte(`{ `), b[1:]) },
		} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				var before []byte
				overwrite(t, m, kind, idOf(kind), func(b []byte) []byte { before = bytes.Clone(b); return forge(b) })
				err := readAll(t.Context(), r)[kind]
				var bad *records.RecordError
				if !errors.Is(err, records.ErrForged) || !errors.As(err, &bad) || bad.Kind != kind || bad.ID != idOf(kind) {
					t.Errorf("got %v, want ErrForged of that record", err)
				}
				overwrite(t, m, kind, idOf(kind), func([]byte) []byte { return before })
				expect.NoError(t, readAll(t.Context(), r)[kind], "put back")
			})
		}
	}
}

// A record counts under its own kind and ID only.
func TestSwapped(t *testing.T) {
	r, m := newRecords(t)
	ctx := t.Context()
	fillAll(t, r)
	expect.NoError(t, r.UpdateAccount(ctx, "bob", func(*records.Account) error { return nil }))
	docs := expect.Try(m.Get(ctx, store.Accounts, "bob")).OrFail(t)
	overwrite(t, m, store.Accounts, "u-42", func([]byte) []byte { return docs[0].Body })
	if _, err := r.Account(ctx, "u-42"); !errors.Is(err, records.ErrForged) {
		t.Errorf("bob's account as alice's: got %v, want ErrForged", err)
	}
	overwrite(t, m, store.Challenges, "c", func([]byte) []byte { return docs[0].Body })
	if _, err := r.Challenge(ctx, "c"); !errors.Is(err, records.ErrForged) {
		t.Errorf("an account as a challenge: got %v, want ErrForged", err)
	}
}

// A forged record is changed by nothing, and its error names no secret.
func TestForgedIsLeft(t *testing.T) {
	r, m := newRecords(t)
	fillAll(t, r)
	ctx := t.Context()
	const secret = "SEVENTY"
	overwrite(t, m, store.Accounts, "u-42", func(b []byte) []byte { return bytes.Replace(b, []byte("binding"), []byte(secret), 1) })
	err := r.UpdateAccount(ctx, "u-42", func(*records.Account) error { t.Error("change was called"); return nil })
	if !errors.Is(err, records.ErrForged) || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v, want ErrForged", err)
	}
	n := 0
	for a, err := range r.Accounts(ctx) {
		n++
		if !errors.Is(err, records.ErrForged) || a.UserID != "u-42" {
			t.Errorf("listed: got %q, %v, want ErrForged of alice", a.UserID, err)
		}
	}
	expect.Equal(t, n, 1, "accounts listed")
}

// Keys are changed in steps, and at none of them a node finds what it can't read.
func TestReseal(t *testing.T) {
	m := store.NewMemory()
	former := records.New(m, newKeyring(t, key, other))
	both := records.New(m, newKeyring(t, other, key))
	alone := records.New(m, newKeyring(t, other))
	fillAll(t, former)
	for kind, err := range readAll(t.Context(), both) {
		if err != nil {
			t.Errorf("%s by a node with both: got %v", kind, err)
		}
	}
	for kind, err := range readAll(t.Context(), alone) {
		expect.Is(t, err, records.ErrForged, "%s by a node without the key", kind)
	}
	a, err := both.Account(t.Context(), "u-42")
	if err != nil || !a.Stale {
		t.Errorf("got %v, stale %t, want an account under a former key", err, a.Stale)
	}
	changed := reseal(t, both)
	if changed != 3 { // accounts have secrets, too: the rules do them
		t.Errorf("got %d records protected anew, want 3", changed)
	}
	expect.Equal(t, reseal(t, both), 0, "once more, records protected anew")
	expect.NoError(t, both.UpdateAccount(t.Context(), "u-42", func(*records.Account) error { return nil }))
	for kind, err := range readAll(t.Context(), alone) {
		if err != nil {
			t.Errorf("%s afterwards: got %v", kind, err)
		}
	}
	if a, err := former.Account(t.Context(), "u-42"); err != nil || !a.Stale {
		t.Errorf("by a node that still writes by the former key: got %v, stale %t", err, a.Stale)
	}
}

func reseal(t testing.TB, r *records.Records) (changed int) {
	t.Helper()
	err := r.Reseal(context.Background(), func(did bool, err error) {
		if err != nil {
			t.Error(err)
		}
		if did {
			changed++
		}
	})
	expect.NoError(t, err)
	return changed
}
