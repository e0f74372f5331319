package middleware_test

import (
	"fmt"
	"regexp"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/expect"
)

// numberOn finds the number that a page shows.
var numberOn = regexp.MustCompile(`(?:data-number="|id="number">)(\d+)`)

// learn looks whether what came of a step may be, and what may be from now on.
func (m *model) learn(s step, got outcome, begin begin) {
	a := m.who[s.Who]
	m.checkAnswers(s, got, begin)
	over := begin.login.over
	if epoch := m.account().Epoch; epoch != m.epoch {
		m.epoch = epoch
		m.forgetAll(s)
	}
	switch s.Op {
	case opCode, opReplay, opWrongCode:
		if s.Op == opCode {
			m.lastCode = got.code
		}
		m.checkCode(s, got, begin)
		// One that is accepted although all proofs were revoked meanwhile came after that.
		if s.Op != opWrongCode && !over && got.code != "" && (got.accepted || got.fault && begin.epoch == m.epoch) {
			m.prove(a, &proof{})
			// For a minute, that may lead on whoever comes with all cookies as they were.
			if thief := m.who[jarThief]; thief.login == a.login && s.Who < cookieThief {
				m.prove(thief, &proof{})
			}
		}
	case opFalse:
		if r := begin.target; r != nil && got.accepted && !got.fault && !r.approved && !r.replaced {
			r.over = true
			if m.account().HeldSince != (time.Time{}) {
				m.interrupted()
			}
		}
	case opLogin:
		if a.login.over {
			a.login = new(login)
		}
	case opNewBrowser:
		a.b = m.nodes[0].Browser(m.t).Login(alice)
		a.login, a.proofs, a.until = new(login), make(map[string]*proof), [2]time.Duration{}
	case opLogout:
		m.loggedOut(s, got)
	case opPasswordChanged:
		if got.err == nil {
			m.interrupted()
		}
	case opReplacePhone:
		if got.accepted {
			m.prove(a, &proof{})
		}
	case opSteal:
		m.steal(s)
	}
	m.age()
}

// prove notes that a person has given a proof.
func (m *model) prove(a *actor, p *proof) {
	m.proofs++
	p.at = m.now()
	a.proofs[fmt.Sprint(m.proofs)] = p
}

// approved notes that a request was approved, unless that counts for nothing.
func (m *model) approved(r *request) {
	if r.over || r.approved || r.replaced || r.by.over {
		return
	}
	r.approved = true
	for p := range r.began {
		m.prove(m.who[p], &proof{request: r})
	}
}

// forgetAll notes that nothing counts that was proved or begun before.
func (m *model) forgetAll(s step) {
	for _, a := range m.who {
		m.forget(a, s, func(*proof) bool { return true })
	}
	for _, r := range m.requests {
		r.over = true
	}
}

// forget notes that a person's proofs count no more: on the other node in two seconds, and
// on this one at once.
func (m *model) forget(a *actor, s step, which func(*proof) bool) {
	for k, p := range a.proofs {
		if which(p) {
			delete(a.proofs, k)
			other := 1 - s.Node
			a.until[other] = m.clocks[other].Elapsed() + 2*time.Second
		}
	}
}

// interrupted notes that nothing can be proved by what was begun before; approvals that
// were used stand.
func (m *model) interrupted() {
	for _, r := range m.requests {
		r.over = true
		if m.isUsed(r) {
			continue
		}
		for _, a := range m.who {
			for k, p := range a.proofs {
				if p.request == r {
					delete(a.proofs, k)
				}
			}
		}
	}
}

// loggedOut notes that a person has logged out, and that nobody gets in any more by what
// was proved in that session before it was stolen.
func (m *model) loggedOut(s step, got outcome) {
	if got.fault {
		return
	}
	a := m.who[s.Who]
	m.forget(a, s, func(*proof) bool { return true })
	if s.Who < cookieThief {
		a.login.over = true
		for _, other := range m.who {
			if other != a && other.login == a.login {
				m.forget(other, s, func(p *proof) bool { return p.stolen })
			}
		}
	}
}

