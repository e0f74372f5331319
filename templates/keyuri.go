package templates

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
)

const (
	// maxQRText keeps the QR code readable for a phone's camera; a usual URI has some 250
	// bytes.
	maxQRText = 1 << 10

	// maxKeyURI bounds the link.
	maxKeyURI = 4 << 10
)

// A KeyURI is a valid otpauth URI, which adds a TOTP secret to the phone app. The zero value
// is none. It contains the secret: don't log its parts.
type KeyURI struct {
	uri    string
	secret string
}

// ParseKeyURI parses an otpauth address of the type totp, fully percent-encoded, with a
// label and one secret in Base32, of at most 4096 bytes. One of more than 1024 bytes is
// shown without a QR code. Errors don't contain the address.
func ParseKeyURI(uri string) (KeyURI, error) {
	if len(uri) > maxKeyURI {
		return KeyURI{}, errors.New("templates: key URI is too long")
	}
	if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}#", r) }) {
		return KeyURI{}, errors.New("templates: key URI is not percent-encoded")
	}
	u, err := url.Parse(uri)
	if err != nil { // which quotes the URI
		return KeyURI{}, errors.New("templates: key URI is malformed")
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.User != nil || len(u.Path) < 2 {
		return KeyURI{}, errors.New("templates: key URI is not otpauth://totp/ and a label")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return KeyURI{}, errors.New("templates: key URI has a malformed query")
	}
	secret := query["secret"]
	if len(secret) != 1 || !base32(secret[0]) {
		return KeyURI{}, errors.New("templates: key URI doesn't have one secret in Base32 without padding")
	}
	return KeyURI{uri: uri, secret: secret[0]}, nil
}

// Link returns the URI for the target of a link. By itself, html/template trusts only the
// schemes http, https and mailto.
func (k KeyURI) Link() template.URL { return template.URL(k.uri) }

// HasQR reports whether the URI is short enough for a QR code.
func (k KeyURI) HasQR() bool { return len(k.uri) <= maxQRText }

// Groups returns the secret in groups of four characters, for people to type.
func (k KeyURI) Groups() string {
	var b strings.Builder
	for i, r := range k.secret {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Format hides the secret from logs, whatever the verb.
func (k KeyURI) Format(f fmt.State, _ rune) { io.WriteString(f, "otpauth://totp/…") }

func base32(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}
