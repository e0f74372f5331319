package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
)

// cookie returns the value of the only cookie of that name. Where there are several,
// none counts: some were planted, by a sibling host perhaps, nobody can tell which,
// and trying each would have one request ask the store thousands of times.
func cookie(r *http.Request, name string) (value string, ok bool) {
	cookies := r.CookiesNamed(name)
	if len(cookies) != 1 {
		return "", false
	}
	return cookies[0].Value, true
}

// deviceName is the name of the cookie of a trusted device. Several users of one
// browser have one each.
func (s *Sessions) deviceName(user eagate.User) string {
	sum := sha256.Sum256([]byte(user.ID))
	return s.device.Name + base64.RawURLEncoding.EncodeToString(sum[:9])
}

// Device returns the ID of the trusted device that the request comes from, or "";
// whether the user really trusts it, the rules know.
func (s *Sessions) Device(r *http.Request, user eagate.User) string {
	if secret, ok := cookie(r, s.deviceName(user)); ok {
		return factor.DeviceOf(secret)
	}
	return ""
}

// Trust has the browser keep the secret of a trusted device.
func (s *Sessions) Trust(w http.ResponseWriter, user eagate.User, secret string, until time.Time) {
	c := s.device
	c.Name, c.Value, c.Expires = s.deviceName(user), secret, until
	http.SetCookie(w, &c)
}

// Distrust has the browser forget it.
func (s *Sessions) Distrust(w http.ResponseWriter, user eagate.User) {
	c := s.device
	c.Name, c.MaxAge = s.deviceName(user), -1
	http.SetCookie(w, &c)
}

// languageLifetime is how long a browser keeps the language that the user has chosen.
const languageLifetime = 365 * 24 * time.Hour

// Language returns the language that the user has chosen in this browser, or "". The
// cookie may have been planted: it is of one of the pages' languages if the caller says so.
func (s *Sessions) Language(r *http.Request) string {
	lang, _ := cookie(r, s.lang.Name)
	return lang
}

// KeepLanguage has the browser keep the language.
func (s *Sessions) KeepLanguage(w http.ResponseWriter, lang string) {
	c := s.lang
	c.Value = lang
	http.SetCookie(w, &c)
}

// FormToken returns what a form of ours holds to show that this browser got it from us:
// derived from a secret of the browser's, in a cookie that does nothing else. If it has
// none, it gets one by keep, with the response that has the form.
func (s *Sessions) FormToken(r *http.Request) (token string, keep func(http.ResponseWriter)) {
	if secret, ok := cookie(r, s.form.Name); ok {
		return tokenOf(secret), func(http.ResponseWriter) {}
	}
	c := s.form
	c.Value = rand.Text()
	return tokenOf(c.Value), func(w http.ResponseWriter) { http.SetCookie(w, &c) }
}

// IsFormToken reports whether the token is of a form that the browser got from us.
func (s *Sessions) IsFormToken(r *http.Request, token string) bool {
	secret, ok := cookie(r, s.form.Name)
	return ok && hmac.Equal([]byte(token), []byte(tokenOf(secret)))
}

func tokenOf(secret string) string {
	sum := sha256.Sum256([]byte("eagate form " + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}
