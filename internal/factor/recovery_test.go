package factor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/store"
)

// What is typed, and a code that is none of the user's.
const (
	firstCode  = "AAAA-AAAA-AAAA-AAAA"
	secondCode = "BBBB-BBBB-BBBB-BBBB"
	noCode     = "CCCC-CCCC-CCCC-CCCC"
)

// recoverySet is a set of two.
var recoverySet = sync.OnceValue(func() records.Recovery {
	salt := []byte("sixteen bytes of")
	hash := func(code string) []byte {
		return argon2.IDKey([]byte(code), salt, cheap.Passes, cheap.Memory, cheap.Lanes, 32)
	}
	return records.Recovery{
		Scheme: "argon2id 8 1 1", Salt: salt, Hashes: [][]byte{hash("AAAAAAAAAAAAAAAA"), hash("BBBBBBBBBBBBBBBB")},
	}
})

// recoverable gives the user two recovery codes.
func (w *world) recoverable(t testing.TB, user eagate.User) {
	t.Helper()
	set := recoverySet()
	w.change(t, user, func(a *records.Account) { a.Recovery = &set })
}

// What happens while a recovery code is being hashed counts.
func TestRecoveryMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, w *world, r *factor.Rules)
		want      factor.CodeResult // CodeNone: the request is overtaken
	}{
		"nothing": {func(*testing.T, *world, *factor.Rules) {}, factor.CodeAccepted},
		"used on another node": {func(t *testing.T, _ *world, r *factor.Rules) {
			if answer, _ := verify(t, r, alice, firstCode); answer.Result != factor.CodeAccepted || answer.Left != 1 {
				t.Errorf("got %v, want accepted, and one left", answer)
			}
		}, factor.CodeWrong},
		"another salt": {func(t *testing.T, w *world, _ *factor.Rules) {
			w.change(t, alice, func(a *records.Account) { a.Recovery.Salt = []byte("another") })
		}, factor.CodeBusy},
		"a pause": {func(_ *testing.T, w *world, _ *factor.Rules) {
			w.change(t, alice, func(a *records.Account) { a.RecoveryLockedUntil = w.clock.Now().Add(time.Second) })
		}, factor.CodePaused},
		"a rejection": {func(_ *testing.T, w *world, _ *factor.Rules) {
			w.change(t, alice, func(a *records.Account) { a.HeldSince = w.clock.Now() })
		}, factor.CodeHeld},
		"a reset": {func(t *testing.T, _ *world, r *factor.Rules) {
			expect.NoError(t, r.Reset(t.Context(), alice.ID, "a test"))
		}, factor.CodeNone},
		"another password": {func(t *testing.T, _ *world, r *factor.Rules) {
			expect.NoError(t, r.PasswordChanged(t.Context(), alice.ID))
		}, factor.CodeNone},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			w.enrol(t, r, alice)
			w.recoverable(t, alice)
			proof := typed(t, r, alice, firstCode)
			w.store.whileReading(func() { // before the turn
				w.store.whileReading(func() { c.meanwhile(t, w, w.node(t)) })
			})
			answer, grant, err := r.VerifyCode(t.Context(), alice, session("login"), proof, far)
			if answer.Result != c.want || (grant != "") != (c.want == factor.CodeAccepted) || errors.Is(err, factor.ErrOvertaken) != (c.want == factor.CodeNone) {
				t.Errorf("got %v, %v, want %v", answer.Result, err, c.want)
			}
		})
	}
}

