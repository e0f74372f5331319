package session

import (
	"crypto/sha256"
	"encoding/base32"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
)

// keys are those of what is kept in the session: a plain string each, which scs decodes at
// the least cost.
type keys struct {
	grant   string // the secret of the grant that unlocked it
	pending string // see [Pending]
}

// names are what a gate calls its keys in the session, and its cookies.
type names struct {
	keys    keys
	cookie  http.Cookie // the returning cookie, but for its value
	device  http.Cookie // that of a trusted device, but for whose it is
	browser http.Cookie // that of a browser's secret, but for the end of its name
	form    http.Cookie // that of a browser's forms, but for its value
	lang    http.Cookie // that of the language that the user has chosen, but for its value
}

// Name returns what a gate calls itself in the names of its keys and cookies: two
// applications on one host, or in one session, must not take each other's for their
// own. path is where the gate's pages are, as browsers see it, and cookie the name of
// the session's.
func Name(clientID, path, cookie string) string {
	sum := sha256.Sum256([]byte("eagate names\x00" + clientID + "\x00" + path + "\x00" + cookie))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5]))
}

// newNames returns the names of the gate that calls itself so.
func newNames(m *scs.SessionManager, name string) names {
	var n names
	n.keys = keys{grant: "eagate.grant." + name, pending: "eagate.pending." + name}
	prefix := "eagate-"
	if m.Cookie.Secure {
		prefix = "__Host-eagate-"
	}
	n.cookie = http.Cookie{
		Name: prefix + name, Path: "/", HttpOnly: true,
		Secure: m.Cookie.Secure, SameSite: m.Cookie.SameSite, Partitioned: m.Cookie.Partitioned,
	}
	n.device, n.browser, n.form = n.cookie, n.cookie, n.cookie
	n.device.Name = prefix + "device-" + name + "-"
	n.browser.Name = prefix + "browser-" + name + "-"
	n.form.Name = prefix + "form-" + name
	n.lang = n.cookie
	n.lang.Name, n.lang.SameSite, n.lang.MaxAge = prefix+"language-"+name, http.SameSiteLaxMode, int(languageLifetime/time.Second)
	return n
}
