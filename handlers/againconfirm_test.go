package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
)

const confirmPath = "/2fa/enable/confirm"

// enrolling returns a browser that was shown a new secret, and the code that confirms it;
// of a user who has another phone, if that is to be replaced.
func enrolling(t *testing.T, app *apptest.App, replace bool) (b *apptest.Browser, code string) {
	t.Helper()
	b = app.Browser(t).Login(alice)
	if replace {
		b.Enrol(alice)
		b.Kept()
	}
	return b, apptest.Code(t, stage(t, b, alice))
}

// The confirmation of an enrolment that is sent twice is answered alike, under the
// session's former ID and its new one.
func TestA51_ConfirmSentTwice(t *testing.T) {
	t.Parallel()
	for _, replace := range []bool{false, true} {
		for _, program := range []bool{false, true} {
			for _, arrived := range []bool{false, true} {
				t.Run(fmt.Sprintf("replace %t program %t arrived %t", replace, program, arrived), func(t *testing.T) {
					t.Parallel()
					var e ear
					app := apptest.New(t, e.setup())
					b, code := enrolling(t, app, replace)
					former := b.Copy()
					first := send(b, confirmPath, code, program)
					if want := http.StatusSeeOther; program && first.Status != 200 || !program && first.Status != want {
						t.Fatalf("got %d %s", first.Status, first.Body)
					}
					before := app.Account(t, alice)
					e.take()
					app.Clock.Add(59 * time.Second)
					if !arrived {
						b = former
					}
					again := send(b, confirmPath, code, program)
					if again.Status != first.Status || again.Location != first.Location || again.JSON("state") != first.JSON("state") {
						t.Errorf("again: got %d to %q %s, want %d to %q %s", again.Status, again.Location, again.Body, first.Status, first.Location, first.Body)
					}
					if again.JSON("recovery_codes") != nil {
						t.Error("a program is told the recovery codes again")
					}
					e.want(t, "again")
					if after := app.Account(t, alice); after.Epoch != before.Epoch || string(after.Recovery.Salt) != string(before.Recovery.Salt) || after.Failures != 0 {
						t.Errorf("again: got another factor, other recovery codes, or %d wrong codes", after.Failures)
					}
					if !program {
						page, at := b.Follow(again.Location)
						if !replace && len(shown(page)) != 10 || replace && !strings.Contains(page.Body, `data-message="enabled"`) {
							t.Errorf("again: got %d at %s\n%s", page.Status, at, page.Body)
						}
					}
					b.WantIn("again")
				})
			}
		}
	}
}

// Somebody else who has the session's former ID gets nothing by the code.
func TestA51_ConfirmSentTwiceByOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]func(t *testing.T, app *apptest.App, owner, former *apptest.Browser, code string) *apptest.Browser{
		"the cookie and the code": func(_ *testing.T, _ *apptest.App, _, former *apptest.Browser, code string) *apptest.Browser {
			b := former.Thief()
			b.Post(confirmPath, "code", code)
			return b
		},
		"another code": func(t *testing.T, app *apptest.App, _, former *apptest.Browser, _ string) *apptest.Browser {
			former.Post(confirmPath, "code", app.WrongCode(t, app.Emulator.Phone(alice)))
			return former
		},
		"another route": func(_ *testing.T, _ *apptest.App, _, former *apptest.Browser, code string) *apptest.Browser {
			former.Post(totp, "code", code)
			return former
		},
		"after a minute": func(_ *testing.T, app *apptest.App, _, former *apptest.Browser, code string) *apptest.Browser {
			app.Clock.Add(time.Minute)
			former.Post(confirmPath, "code", code)
			former.Get("/2fa/enable")
			return former
		},
		"after the logout": func(_ *testing.T, _ *apptest.App, owner, former *apptest.Browser, code string) *apptest.Browser {
			owner.Post("/logout")
			former.Post(confirmPath, "code", code)
			former.Get("/2fa/enable")
			return former
		},
		"after another login": func(_ *testing.T, _ *apptest.App, owner, _ *apptest.Browser, code string) *apptest.Browser {
			owner.Post("/logout")
			owner.Login(alice)
			owner.Post(confirmPath, "code", code)
			return owner
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := apptest.New(t)
			owner, code := enrolling(t, app, false)
			former := owner.Copy()
			owner.Post(confirmPath, "code", code)
			c(t, app, owner, former, code).WantLockedOrOut("afterwards")
		})
	}
}

