package middleware_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/keyring"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// forgeable are the kinds of documents that let somebody in.
var forgeable = []struct {
	kind store.Kind

	// begin returns a session that depends on a document, and the document's ID.
	begin func(t *testing.T, app *apptest.App, email string, phone *emulator.Phone) (b *apptest.Browser, id string)

	// forge writes what would open the session.
	forge func(ctx context.Context, id string, from, to *records.Records) error
}{
	{
		store.Accounts,
		func(t *testing.T, app *apptest.App, email string, phone *emulator.Phone) (*apptest.Browser, string) {
			return byPhone(t, app, email, phone), apptest.UserID(email)
		},
		func(ctx context.Context, id string, from, to *records.Records) error {
			a, err := from.Account(ctx, id)
			if err != nil {
				return err
			}
			return to.UpdateAccount(ctx, id, func(forged *records.Account) error {
				*forged = a
				forged.State = records.Off
				return nil
			})
		},
	},
	{
		store.Challenges,
		func(t *testing.T, app *apptest.App, email string, _ *emulator.Phone) (*apptest.Browser, string) {
			b := app.Stopped(t, email)
			return b, app.Account(t, email).Push.Live
		},
		func(ctx context.Context, id string, from, to *records.Records) error {
			c, err := from.Challenge(ctx, id)
			if err != nil {
				return err
			}
			c.State = records.Approved
			return to.CreateChallenge(ctx, c)
		},
	},
	{
		store.Grants,
		func(t *testing.T, app *apptest.App, email string, phone *emulator.Phone) (*apptest.Browser, string) {
			b := byPhone(t, app, email, phone)
			docs, _, err := app.Store.List(t.Context(), store.Grants, "", 100)
			expect.NoError(t, err)
			for _, doc := range docs {
				if g := apptest.DecodeGrant(t, doc); g.UserID == apptest.UserID(email) && g.Kind == records.KindProof && g.Method == eagate.Push {
					return b, doc.ID
				}
			}
			t.Fatal("no grant by push")
			return nil, ""
		},
		func(ctx context.Context, id string, from, to *records.Records) error {
			g, err := from.Grant(ctx, id)
			if err != nil {
				return err
			}
			g.ExpiresAt = g.ExpiresAt.Add(24 * time.Hour)
			return to.CreateGrant(ctx, g)
		},
	},
}

// byPhone returns a session that was verified on the phone.
func byPhone(t *testing.T, app *apptest.App, email string, phone *emulator.Phone) *apptest.Browser {
	t.Helper()
	b := app.Stopped(t, email)
	apptest.Approve(t, phone)
	b.WantIn("before the forgery")
	return b
}

// A document that eagate hasn't written as it is, under its ID, lets nobody in, and
// harms nobody else.
func TestForgedDocuments(t *testing.T) {
	t.Parallel()
	for _, f := range forgeable {
		t.Run(string(f.kind), func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			phone := app.Enrolled(t, alice)
			b, id := f.begin(t, app, alice, phone)
			_, bobs := f.begin(t, app, bob, app.Enrolled(t, bob))
			const carol = "carol@example.com"
			other := byPhone(t, app, carol, app.Enrolled(t, carol))

			whole := document(t, app.World, f.kind, id).Body
			for name, body := range damaged(t, app.World, f.kind, id, bobs, f.forge) {
				put(t, app.World, f.kind, id, body)
				app.Clock.Add(3 * time.Second) // what is cached has aged
				wantUnavailable(t, b.Get("/account"), name+", a page")
				wantUnavailable(t, b.GetJSON("/account"), name+", a call")
				wantUnavailable(t, b.Get("/2fa/challenge"), name+", the challenge")
				other.WantIn("another user meanwhile")
				app.Browser(t).Login(dave).WantIn("a user without a second factor meanwhile")
			}
			if line := fmt.Sprintf(`%s \"%s\": not written by eagate`, f.kind, id); !strings.Contains(app.Log.String(), line) {
				t.Errorf("the log doesn't say %s", line)
			}
			put(t, app.World, f.kind, id, whole)
			if f.kind == store.Challenges {
				b.WantLocked("with what was there before")
				apptest.Approve(t, phone)
			}
			b.WantIn("with what was there before")
		})
	}
}

// damaged returns what may stand in the place of a document, by name.
func damaged(t *testing.T, w *apptest.World, kind store.Kind, id, anothers string,
	forge func(ctx context.Context, id string, from, to *records.Records) error) map[string][]byte {
	t.Helper()
	keys := expect.Try(keyring.New([]byte("of somebody who can write there."))).OrFail(t)
	forger := store.NewMemory()
	expect.NoError(t, forge(t.Context(), id, w.Records(t), records.New(forger, keys)))
	forged := expect.Try(forger.Get(t.Context(), kind, id)).OrFail(t)
	whole := document(t, w, kind, id).Body
	bodies := map[string][]byte{
		"forged":            forged[0].Body,
		"with the true MAC": append(bytes.Clone(whole[:60]), forged[0].Body[60:]...),
		"swapped":           document(t, w, kind, anothers).Body,
		"without a MAC":     []byte("{}"),
		"no JSON":           []byte("x"),
		"cut off":           whole[:len(whole)-1],
	}
	for i := 0; i < len(whole); i += 37 {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1
		bodies[fmt.Sprintf("bit flipped in byte %d", i)] = flipped
	}
	return bodies
}

// put writes a body under an ID, as somebody does who can write to the store.
func put(t *testing.T, w *apptest.World, kind store.Kind, id string, body []byte) {
	t.Helper()
	doc := document(t, w, kind, id)
	doc.Body = body
	expect.Try(w.Store.Put(t.Context(), kind, doc)).OrFail(t)
}

// A report about a forged challenge isn't taken, so that the service repeats it.
func TestReportOfAForgedChallenge(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	b := app.Stopped(t, alice)
	id := app.Account(t, alice).Push.Live
	whole := document(t, app.World, store.Challenges, id).Body
	put(t, app.World, store.Challenges, id, bytes.Replace(whole, []byte(`"pending"`), []byte(`"approved"`), 1))
	request := phone.Pending()[0]
	expect.Equal(t, expect.Try(app.Emulator.Report(t.Context(), request.Token, true)).OrFail(t).Status, 503)
	wantUnavailable(t, b.Get("/account"), "afterwards")
}
