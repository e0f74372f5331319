package totp

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pquerna/otp"
)

// maxIssuer bounds, in bytes, what goes twice into the QR code.
const maxIssuer = 64

// CheckIssuer returns an error for an application's name that authenticator apps can't
// show, or would read out of the key URI otherwise than it is.
func CheckIssuer(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("no name for the application")
	case len(name) > maxIssuer:
		return fmt.Errorf("%q is longer than %d bytes", name, maxIssuer)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, isHidden):
		return fmt.Errorf("%q has characters that can't be shown", name)
	}
	uri := Key{Issuer: name, Email: "alice@example.com", Parameters: Default}.URI()
	for _, read := range issuerReaders {
		if got := read(uri); got != name {
			return fmt.Errorf("%q is read as %q by some authenticator apps: leave out colons, slashes, percent signs, and blanks at the ends", name, got)
		}
	}
	return nil
}

// isHidden reports whether a character controls what is shown rather than being shown.
// The joiners of scripts that need them are no such characters.
func isHidden(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\u200c' && r != '\u200d'
}

// issuerReaders are how apps find the issuer in a key URI. The format has it twice, in
// a parameter and before the label's colon, where neither part may have another colon.
var issuerReaders = [...]func(uri string) string{
	func(uri string) string { // the parameter
		key, err := otp.NewKeyFromURL(uri)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(key.Issuer())
	},
	func(uri string) string { return beforeColon(labelOf(uri)) },
	func(uri string) string { // the last part of the path
		label := labelOf(uri)
		return beforeColon(label[strings.LastIndexByte(label, '/')+1:])
	},
	func(uri string) string { // the label decoded once more than it should be
		label, err := url.PathUnescape(labelOf(uri))
		if err != nil {
			return ""
		}
		return beforeColon(label)
	},
}

func labelOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}

func beforeColon(label string) string {
	issuer, _, _ := strings.Cut(label, ":")
	return strings.TrimSpace(issuer)
}

// maxQRText is the longest that a URI should be, in bytes, to be read from a screen.
const maxQRText = 1 << 10

// labelLeft is how many characters of an address are shown in the app if all of it would
// make the URI too long.
const labelLeft = 16

// A Key is what an app learns from a QR code.
type Key struct {
	Parameters
	Issuer   string // the application's name
	Email    string
	ClientID string // of the application at the service, or "": the app is for codes only
	Secret   string // see SecretText
}

// URI returns the key in the Key URI format, with the two parameters more that let the
// phone receive push requests, unless it is for codes only. Of an address that makes it
// too long, the label, which is only shown, has the beginning.
func (k Key) URI() string {
	uri := k.labelled(k.Email)
	if runes := []rune(k.Email); len(uri) > maxQRText && len(runes) > labelLeft {
		uri = k.labelled(string(runes[:labelLeft]) + "…")
	}
	return uri
}

// usualPeriod goes without saying: apps assume it, and the service's own URIs leave it out.
const usualPeriod = 30 * time.Second

// labelled is a URI with that label. Every value is escaped down to unreserved characters,
// so that none can add or change a parameter or the label.
func (k Key) labelled(label string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=%s&digits=%d",
		escape(k.Issuer), escape(label), k.Secret, escape(k.Issuer), k.Algorithm, k.Digits)
	if k.Period != usualPeriod {
		fmt.Fprintf(&b, "&period=%d", k.Period/time.Second)
	}
	if k.ClientID != "" {
		fmt.Fprintf(&b, "&client_id=%s&email=%s", escape(k.ClientID), escape(k.Email))
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