// Two clicks at once, on two nodes, however far the first has got: one factor, one set of
// recovery codes, and both answers lead to them.
func TestA51_ConfirmSentTwiceAtOnce(t *testing.T) {
	t.Parallel()
	for _, replace := range []bool{false, true} {
		for n := 1; n <= 6; n++ {
			t.Run(fmt.Sprintf("replace %t, write %d", replace, n), func(t *testing.T) {
				t.Parallel()
				var e ear
				world := apptest.NewWorld(t)
				nodes := []*apptest.App{world.Node(t, e.setup()), world.Node(t, e.setup())}
				b, code := enrolling(t, nodes[0], replace)
				e.take()
				first, second := b.Copy(), b.Copy().On(nodes[1])
				pause := world.Pause(t, atWrite(n))
				var wg sync.WaitGroup
				var a apptest.Answer
				wg.Go(func() { a = first.Post(confirmPath, "code", code) })
				pause.Wait()
				again := second.Post(confirmPath, "code", code)
				pause.Go()
				wg.Wait()
				for i, a := range []apptest.Answer{a, again} {
					if a.Status != http.StatusSeeOther || a.Location != codesPath && a.Location != "/2fa/enable" {
						t.Errorf("answer %d: got %d to %q\n%s\nwant to be led to the codes", i, a.Status, a.Location, a.Body)
					}
				}
				enabled := 0
				for _, kind := range e.take() {
					if kind == "enabled" || kind == "replaced" {
						enabled++
					}
				}
				acct := world.Account(t, alice)
				if enabled != 1 || acct.State != records.On || acct.Failures != 0 || acct.Recovery == nil {
					t.Errorf("heard %d times that it is on; %d wrong codes", enabled, acct.Failures)
				}
				for i, b := range []*apptest.Browser{first, second} {
					b.WantIn(fmt.Sprint("browser ", i))
					if codes := shown(b.Get(codesPath)); !replace && len(codes) != 10 {
						t.Errorf("browser %d: got the codes %v", i, codes)
					}
				}
			})
		}
	}
}

// A browser that leaves while its enrolment is confirmed finds it on when it comes back,
// with its recovery codes, whichever page it opens.
func TestThoroughA51_BrowserLeavesTheEnrolment(t *testing.T) {
	t.Parallel()
	for _, replace := range []bool{false, true} {
		t.Run(fmt.Sprintf("replace %t", replace), func(t *testing.T) {
			t.Parallel()
			pages := []string{"/2fa/enable", "/2fa/challenge", "/account", "/2fa/", confirmPath}
			for n, found := 1, true; found; n++ {
				app := newLeaving(t, apptest.NewWorld(t))
				b, code := enrolling(t, app.App, replace)
				epoch := app.Account(t, alice).Epoch
				found = app.leave(t, b, n, "POST", confirmPath, "code", code)
				if app.Account(t, alice).Epoch == epoch { // nothing was done
					b.Post(confirmPath, "code", code)
				}
				page := pages[n%len(pages)]
				a, at := b.Follow(page)
				if page == confirmPath {
					a, at = b.Follow(b.Post(page, "code", code).Location)
				}
				if strings.Contains(a.Body, `data-page="challenge"`) || a.Status != 200 {
					t.Errorf("access %d, %s: got %d at %s\n%s", n, page, a.Status, at, a.Body)
				}
				if codes := shown(b.Get(codesPath)); !replace && len(codes) != 10 {
					t.Errorf("access %d, %s: got the codes %v", n, page, codes)
				}
				if acct := app.Account(t, alice); acct.State != records.On || acct.Failures != 0 {
					t.Errorf("access %d: got %v and %d wrong codes", n, acct.State, acct.Failures)
				}
				b.WantIn("afterwards")
			}
		})
	}
}

