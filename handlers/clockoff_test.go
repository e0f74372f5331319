package handlers_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/eagate/eagate/internal/apptest"
	"github.com/eagate/eagate/internal/records"
)

var nonce = regexp.MustCompile(`nonce[-=]["']?[A-Za-z0-9_+/=-]+`)

// told is all that an answer says, but for what is random in any.
func told(a apptest.Answer) string {
	for _, random := range []string{"Date", "Set-Cookie"} {
		a.Header.Del(random)
	}
	return nonce.ReplaceAllString(fmt.Sprint(a.Status, a.Header, a.Body), "NONCE")
}

// differ returns where two texts begin to differ, or -1.
func differ(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) == len(b) {
		return -1
	}
	return min(len(a), len(b))
}

// From the second wrong code in a row on, the log says by how many steps a code is off
// that isn't right, and nothing else does.
func TestCodesOfAPhoneThatIsOff(t *testing.T) {
	t.Parallel()
	app := apptest.New(t)
	phone := app.Enrolled(t, alice)
	app.Clock.Add(20 * apptest.Step)
	b := app.Browser(t).Login(alice)
	b.Post(totp, "code", app.WrongCode(t, phone)) // whose answer alone sets the cookie
	say := map[string]func(code string) string{
		"page":    func(code string) string { return told(b.Post(totp, "code", code)) },
		"program": func(code string) string { return told(b.PostJSON(totp, `{"code":"`+code+`"}`)) },
	}
	for failures := range 4 {
		wants := make(map[string]string)
		begin := func() {
			app.ChangeAccount(t, alice, func(a *records.Account) { a.Failures = failures })
		}
		for kind, post := range say {
			begin()
			wants[kind] = post(app.WrongCode(t, phone))
		}
		const hint = "have the phone set its date and time automatically"
		if got, want := strings.Contains(wants["page"], hint), failures >= 1; got != want {
			t.Errorf("after %d wrong codes: got the page's hint %t, want %t", failures, got, want)
		}
		for off := -12; off <= 12; off++ {
			if off >= -1 && off <= 1 {
				continue
			}
			code := codeAt(t, phone, app.Clock.Now().Add(time.Duration(off)*apptest.Step))
			for kind, post := range say {
				begin()
				before := len(app.Log.String())
				got, want := post(code), wants[kind]
				if i := differ(got, want); i >= 0 {
					t.Errorf("%s, %d wrong codes, phone off by %d: got …%.80q, want …%.80q", kind, failures, off, got[i:], want[i:])
				}
				line := app.Log.String()[before:]
				logged := failures >= 1 && off >= -10 && off <= 10
				if got := strings.Contains(line, fmt.Sprintf(`"clock_off_steps":%d}`, off)); got != logged {
					t.Errorf("%s, %d wrong codes, phone off by %d: got it logged %t, want %t\n%s", kind, failures, off, got, logged, line)
				}
				if !logged && strings.Contains(line, "clock_off") {
					t.Errorf("%s, %d wrong codes, phone off by %d: logged\n%s", kind, failures, off, line)
				}
			}
		}
	}
}

// A code of the next step is taken, and with it all earlier ones are used up.
func TestA20_CodeOfTheNextStep(t *testing.T) {
	t.Parallel()
	for _, first := range []int{-1, 0, 1} {
		world := apptest.NewWorld(t)
		app, other := world.Node(t), world.Node(t)
		phone := app.Enrolled(t, alice)
		world.Clock.Add(20 * apptest.Step)
		code := func(off int) string {
			return codeAt(t, phone, world.Clock.Now().Add(time.Duration(off)*apptest.Step))
		}
		wantGuess(t, fmt.Sprint("step ", first), app.Browser(t).Login(alice), totp, code(first), "accepted")
		for off := -1; off <= first; off++ {
			wantGuess(t, fmt.Sprintf("step %d after %d", off, first), other.Browser(t).Login(alice), totp, code(off), "code-used")
		}
		if first < 1 {
			wantGuess(t, fmt.Sprintf("step %d after %d", first+1, first), other.Browser(t).Login(alice), totp, code(first+1), "accepted")
		}
	}
}