// steal copies cookies, and with them what was proved before.
func (m *model) steal(s step) {
	thief, victim := m.who[s.thief()], m.who[s.victim()]
	*thief = actor{login: victim.login, proofs: make(map[string]*proof), until: victim.until}
	if s.thief() == cookieThief {
		thief.b = victim.b.Thief()
	} else {
		thief.b = victim.b.Copy()
		for _, r := range m.requests {
			if r.began[s.victim()] {
				r.began[s.thief()] = true
			}
		}
	}
	for k, p := range victim.proofs {
		// Who has copied all cookies before an approval was used may use it.
		own := p.request != nil && s.thief() == jarThief && p.request.began[jarThief] && !m.isUsed(p.request)
		thief.proofs[k] = &proof{at: p.at, request: p.request, stolen: !own}
	}
	for _, r := range m.requests {
		if s.thief() == cookieThief {
			delete(r.began, cookieThief)
		}
	}
}

// age notes that what wasn't used has run out.
func (m *model) age() {
	if m.cfg.Jumps {
		return
	}
	for _, a := range m.who {
		for k, p := range a.proofs {
			if r := p.request; r != nil && m.now().Sub(r.CreatedAt) >= 5*time.Minute+time.Second {
				if !m.isUsed(r) {
					delete(a.proofs, k)
				}
			}
		}
	}
	for _, r := range m.requests {
		r.over = r.over || m.now().Sub(r.CreatedAt) >= 5*time.Minute+time.Second
	}
}

// checkAnswers looks whether somebody was let in, or shown a number, who may not be.
func (m *model) checkAnswers(s step, got outcome, begin begin) {
	a := m.who[s.Who]
	node := s.Node
	grace := max(a.until[node], begin.until[node]) > m.clocks[node].Elapsed()
	for _, answer := range got.answers {
		if answer.Secret() && answer.Header.Get("X-User") != "" {
			switch {
			case grace:
			case len(a.proofs)+len(begin.proofs) == 0:
				m.fail("let in: %v", s.Who)
			case s.Op == opRecent && !m.isRecent(a.proofs) && !m.isRecent(begin.proofs):
				m.fail("recent: %v passes for somebody who has proved it lately", s.Who)
			}
		}
		number, _ := answer.JSON("number").(string)
		if match := numberOn.FindStringSubmatch(answer.Body); match != nil && match[1] != "" {
			number = match[1]
		}
		if number != "" && !m.mayShow(s.Who, number) {
			m.fail("number: %v is shown %s, of a request that another browser has begun", s.Who, number)
		}
	}
}

// isRecent reports whether one of the proofs was given lately.
func (m *model) isRecent(proofs map[string]*proof) bool {
	for _, p := range proofs {
		// An approval may have been used until the request ran out.
		if m.now().Sub(p.at) < 10*time.Minute+10*time.Second || m.cfg.Jumps && !p.stolen {
			return true
		}
	}
	return false
}

func (m *model) mayShow(who person, number string) bool {
	for _, r := range m.requests {
		if r.Number == number && r.began[who] {
			return true
		}
	}
	return false
}

// checkCode looks whether a code was accepted that may not be.
func (m *model) checkCode(s step, got outcome, begin begin) {
	a := m.who[s.Who]
	inside := len(a.proofs)+len(begin.proofs) > 0 || max(a.until[s.Node], begin.until[s.Node]) > m.clocks[s.Node].Elapsed()
	if !got.accepted || inside {
		return // or it wasn't looked at
	}
	if s.Op == opWrongCode {
		m.fail("code: a wrong one is accepted")
	}
	if m.codes[got.code] {
		m.fail("code: one is accepted twice")
	}
	if !got.fault {
		m.codes[got.code] = true
	}
}

// end looks whether the owner gets in, once all is right again.
func (m *model) end() {
	m.clocksRight()
	m.pass(25 * time.Hour)
	if !m.account().HeldSince.IsZero() {
		expect.NoError(m.t, m.nodes[0].Gate.PasswordChanged(m.t.Context(), apptest.UserID(alice)))
	}
	b := m.nodes[0].Browser(m.t).Login(alice)
	b.Follow("/account")
	if _, err := m.phone.Approve(m.t.Context()); err != nil {
		m.fail("stuck: the owner's phone isn't asked: %v", err)
	}
	if a, at := b.On(m.nodes[1]).Follow("/account"); !a.Secret() {
		m.fail("stuck: the owner isn't let in by phone: %d at %s", a.Status, at)
	}
	b = m.nodes[1].Browser(m.t).Login(alice)
	if a := b.PostJSON("/2fa/challenge/totp", codeJSON(apptest.Code(m.t, m.phone))); a.Status != 200 {
		m.fail("stuck: the owner's code isn't accepted: %d %s", a.Status, a.Body)
	}
	if a := b.Get("/account"); !a.Secret() {
		m.fail("stuck: the owner isn't let in by code: %d", a.Status)
	}
}