// An enrolment that is begun twice by the same form, by a browser that may show either
// answer, has one secret; by another browser, or by another form, it has another.
func TestA51_EnrolmentBegunTwice(t *testing.T) {
	t.Parallel()
	const path = "/2fa/enable"
	secretOf := func(b *apptest.Browser) any { return b.GetJSON(path).JSON("secret") }
	for _, on := range []bool{false, true} {
		for name, c := range map[string]struct {
			again func(app *apptest.App, b, former *apptest.Browser, code string) (*apptest.Browser, apptest.Answer)
			same  bool
			taken bool // or else the code isn't
		}{
			"a second click": {func(_ *apptest.App, _, former *apptest.Browser, code string) (*apptest.Browser, apptest.Answer) {
				return former, former.Post(path, "code", code)
			}, true, true},
			"Back, and once more": {func(_ *apptest.App, b, _ *apptest.Browser, code string) (*apptest.Browser, apptest.Answer) {
				return b, b.Post(path, "code", code)
			}, true, true},
			"after a minute": {func(app *apptest.App, b, _ *apptest.Browser, code string) (*apptest.Browser, apptest.Answer) {
				app.Clock.Add(time.Minute)
				return b, b.Post(path, "code", code)
			}, false, false},
			"another browser": {func(_ *apptest.App, b, _ *apptest.Browser, code string) (*apptest.Browser, apptest.Answer) {
				thief := b.Thief()
				return thief, thief.Post(path, "code", code)
			}, false, false},
		} {
			t.Run(fmt.Sprintf("on %t, %s", on, name), func(t *testing.T) {
				t.Parallel()
				app := apptest.New(t)
				b := app.Browser(t).Login(alice)
				code := ""
				if on {
					phone := b.Enrol(alice)
					app.Clock.Add(10 * time.Minute)
					code = apptest.Code(t, phone)
				}
				b.Get("/2fa/")
				former := b.Copy()
				b.Post(path, "code", code).Want(t, http.StatusSeeOther)
				secret := secretOf(b)
				who, a := c.again(app, b, former, code)
				if on && !c.taken {
					if a.Status != http.StatusUnprocessableEntity || who != b && secretOf(who) != nil {
						t.Errorf("again: got %d, want 422", a.Status)
					}
					return
				}
				a.WantTo(t, path, "again")
				if got := secretOf(who); got == nil || (got == secret) != c.same {
					t.Errorf("again: got secret %v, had %v, want the same: %t", got, secret, c.same)
				}
				expect.Equal(t, app.Account(t, alice).Failures, 0, "wrong codes")
			})
		}
	}
}

// A factor that is switched off twice is off, and both answers say so.
func TestA51_SwitchedOffTwice(t *testing.T) {
	t.Parallel()
	for _, program := range []bool{false, true} {
		t.Run(fmt.Sprintf("program %t", program), func(t *testing.T) {
			t.Parallel()
			var e ear
			app := apptest.New(t, e.setup())
			b := app.Browser(t).Login(alice)
			phone := b.Enrol(alice)
			app.Clock.Add(10 * time.Minute)
			code := apptest.Code(t, phone)
			e.take()
			first := send(b, "/2fa/disable", code, program)
			e.want(t, "switched off", "disabled")
			again := send(b, "/2fa/disable", code, program)
			e.want(t, "again")
			if first.Status != 200 || again.Status != 200 || program && again.Body != first.Body || !program && !strings.Contains(again.Body, `data-message="disabled"`) {
				t.Errorf("got %d, then %d %s", first.Status, again.Status, again.Body)
			}
			b.WantIn("afterwards")
		})
	}
}

// Where the phone can't be asked for a while, the browser is known again too.
func TestA51_CodeSentTwiceWithoutPush(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	for range 3 {
		app.Stopped(t, alice)
	}
	b := app.Stopped(t, alice)
	former := b.Copy()
	code := apptest.Code(t, phone)
	known := 0
	for name, value := range former.Cookies() {
		if strings.Contains(name, "-browser-") {
			known++
			if !strings.HasPrefix(value, ".") {
				t.Error("the browser has a secret by which something can be begun")
			}
		}
	}
	expect.Equal(t, known, 1, "secrets of the browser")
	for i, b := range []*apptest.Browser{b, former} {
		b.Post(totp, "code", code).WantTo(t, "/account", "click %d", i+1)
		b.WantIn("afterwards")
	}
}

// A browser that is trusted twice by the same form is one device, of which its user is told
// once; by another browser of the session, it is another.
func TestA51_TrustedTwice(t *testing.T) {
	t.Parallel()
	for _, path := range []string{totp, "/2fa/devices"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			var e ear
			app := apptest.New(t, e.setup(), trusting())
			phone := app.Enrolled(t, alice)
			b := app.Stopped(t, alice)
			code := apptest.Code(t, phone)
			if path != totp {
				b.Post(totp, "code", code)
			}
			former := b.Copy()
			e.take()
			for _, b := range []*apptest.Browser{b, former} {
				fields := []string{"code", code, "trust", "1"}
				if path != totp {
					fields = nil
				}
				b.Post(path, fields...).Want(t, http.StatusSeeOther)
			}
			added := 0
			for _, kind := range e.take() {
				if strings.HasPrefix(kind, "device_added") {
					added++
				}
			}
			if n := len(app.Account(t, alice).Devices); n != 1 || added != 1 {
				t.Errorf("got %d devices, and was told of %d, want one", n, added)
			}
			b.Thief().Post("/2fa/devices")
			expect.Equal(t, len(app.Account(t, alice).Devices), 2, "another browser, devices")
			former.Post("/logout")
			former.Login(alice).WantIn("where the second answer came")
		})
	}
}
