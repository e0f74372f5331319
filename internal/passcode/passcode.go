// Package passcode reads codes as people type and paste them: those of the phone, and
// recovery codes, which it also makes. It knows the form of codes, not which are right.
package passcode

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/totp"
)

// typedMost is how many bytes of text are looked at: more than a code has in any
// spelling, with what is invisible between its characters.
const typedMost = 256

const (
	recoveryCount = 10
	recoveryBytes = 10 // 80 bits: more than NIST SP 800-63B-4 §3.1.2.2 asks for

	// recoveryLength is how many characters a recovery code has.
	recoveryLength = (recoveryBytes*8 + 4) / 5
)

// crockford is the alphabet without the letters that are taken for digits, or
// for each other.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// NewRecovery returns a set of recovery codes in groups of four.
func NewRecovery() []string {
	set := make([]string, recoveryCount)
	for i := range set {
		raw := make([]byte, recoveryBytes)
		rand.Read(raw) // never fails
		code := crockford.EncodeToString(raw)
		set[i] = code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:]
	}
	return set
}

// ParseTOTP returns the number that a code of the phone stands for: digits of any
// script, exactly as many as there should be, however they are grouped. Anything else
// among them makes it no code.
func ParseTOTP(text string, digits int) (n uint32, ok bool) {
	if len(text) > typedMost {
		return 0, false
	}
	for _, c := range text {
		digit, ok := digitOf(c)
		switch {
		case ok && digits > 0:
			n = n*10 + uint32(digit-'0')
			digits--
		case ok, !separates(c):
			return 0, false
		}
	}
	if digits != 0 {
		return 0, false
	}
	return n, true
}

// ParseRecovery returns the plain form of a recovery code, and whether the text is one
// in some spelling: as it comes from phones, documents and lists. No code of the phone
// is. Of other texts it returns how their letters and digits read, with a question mark
// for each that no code has.
//
// The plain form is what is hashed, so that no spelling makes a code easier to guess.
func ParseRecovery(text string) (code string, ok bool) {
	if len(text) > typedMost {
		return "", false
	}
	var groups []string // what is between separators
	var group strings.Builder
	end := func() {
		if group.Len() > 0 {
			groups = append(groups, group.String())
			group.Reset()
		}
	}
	for _, written := range text {
		if unicode.In(written, blank[1:]...) { // which may stand within a group
			continue
		}
		if separates(written) || unicode.In(written, around...) {
			end()
			continue
		}
		// Ligatures, letters in full width or in a circle are others in other dress.
		for _, c := range norm.NFKC.String(string(written)) {
			if meant, ok := crockfordOf(c); ok {
				group.WriteRune(meant)
			} else if c != unicode.ReplacementChar && unicode.In(c, unicode.P, unicode.S) {
				end()
			} else {
				group.WriteByte('?')
			}
		}
	}
	end()
	code = strings.Join(groups, "")
	// A list's number, or a letter that stands for its bullet.
	if len(groups) > 1 && len(groups[0]) <= 3 && len(code)-len(groups[0]) == recoveryLength {
		code = code[len(groups[0]):]
	}
	return code, len(code) == recoveryLength && !strings.Contains(code, "?")
}

// Plain returns what is the same for all spellings of a code. Other texts stay as they
// are.
func Plain(typed string) string {
	if code, ok := ParseRecovery(typed); ok {
		return code
	}
	if code, ok := phoneCode(typed); ok {
		return code
	}
	return typed
}

// phoneCode returns the plain form of a code of the phone, and whether the text is one, of
// any length that such a code may have.
func phoneCode(text string) (code string, ok bool) {
	for _, digits := range totp.Lengths {
		if n, ok := ParseTOTP(text, digits); ok {
			return fmt.Sprintf("%0*d", digits, n), true
		}
	}
	return "", false
}

// mistyped is by how many characters a text may be longer or shorter than a recovery code to
// be one that was mistyped, rather than a code of the phone.
const mistyped = 4

// MethodOf returns by which method a text would prove something: of what is neither a
// code of the phone nor a recovery code, by the one that it is nearer to; if that isn't
// clear, by the one that the field is for.
func MethodOf(typed string, field eagate.Method) eagate.Method {
	code, ok := ParseRecovery(typed)
	off := len(code) - recoveryLength
	if ok || -mistyped <= off && off <= mistyped && strings.ContainsFunc(code, unicode.IsLetter) {
		return eagate.Recovery
	}
	if _, ok := phoneCode(typed); !ok && field == eagate.Recovery {
		return eagate.Recovery
	}
	return eagate.TOTP
}