// Recovery codes are paused as codes of the phone are, and blocked after fifty wrong
// ones in a row (NIST SP 800-63B-4 §3.2.2: at most a hundred).
func TestRecoveryPauses(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	w.recoverable(t, alice)
	pauses := []time.Duration{
		0, 0, 0, 0,
		30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute,
	}
	for i := range 50 {
		want := time.Hour
		if i < len(pauses) {
			want = pauses[i]
		}
		answer, _ := verify(t, r, alice, noCode)
		until, result := w.clock.Now().Add(want), factor.CodeWrong
		if i == 49 {
			result = factor.CodeBlocked
		}
		if want == 0 || i == 49 {
			until = time.Time{}
		}
		if answer.Result != result || !answer.Until.Equal(until) {
			t.Fatalf("wrong code %d: got %v until %v, want %v until %v", i+1, answer.Result, answer.Until, result, until)
		}
		if until.IsZero() {
			continue
		}
		w.clock.Set(until.Add(-time.Microsecond))
		for _, code := range []string{firstCode, noCode} {
			if answer, _ := verify(t, r, alice, code); answer.Result != factor.CodePaused || !answer.Until.Equal(until) {
				t.Fatalf("in pause %d: got %v until %v, want paused until %v", i+1, answer.Result, answer.Until, until)
			}
		}
		w.clock.Set(until)
	}
	w.clock.Add(1000 * time.Hour)
	if answer, _ := verify(t, r, alice, firstCode); answer.Result != factor.CodeBlocked {
		t.Errorf("after fifty: got %v, want blocked", answer.Result)
	}
	if a := w.account(t, alice); a.Failures != 0 || !a.LockedUntil.IsZero() || a.RecoveryFailures != 50 {
		t.Errorf("got %d failures until %v and %d of recovery codes, want 50 of these alone", a.Failures, a.LockedUntil, a.RecoveryFailures)
	}
	if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
		t.Errorf("a code of the phone: got %v, want accepted", answer.Result)
	}
	if answer, _ := verify(t, r, alice, firstCode); answer.Result != factor.CodeAccepted {
		t.Errorf("after a code of the phone: got %v, want accepted", answer.Result)
	}
}

// Hashing is for codes that would be looked at, and that is seen when it is their
// turn: guessers must not keep others waiting.
func TestRecoveryHashing(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		change func(now time.Time, a *records.Account)
		want   bool
	}{
		"a code":                    {noCode, func(time.Time, *records.Account) {}, true},
		"a code of the phone":       {"123456", func(time.Time, *records.Account) {}, false},
		"in the pause":              {firstCode, func(now time.Time, a *records.Account) { a.RecoveryLockedUntil = now.Add(time.Microsecond) }, false},
		"blocked":                   {firstCode, func(_ time.Time, a *records.Account) { a.RecoveryFailures = 50 }, false},
		"after the pause":           {firstCode, func(now time.Time, a *records.Account) { a.RecoveryLockedUntil = now }, true},
		"none left":                 {firstCode, func(_ time.Time, a *records.Account) { a.Recovery.Hashes = nil }, false},
		"while the account is held": {firstCode, func(now time.Time, a *records.Account) { a.HeldSince = now }, false},
		"made by a later release":   {firstCode, func(_ time.Time, a *records.Account) { a.Recovery.Scheme = "argon3" }, false},
		"without a second factor":   {firstCode, func(_ time.Time, a *records.Account) { a.State = records.Off }, false},
		"without a set":             {firstCode, func(_ time.Time, a *records.Account) { a.Recovery = nil }, false},
	} {
		for _, waiting := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				r := w.node(t)
				w.enrol(t, r, alice)
				w.recoverable(t, alice)
				change := func() { w.change(t, alice, func(a *records.Account) { c.change(w.clock.Now(), a) }) }
				if !waiting {
					change()
				}
				release := factor.HoldHashes(t, r)
				done := make(chan bool, 1)
				go func() {
					hashed, err := factor.Hashed(t.Context(), r, alice.ID, c.text)
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
					done <- hashed
				}()
				synctest.Wait()
				if waits := len(done) == 0; !waiting && waits != c.want {
					t.Errorf("%s: got waiting for a turn %t, want %t", name, waits, c.want)
				}
				if waiting {
					change()
				}
				release()
				expect.Equal(t, <-done, c.want, "%s, changed while it waits %t, hashed", name, waiting)
			})
		}
	}
}

// Of the users who wait for a turn there are 256 at once: another one is answered, and
// loses nothing by it.
func TestA50_WaitingUsersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 256
		w := newWorld(t)
		r := w.node(t)
		w.enrol(t, r, alice)
		w.recoverable(t, alice)
		like := w.account(t, alice)
		try := func(n int) chan factor.CodeResult {
			user := eagate.User{ID: fmt.Sprint("user ", n)}
			w.change(t, user, func(a *records.Account) {
				a.State, a.Factor, a.Epoch, a.Recovery = like.State, like.Factor, like.Epoch, like.Recovery
			})
			proof, got := typed(t, r, user, noCode), make(chan factor.CodeResult, 1)
			go func() {
				answer, _, err := r.VerifyCode(t.Context(), user, session("login"), proof, far)
				if err != nil {
					t.Error(err)
				}
				got <- answer.Result
			}()
			synctest.Wait()
			return got
		}
		release := factor.HoldHashes(t, r)
		var waiting []chan factor.CodeResult
		for n := range most {
			waiting = append(waiting, try(n))
			if len(waiting[n]) != 0 {
				t.Fatalf("user %d: got %v, want the code to wait", n+1, <-waiting[n])
			}
		}
		switch another := try(most); {
		case len(another) == 0:
			t.Errorf("user %d waits, want an answer at once", most+1)
		default:
			expect.Equal(t, <-another, factor.CodeBusy, "user %d", most+1)
		}
		release()
		for n, got := range waiting {
			expect.Equal(t, <-got, factor.CodeWrong, "user %d, in the end", n+1)
		}
	})
}

