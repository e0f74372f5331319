package browser_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/client/emulator"
	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/records"
	"github.com/eagate/eagate/middleware"
)

// before is the moment at which a form is filled in, and not sent yet.
const before moment = "before"

// A happening is what becomes of a challenge while a form of its page is filled in or
// sent.
type happening struct {
	name   string
	means  eagate.FalseResult
	happen func(*waitingPage)
	later  time.Duration // how much time passes by it
	says   string        // the page, to somebody who is typing

	typed, cancelled map[moment]string // where forms lead that don't lead inside, or to the login
}

// A waitingPage is one in a browser, and what it is about.
type waitingPage struct {
	*tab
	w      *world
	m      *mailbox
	phone  *emulator.Phone
	codes  []string         // for recovery
	client *apptest.Browser // has the session, too, and not the browser's secret
}

// Where forms lead.
const (
	inside      = verifiedIn
	atLogin     = `form[action="/login"]`
	signInFirst = `main[data-message="sign-in"]`
	wasRejected = `main[data-message="rejected"]`
	stillAsks   = `main[data-page="challenge"]`
	impossible  = "-"
)

func happenings() []happening {
	return []happening{
		{
			name: "approved", says: "You approved it on your phone",
			happen: func(p *waitingPage) { answer(p.t, p.phone.Approve) },
		},
		{
			name: "not approved", says: "The request wasn’t approved",
			happen: func(p *waitingPage) { answer(p.t, p.phone.Deny) },
		},
		{
			name: "rejected", means: eagate.Rejection, says: "The sign-in was rejected on your phone",
			happen: func(p *waitingPage) { answer(p.t, p.phone.Deny) },
			typed:  map[moment]string{before: wasRejected, coming: wasRejected},
		},
		{
			name: "expired", says: "Nobody answered on your phone in time", later: 6 * time.Minute,
			happen: func(p *waitingPage) { p.w.Clock.Add(6 * time.Minute) },
		},
		{
			name: "logged out", says: "You are no longer signed in",
			happen: func(p *waitingPage) { p.client.Post("/logout") },
			typed:  map[moment]string{before: signInFirst, coming: signInFirst, answering: stillAsks},
		},
		{
			name: "replaced by another sign-in", says: "The request to your phone has ended",
			happen: func(p *waitingPage) { p.w.client(p.t, alice).Stop() },
		},
		{
			name: "taken over by another browser", says: "The request to your phone has ended",
			happen: func(p *waitingPage) { p.client.Post("/2fa/challenge/continue") },
		},
		{
			name: "confirmed in another tab", says: "You confirmed it in another tab", later: apptest.Step,
			happen: func(p *waitingPage) {
				other := p.another()
				other.open("/2fa/challenge?code=1")
				other.fill(codeField, p.w.code(p.t, p.phone))
				other.push(button, sendCode)
				other.see(verifiedIn)
			},
			typed:     map[moment]string{answering: impossible},
			cancelled: map[moment]string{before: inside, answering: impossible},
		},
	}
}

// want is where a form leads that meets it at that moment, or nothing where it can't.
func (h happening) want(form string, at moment) string {
	leads, otherwise := h.typed, inside
	if form == cancelSignIn {
		leads, otherwise = h.cancelled, atLogin
	}
	switch to := leads[at]; {
	case h.typed[at] == impossible:
		return ""
	case to != "":
		return to
	}
	return otherwise
}

// Whatever happens while a form of the waiting page is filled in or sent, and just when it
// does, the form leads where it should.
func TestThoroughFormsAndEvents(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for _, h := range happenings() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			w, m := newMailbox(t, middleware.WithFalseResult(h.means))
			p := &waitingPage{tab: w.browser(t), w: w, m: m, phone: w.enrolled(t, alice)}
			p.codes = w.recoveryCodes(t, p.phone)
			for _, at := range []moment{before, coming, answering} {
				for _, form := range []string{sendCode, sendRecovery, cancelSignIn} {
					if want := h.want(form, at); want != "" {
						t.Logf("%s, %s", at, form) // shown with a failure
						p.begin()
						p.meet(h, form, at)
						p.see(want)
					}
				}
			}
		})
	}
}

// begin has her password typed once more, and the page wait.
func (p *waitingPage) begin() {
	p.t.Helper()
	p.away()
	p.w.Clock.Add(20 * time.Minute)
	p.w.change(p.t, func(a *records.Account) { a.Push = records.Push{} }) // the requests until now don't count
	p.client = p.w.client(p.t, alice)
	p.take(p.client)
	p.see(waiting)
}

