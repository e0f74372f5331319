package browser_test

import (
	"testing"
	"time"

	"github.com/eagate/eagate/internal/expect"
)

// An operator who has just given the second factor switches off that of somebody
// who has lost the phone, and says why.
func TestOperators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.enrolled(t, alice)
	phone := w.enrolled(t, "carol@example.com")
	b := w.browser(t)
	b.codeLogin("carol@example.com", w.code(t, phone))
	b.click("#operators")
	b.see("#user-1")
	b.fits()
	b.enter("#reason-1", "lost phone and codes")
	b.click(`#user-1 button[value="reset"]`)
	b.see(`#user-1[data-enabled="false"]`)
	expect.Equal(t, b.text("#user-1 dd"), "off", "alice’s")
	b.wantPath("/operators")

	w.Clock.Add(20 * time.Minute)
	b.open("/operators")
	b.see(`main[data-state="pending"] #number`)
	b.wantPath("/2fa/challenge")

	b = w.browser(t)
	b.login(alice)
	b.see("#security")
	b.open("/operators")
	b.wantText("Switch on sign-in approval first")
}