// Codes that a later release has made can't be checked here: that is a fault, and none is
// called wrong, or counted. None are said to be left.
func TestA51_RecoveryCodesOfALaterRelease(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	w.recoverable(t, alice)
	w.change(t, alice, func(a *records.Account) { a.Recovery.Scheme = "argon3" })
	before := w.account(t, alice)
	answer, secret, err := r.VerifyCode(t.Context(), alice, session("login"), typed(t, r, alice, firstCode), far)
	if err == nil || answer.Result != factor.CodeNone || secret != "" {
		t.Errorf("got %v, %v, want a fault", answer.Result, err)
	}
	if after := w.account(t, alice); after.Version != before.Version || factor.RecoveryLeft(after) != 0 {
		t.Errorf("got %d left, and the account changed %t, want none, and no change", factor.RecoveryLeft(after), after.Version != before.Version)
	}
}

// A code that was used up for new recovery codes isn't used up in vain: they are waited
// for, however long others hash; and where too many wait already, nothing is used up.
func TestA51_NewRecoveryCodesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := w.node(t)
		p, _ := w.enrol(t, r, alice)
		release := factor.HoldHashes(t, r)
		leave := factor.FillTurns(t, r)
		answer, codes, err := r.MakeRecovery(t.Context(), alice, w.proof(t, alice, p.code()), factor.Viewer{})
		if answer.Result != factor.CodeBusy || codes != nil || err != nil {
			t.Errorf("with too many that wait: got %v, %d codes, %v, want busy", answer.Result, len(codes), err)
		}
		leave()
		done := make(chan int)
		go func() {
			answer, codes, err := r.MakeRecovery(t.Context(), alice, w.proof(t, alice, p.code()), factor.Viewer{})
			if answer.Result != factor.CodeAccepted || err != nil {
				t.Errorf("got %v, %v, want the code accepted, which nothing has used up", answer.Result, err)
			}
			done <- len(codes)
		}()
		time.Sleep(30 * time.Second)
		release()
		expect.Equal(t, <-done, 10, "codes")
	})
}

// between runs once, after the first write of an account.
type between struct {
	store.Backend
	do func()
}

func (b *between) Put(ctx context.Context, kind store.Kind, doc store.Document) (uint64, error) {
	version, err := b.Backend.Put(ctx, kind, doc)
	if do := b.do; do != nil && kind == store.Accounts {
		b.do = nil
		do()
	}
	return version, err
}