// meet fills a form in and sends it, and has that happen meanwhile.
func (p *waitingPage) meet(h happening, form string, at moment) {
	p.t.Helper()
	open, in := useCode, codeField
	var what string
	if form == sendRecovery {
		open, in, what, p.codes = useRecovery, recoveryField, p.codes[0], p.codes[1:]
	} else {
		when := p.w.Clock.Now()
		if at != answering {
			when = when.Add(h.later)
		}
		var err error
		if what, err = p.phone.CodeAt(when); err != nil {
			p.t.Fatal(err)
		}
	}
	p.push(opener, open)
	p.fill(in, what[:2])
	if at == before {
		h.happen(p)
		p.wantNotice(h.says)
		expect.Equal(p.t, p.value(in), what[:2], "the field")
	}
	if form != cancelSignIn {
		p.fill(in, what[2:])
	}
	if at == before {
		p.push(button, form)
		return
	}
	p.beat()
	held := p.m.stop(at)
	p.push(button, form)
	<-held.came
	h.happen(p)
	p.m.quiet()
	close(held.release)
}

// Typing that is taken back lets the page go on by itself.
func TestThoroughTypingTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	b.push(opener, useCode)
	b.fill(codeField, "1")
	answer(t, phone.Deny)
	b.wantNotice("The request wasn’t approved")
	b.press(kb.Backspace)
	b.find(button, sendAgain)
}

// An approval while somebody is typing takes the box with it that is ticked.
func TestThoroughTrustWhileTyping(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	b.push(checkbox, trustThis)
	b.push(opener, useCode)
	b.fill(codeField, "1")
	answer(t, phone.Approve)
	b.push(link, "Continue")
	b.see(verifiedIn)
	b.push(button, "Sign out")
	b.see(`main a[href="/login"]`)
	b.login(alice)
	b.see(verifiedIn)
	b.wantText("on this trusted device")
}

// A button that is pressed twice sends its form once, and can be pressed again when the
// page is shown again.
func TestThoroughPressedTwice(t *testing.T) {
	t.Parallel()
	w, m := newMailbox(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	answer(t, phone.Deny)
	b.find(button, sendAgain)
	b.do(chromedp.DoubleClick(sendAgain, byRole(button, sendAgain)))
	b.see(waiting)
	expect.Equal(t, m.times("/2fa/challenge"), 1, "times the form was sent")
	b.push(opener, useCode)
	b.fill(codeField, w.code(t, phone))
	held := m.stop(coming)
	b.press(kb.Enter)
	<-held.came
	b.press(kb.Enter)
	close(held.release)
	b.see(verifiedIn)
	expect.Equal(t, m.times("/2fa/challenge/totp"), 1, "times the code was sent")
}

// The button that goes on in this browser leads on, whatever becomes of the other one's
// request just then.
func TestThoroughContinueHere(t *testing.T) {
	t.Parallel()
	w, m := newMailbox(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	for _, ended := range []bool{false, true} {
		b.away()
		w.Clock.Add(20 * time.Minute)
		c := w.client(t, alice)
		c.Stop()
		b.take(c)
		held := m.stop(coming)
		b.push(button, continueHere)
		<-held.came
		if ended {
			answer(t, phone.Deny)
		}
		close(held.release)
		b.see(`main[data-state="` + map[bool]string{false: "pending", true: "not_approved"}[ended] + `"]`)
	}
}

// A page that is shown again, as it was left when a form was sent, waits again: it comes
// anew, or goes on where it was if something is typed on it.
func TestThoroughShownAgain(t *testing.T) {
	t.Parallel()
	w, m := newMailbox(t)
	phone := w.enrolled(t, alice)
	b := w.browser(t)
	b.stopped(alice)
	for _, typed := range []string{"", "12"} {
		b.push(opener, useCode)
		m.wantStreams(1)
		if typed != "" {
			b.fill(codeField, typed)
		}
		b.do(chromedp.Evaluate[chromedp.Void](`document.body.id = "before"; void document.getElementById("prove").dispatchEvent(new Event("submit", {bubbles: true}))`))
		m.wantStreams(0)
		b.see("button[disabled]")
		b.do(chromedp.Evaluate[chromedp.Void](`void dispatchEvent(new PageTransitionEvent("pageshow", {persisted: true}))`))
		if typed == "" {
			b.see("body:not(#before)")
		}
		m.wantStreams(1)
		b.do(chromedp.WaitNotPresent(chromedp.CSS("button[disabled]")))
	}
	answer(t, phone.Approve)
	b.wantNotice("You approved it on your phone")
	expect.Equal(t, b.value(codeField), "12", "the field")
}
