package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

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
