package session

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/records"
)

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

// admitDevice unlocks a locked session whose browser the user trusts.
func (s *Sessions) admitDevice(w http.ResponseWriter, r *http.Request, user eagate.User, ref factor.Session) (factor.Verdict, records.Grant, error) {
	device, ok := cookie(r, s.deviceName(user))
	if !ok {
		return factor.Locked, records.Grant{}, nil
	}
	ctx := r.Context()
	mark, err := s.rules.Mark(ctx, user, ref)
	if err != nil || mark.Over {
		return factor.Locked, records.Grant{}, err
	}
	secret, err := s.rules.UseDevice(ctx, user, ref, device, s.Until(ctx))
	if err != nil || secret == "" {
		return factor.Locked, records.Grant{}, err
	}
	return s.admitted(ctx, user, secret, s.Unlock(w, r, user, Entry{Secret: secret, Method: eagate.TrustedDevice}))
}
