package factor

import (
	"fmt"
	"strings"
	"time"
)

// provisioningURI is what the QR code holds: the Key URI format with the two
// parameters more that let the phone receive push requests, unless clientID is empty. Every value is
// escaped down to unreserved characters, so that none can add or change a
// parameter or the label.
func provisioningURI(issuer, email, clientID, secret string, p Parameters) string {
	var b strings.Builder
	fmt.Fprintf(&b, "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%d&period=%d",
		escape(issuer), escape(email), secret, escape(issuer), p.Algorithm, p.Digits, p.Period/time.Second)
	if clientID != "" {
		fmt.Fprintf(&b, "&client_id=%s&email=%s", escape(clientID), escape(email))
	}
	return b.String()
}

// escape percent-encodes all but the unreserved characters of RFC 3986 §2.3.
// Neither of net/url's escapers does: one leaves ":" and "&", the other writes
// a space as "+", which authenticator apps show as a plus.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isUnreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~", c) >= 0
}
