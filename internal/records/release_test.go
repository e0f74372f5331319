package records_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// rewrite changes the JSON of a document as another release would: with a good MAC.
func rewrite(t testing.TB, b store.Backend, kind store.Kind, change func(string) string) {
	t.Helper()
	overwrite(t, b, kind, idOf(kind), func(body []byte) []byte {
		const start, end = len(`{"mac":"`), len(`{"mac":"`) + 48
		body = []byte(change(string(body)))
		mac := newKeyring(t, key).MAC([]byte(kind), []byte(idOf(kind)), body[end:])
		base64.RawURLEncoding.Encode(body[start:end], mac)
		return body
	})
}

// What a newer release has added stays, at any depth, when this one changes the
// record.
func TestUnknownFieldsAreKept(t *testing.T) {
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			r, m := newRecords(t)
			fillAll(t, r)
			added := 0
			rewrite(t, m, kind, func(body string) string {
				var b strings.Builder
				for _, c := range body {
					if c == '}' {
						added++
						fmt.Fprintf(&b, `,"new%d":{"deep":[1, {"a": 12345678901234567890}],"text":"\u00e9<>🔐"}`, added)
					}
					b.WriteRune(c)
				}
				return b.String()
			})
			expect.NoError(t, errors.Join(
				r.UpdateAccount(t.Context(), "u-42", func(a *records.Account) error {
					a.Failures++
					a.Factor.Digits = 8
					a.Staged.Binding = "another"
					a.Push.Sent = nil
					a.Sync.Attempts++
					a.Recovery.Hashes = nil
					a.Devices[0].Name = "another"
					return nil
				}),
				r.UpdateChallenge(t.Context(), "c", func(c *records.Challenge) error { c.State = records.Consumed; return nil }),
				r.UpdateGrant(t.Context(), "g", func(g *records.Grant) error { g.Kind = records.KindEnded; return nil }),
				r.UpdateAddress(t.Context(), "alice@example.com", func(a *records.Address) error { a.UserID = ""; return nil }),
			))
			docs, err := m.Get(t.Context(), kind, idOf(kind))
			if err != nil || !json.Valid(docs[0].Body) {
				t.Fatalf("got %s, %v", docs[0].Body, err)
			}
			for i := range added {
				if want := fmt.Sprintf(`"new%d":{"deep":`, i+1); !bytes.Contains(docs[0].Body, []byte(want)) {
					t.Errorf("%s… is lost:\n%s", want, docs[0].Body)
				}
			}
			if n := bytes.Count(docs[0].Body, []byte("12345678901234567890")); n != added || added == 0 {
				t.Errorf("got %d of %d large numbers:\n%s", n, added, docs[0].Body)
			}
		})
	}
}

// What one release stores, another reads: names and forms of fields don't change. A new field
// is added to the files by hand.
func TestStoredForm(t *testing.T) {
	r, m := newRecords(t)
	fillAll(t, r)
	for _, kind := range kinds {
		docs, err := m.Get(t.Context(), kind, idOf(kind))
		if err != nil {
			t.Fatal(err)
		}
		const head = len(`{"mac":"","w":"",`) + 48 + 16 // both random
		want, err := os.ReadFile(filepath.Join("testdata", string(kind)+".json"))
		if got := "{" + string(docs[0].Body[head:]) + "\n"; err != nil || got != string(want) {
			t.Errorf("%s: %v, or got\n%swant\n%s", kind, err, got, want)
		}
	}
}

// A record says from which format on it can be read.
func TestFormat(t *testing.T) {
	for _, kind := range kinds {
		r, m := newRecords(t)
		for format, want := range map[int]error{0: nil, records.Format: nil, records.Format + 1: records.ErrTooNew} {
			fillNew(t, r, m)
			rewrite(t, m, kind, func(body string) string {
				return strings.Replace(body, `",`, fmt.Sprintf(`","min":%d,`, format), 1)
			})
			expect.Is(t, readAll(t.Context(), r)[kind], want, "%s of format %d", kind, format)
		}
		// Nor does it matter that the rest makes no sense here.
		fillNew(t, r, m)
		rewrite(t, m, kind, func(body string) string {
			return strings.Replace(body, `",`, fmt.Sprintf(`","min":%d,"epoch":"none","since":7,`, records.Format+1), 1)
		})
		expect.Is(t, readAll(t.Context(), r)[kind], records.ErrTooNew, "%s that makes no sense", kind)
		if err := r.UpdateAccount(t.Context(), "u-42", func(*records.Account) error { return nil }); kind == store.Accounts && !errors.Is(err, records.ErrTooNew) {
			t.Errorf("changed: got %v, want ErrTooNew", err)
		}
	}
}

// The format from which on a record can be read outlives a change.
func TestFormatIsKept(t *testing.T) {
	r, m := newRecords(t)
	fillAll(t, r)
	rewrite(t, m, store.Accounts, func(body string) string { return strings.Replace(body, `",`, `","min":1,`, 1) })
	expect.NoError(t, r.UpdateAccount(t.Context(), "u-42", func(a *records.Account) error { a.Failures++; return nil }))
	docs, err := m.Get(t.Context(), store.Accounts, "u-42")
	if err != nil || !bytes.Contains(docs[0].Body, []byte(`"min":1`)) {
		t.Errorf("got %s, %v, want the format kept", docs[0].Body, err)
	}
}

// fillNew is fillAll in place of what there is.
func fillNew(t testing.TB, r *records.Records, m *store.Memory) {
	t.Helper()
	for _, k := range kinds {
		docs := expect.Try(m.Get(context.Background(), k, idOf(k))).OrFail(t)
		expect.NoError(t, m.Delete(context.Background(), k, docs[0].ID, docs[0].Version))
	}
	fillAll(t, r)
}

// A word that this release doesn't know is an error, and no zero value.
func TestUnknownWord(t *testing.T) {
	for kind, words := range map[store.Kind][2]string{
		store.Accounts:   {`"state":"on"`, `"state":"frozen"`},
		store.Challenges: {`"state":"approved"`, `"state":"postponed"`},
		store.Grants:     {`"method":"device"`, `"method":"passkey"`},
	} {
		r, m := newRecords(t)
		fillAll(t, r)
		rewrite(t, m, kind, func(body string) string { return strings.Replace(body, words[0], words[1], 1) })
		var bad *records.RecordError
		if err := readAll(t.Context(), r)[kind]; !errors.As(err, &bad) {
			t.Errorf("%s with %s: got %v, want an error", kind, words[1], err)
		}
	}
}
