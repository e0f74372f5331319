package session

import (
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"github.com/eagate/eagate/internal/expect"
)

// All keys and cookies of a gate are its own, and have its name.
func TestNamesAreOneGates(t *testing.T) {
	t.Parallel()
	for secure, prefix := range map[bool]string{false: "eagate-", true: "__Host-eagate-"} {
		m := scs.New()
		m.Cookie.Secure = secure
		n := newNames(m, "name")
		seen := make(map[string]bool)
		for _, cookie := range []string{n.cookie.Name, n.device.Name, n.browser.Name, n.form.Name, n.lang.Name} {
			if !strings.HasPrefix(cookie, prefix) {
				t.Errorf("got cookie %q, it to begin with %q", cookie, prefix)
			}
			seen[cookie] = true
		}
		seen[n.keys.grant], seen[n.keys.pending] = true, true
		for name := range seen {
			expect.Contains(t, name, "name", "%q is the same for all gates", name)
		}
		expect.Equal(t, len(seen), 7, "names")
	}
}
