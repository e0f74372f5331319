package factor_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

func TestPauses(t *testing.T) {
	const blocked = -1 // no pause: the end
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	for i, want := range []time.Duration{
		0, 0, 0, 0,
		30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute,
		time.Hour, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour,
		blocked,
	} {
		answer, _ := verify(t, r, alice, p.wrong())
		until := w.clock.Now().Add(want)
		result := factor.CodeWrong
		if want <= 0 {
			until = time.Time{}
		}
		if want == blocked {
			result = factor.CodeBlocked
		}
		if answer.Result != result || !answer.Until.Equal(until) {
			t.Fatalf("wrong code %d: got %v, want %v until %v", i+1, answer, result, until)
		}
		expect.Equal(t, w.account(t, alice).Failures, i+1, "wrong code %d, failures", i+1)
		if until.IsZero() {
			continue
		}
		// To its last moment, the right code isn't looked at either, and nothing
		// counts.
		w.clock.Set(until.Add(-time.Microsecond))
		for _, code := range []string{p.code(), p.wrong(), ""} {
			if answer, _ := verify(t, r, alice, code); answer.Result != factor.CodePaused || !answer.Until.Equal(until) {
				t.Fatalf("in pause %d: got %v, want paused until %v", i+1, answer, until)
			}
		}
		w.clock.Set(until)
	}
	w.clock.Add(1000 * time.Hour)
	for range 3 {
		if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeBlocked {
			t.Errorf("after 20: got %v, want blocked", answer.Result)
		}
	}
	expect.Equal(t, w.account(t, alice).Failures, 20, "failures")
}

// A right code ends the row.
func TestPausesReset(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	for row := range 3 {
		for range 5 {
			if answer, _ := verify(t, r, alice, p.wrong()); answer.Result != factor.CodeWrong {
				t.Fatalf("row %d: got %v, want wrong", row, answer.Result)
			}
		}
		w.clock.Add(30 * time.Second)
		if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
			t.Fatalf("row %d: got %v, want accepted", row, answer.Result)
		}
		w.clock.Add(30 * time.Second)
	}
}

// A20: a code gets in once, and none after a later one.
func TestA20_Replay(t *testing.T) {
	w := newWorld(t)
	a, b := w.node(t), w.node(t)
	p := w.stage(t, a, alice, session("enrolment"), factor.Proof{})
	enrolment := p.code()
	if answer, _, err := a.Confirm(t.Context(), alice, session("enrolment"), w.proof(t, alice, enrolment), far); err != nil || answer.Result != factor.CodeAccepted {
		t.Fatalf("confirm: got %v, %v", answer, err)
	}
	for _, r := range []*factor.Rules{a, b} {
		if answer, _ := verify(t, r, alice, enrolment); answer.Result != factor.CodeUsed {
			t.Errorf("the enrolment's code: got %v, want used", answer.Result)
		}
	}
	w.clock.Add(time.Minute)
	before, now := p.at(w.clock.Now().Add(-30*time.Second)), p.code()
	if answer, _ := verify(t, a, alice, now); answer.Result != factor.CodeAccepted {
		t.Fatalf("first use: got %v, want accepted", answer.Result)
	}
	for name, code := range map[string]string{"the same code": now, "the code before": before} {
		if answer, _ := verify(t, b, alice, code); answer.Result != factor.CodeUsed {
			t.Errorf("%s: got %v, want used", name, answer.Result)
		}
		answer, err := a.Disable(t.Context(), alice, w.proof(t, alice, code))
		if err != nil || answer.Result != factor.CodeUsed {
			t.Errorf("disable by %s: got %v, %v, want used", name, answer.Result, err)
		}
	}
	expect.Equal(t, w.account(t, alice).Failures, 4, "failures")
}

func TestA20_Together(t *testing.T) {
	w := newWorld(t)
	nodes := []*factor.Rules{w.node(t), w.node(t)}
	p, _ := w.enrol(t, nodes[0], alice)
	code := p.code()
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		results = make(map[factor.CodeResult]int)
	)
	for i := range 20 {
		wg.Go(func() {
			answer, _, err := nodes[i%2].VerifyCode(t.Context(), alice, session(fmt.Sprint(i)), typed(t, nodes[i%2], alice, code), far)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			results[answer.Result]++
		})
	}
	wg.Wait()
	expect.Equal(t, results[factor.CodeAccepted], 1, "20 at once, accepted")
}