// New codes are made for the factor that was proved, or not at all; a browser that
// goes away meanwhile is no reason to stop.
func TestMakeRecoveryMeanwhile(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, w *world, r *factor.Rules, leave func())
		want      error
	}{
		"the browser goes away": {func(_ *testing.T, _ *world, _ *factor.Rules, leave func()) { leave() }, nil},
		"made by a later click": {func(t *testing.T, w *world, _ *factor.Rules, _ func()) {
			w.recoverable(t, alice)
			w.change(t, alice, func(a *records.Account) { a.Recovery.CreatedAt = w.clock.Now().Add(time.Second) })
		}, factor.ErrMadeMeanwhile},
		"made by an earlier click": {func(t *testing.T, w *world, _ *factor.Rules, _ func()) {
			w.recoverable(t, alice)
			w.change(t, alice, func(a *records.Account) { a.Recovery.CreatedAt = w.clock.Now().Add(-time.Second) })
		}, nil},
		"switched off and on": {func(t *testing.T, w *world, r *factor.Rules, _ func()) { w.reEnrol(t, r) }, factor.ErrOvertaken},
		"switched off": {func(t *testing.T, w *world, r *factor.Rules, _ func()) {
			if answer, err := r.Disable(t.Context(), alice, w.fresh(t, alice)); err != nil || answer.Result != factor.CodeAccepted {
				t.Errorf("disable: got %v, %v", answer, err)
			}
		}, factor.ErrOff},
		"another password": {func(t *testing.T, _ *world, r *factor.Rules, _ func()) {
			expect.NoError(t, r.PasswordChanged(t.Context(), alice.ID))
		}, factor.ErrOvertaken},
		"logged out": {func(t *testing.T, w *world, _ *factor.Rules, _ func()) {
			expect.NoError(t, w.records.DeleteGrant(t.Context(), "the session's"))
		}, factor.ErrOvertaken},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.enrol(t, w.node(t), alice)
			proof := w.fresh(t, alice)
			proof.Grant.ID = "the session's"
			expect.NoError(t, w.records.CreateGrant(t.Context(), proof.Grant))
			ctx, cancel := context.WithCancel(t.Context())
			b := &between{Backend: w.store, do: func() { c.meanwhile(t, w, w.node(t), cancel) }}
			r := w.node(t, func(cfg *factor.Config) { cfg.Records = records.New(b, w.keys) })
			_, codes, err := r.MakeRecovery(ctx, alice, proof, factor.Viewer{})
			if !errors.Is(err, c.want) || (codes != nil) != (c.want == nil) {
				t.Errorf("got %d codes, %v, want %v", len(codes), err, c.want)
			}
			set := w.account(t, alice).Recovery
			if c.want != nil {
				if set != nil && string(set.Salt) != string(recoverySet().Salt) {
					t.Errorf("got a set of salt %x, want none of these codes", set.Salt)
				}
				return
			}
			slices.Sort(codes)
			letters := make(map[rune]bool)
			for _, c := range strings.Join(codes, "") {
				letters[c] = true
			}
			if len(letters) < 20 { // of 33: 160 random ones leave hardly any out
				t.Errorf("got codes %q of %d letters, want them random", codes, len(letters))
			}
			if len(set.Salt) != 16 || slices.Max(set.Salt) == 0 || len(slices.Compact(codes)) != 10 {
				t.Errorf("got salt %x and codes %q, want them random", set.Salt, codes)
			}
		})
	}
}

// A clock that was ahead when codes were made doesn't keep new ones from being made.
func TestMakeRecoveryByAnEarlierClock(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	w.enrol(t, r, alice)
	w.recoverable(t, alice)
	w.change(t, alice, func(a *records.Account) { a.Recovery.CreatedAt = w.clock.Now().Add(time.Hour) })
	if _, codes, err := r.MakeRecovery(t.Context(), alice, w.fresh(t, alice), factor.Viewer{}); err != nil || len(codes) != 10 {
		t.Errorf("got %d codes, %v, want ten", len(codes), err)
	}
}

// A code is judged by when it came, not by when its turn is: a right one is good then,
// and one that came in a pause isn't wrong for want of a hash.
func TestA50_CodesThatWaited(t *testing.T) {
	for name, c := range map[string]struct {
		code     func(p *phone) string
		change   func(now time.Time, a *records.Account)
		failures int
		want     factor.CodeResult
	}{
		"of the phone": {(*phone).code, func(time.Time, *records.Account) {}, 0, factor.CodeAccepted},
		"in a pause of the phone's": {
			(*phone).code, func(now time.Time, a *records.Account) { a.Failures, a.LockedUntil = 5, now.Add(time.Second) }, 5, factor.CodePaused,
		},
		"a recovery code": {func(*phone) string { return firstCode }, func(time.Time, *records.Account) {}, 0, factor.CodeAccepted},
		"in a pause of recovery codes": {
			func(*phone) string { return firstCode },
			func(now time.Time, a *records.Account) {
				a.RecoveryFailures, a.RecoveryLockedUntil = 5, now.Add(time.Second)
			}, 5, factor.CodePaused,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := w.node(t)
			p, _ := w.enrol(t, r, alice)
			w.recoverable(t, alice)
			w.change(t, alice, func(a *records.Account) { c.change(w.clock.Now(), a) })
			proof := typed(t, r, alice, c.code(&p))
			w.store.whileReading(func() { w.clock.Add(2 * time.Minute) })
			if answer, _, err := r.VerifyCode(t.Context(), alice, session("login"), proof, far); answer.Result != c.want {
				t.Errorf("got %v, %v, want %v", answer.Result, err, c.want)
			}
			if a := w.account(t, alice); a.Failures+a.RecoveryFailures != c.failures {
				t.Errorf("got %d and %d counted, want %d", a.Failures, a.RecoveryFailures, c.failures)
			}
		})
	}
}