// A23: whatever takes a code draws on the same account of wrong ones.
func TestA23_OneBudget(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	w.stage(t, r, alice, session("again"), w.fresh(t, alice))
	paths := map[string]func(string) (factor.CodeAnswer, error){
		"login": func(code string) (factor.CodeAnswer, error) {
			answer, _, err := r.VerifyCode(t.Context(), alice, session("login"), typed(t, r, alice, code), far)
			return answer, err
		},
		"disable": func(code string) (factor.CodeAnswer, error) {
			return r.Disable(t.Context(), alice, w.proof(t, alice, code))
		},
		"disable, fresh but with a code": func(code string) (factor.CodeAnswer, error) {
			proof := w.fresh(t, alice)
			proof.Code = code
			return r.Disable(t.Context(), alice, proof)
		},
		"enable": func(code string) (factor.CodeAnswer, error) {
			return r.Stage(t.Context(), alice, session("again"), browser, w.proof(t, alice, code))
		},
		"confirm": func(code string) (factor.CodeAnswer, error) {
			answer, _, err := r.Confirm(t.Context(), alice, session("again"), w.proof(t, alice, code), far)
			return answer, err
		},
	}
	tries := 0
	for name, try := range paths {
		tries++
		answer, err := try("no code")
		if err != nil || answer.Result != factor.CodeWrong {
			t.Errorf("%s: got %v, %v, want wrong", name, answer, err)
		}
		expect.Equal(t, w.account(t, alice).Failures, tries, "%s, failures", name)
	}
	for name, try := range paths { // the fifth began a pause
		expect.Equal(t, expect.Try(try(p.code())).OrFail(t).Result, factor.CodePaused, "%s", name)
	}
	w.change(t, alice, func(a *records.Account) { a.Failures = 20 })
	w.clock.Add(24 * time.Hour)
	w.stage(t, r, alice, session("again"), w.fresh(t, alice))
	for name, try := range paths {
		expect.Equal(t, expect.Try(try(p.code())).OrFail(t).Result, factor.CodeBlocked, "%s", name)
	}
}

// A22: 200 guesses at once over 50 sessions and two nodes are looked at as
// often as one after the other.
func TestA22_GuessesTogether(t *testing.T) {
	w := newWorld(t)
	nodes := []*factor.Rules{w.node(t), w.node(t)}
	p, _ := w.enrol(t, nodes[0], alice)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if _, _, err := nodes[i%2].VerifyCode(t.Context(), alice, session(fmt.Sprint(i%50)), typed(t, nodes[i%2], alice, p.wrong()), far); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	expect.Equal(t, w.account(t, alice).Failures, 5, "codes looked at")
}

// Nobody's codes count but the user's own.
func TestCodesOfOthers(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	p, _ := w.enrol(t, r, alice)
	w.clock.Set(start)
	q, _ := w.enrol(t, r, bob)
	if answer, _ := verify(t, r, bob, p.code()); answer.Result != factor.CodeWrong {
		t.Errorf("another user's code: got %v, want wrong", answer.Result)
	}
	if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
		t.Errorf("own code: got %v, want accepted", answer.Result)
	}
	w.change(t, bob, func(b *records.Account) { b.Failures = 20 })
	w.clock.Add(time.Minute)
	if answer, _ := verify(t, r, bob, q.code()); answer.Result != factor.CodeBlocked {
		t.Errorf("blocked user: got %v, want blocked", answer.Result)
	}
	if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeAccepted {
		t.Errorf("while another is blocked: got %v, want accepted", answer.Result)
	}
}

// There is nothing to try without a factor in force.
func TestCodeWithoutFactor(t *testing.T) {
	w := newWorld(t)
	r := w.node(t)
	for _, code := range []string{"", "000000"} {
		if answer, _ := verify(t, r, alice, code); answer.Result != factor.CodeNotApplicable {
			t.Errorf("code %q: got %v, want not applicable", code, answer.Result)
		}
	}
	p := w.stage(t, r, alice, session("enrolment"), factor.Proof{})
	if answer, _ := verify(t, r, alice, p.code()); answer.Result != factor.CodeNotApplicable {
		t.Errorf("code of a staged secret: got %v, want not applicable", answer.Result)
	}
}
