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

// mistyped is by how many characters a text may be longer or shorter than a recovery code to
// be one that was mistyped, rather than a code of the phone.
const mistyped = 4

// What people and programs put between the groups of a code, or around it, and what is
// no part of it.
var (
	// blank is what can't be seen: spaces and line breaks of all kinds, and characters of
	// formatting such as the soft hyphen, the byte order mark and marks of direction.
	blank = []*unicode.RangeTable{
		unicode.White_Space, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector,
	}

	// marks join groups, besides what Unicode calls a dash: dots, which some keyboards
	// make of two spaces, and what looks like a hyphen.
	marks = "." + "\u00b7\u2027\u2219\u22c5\u30fb\uff0e\uff65" + // full stop, dots in the middle, both in full width
		"\u02d7\u2043\u2500\u2501\u2796" + // minus sign of letters, hyphen bullet, lines, heavy minus sign
		"\u30fc\uff70" // long vowel mark, on the key of the hyphen

	// around is what comes with a recovery code out of a document: quotes, brackets,
	// bullets, which some fonts have among the private characters.
	around = []*unicode.RangeTable{unicode.P, unicode.Sk, unicode.Co}
)

// separates reports whether the character only separates others.
func separates(c rune) bool {
	return c == ' ' || c == '-' || unicode.In(c, blank...) || unicode.Is(unicode.Dash, c) || strings.ContainsRune(marks, c)
}

// digitOf returns which digit, as an ASCII character, a decimal digit of any script is:
// Unicode has the ten of each script in a row (The Unicode Standard, §4.6).
func digitOf(c rune) (digit rune, ok bool) {
	if '0' <= c && c <= '9' {
		return c, true
	}
	if !unicode.Is(unicode.Nd, c) {
		return 0, false
	}
	n := rune(0)
	for unicode.Is(unicode.Nd, c-n-1) {
		n++
	}
	return '0' + n%10, true
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

// crockfordOf returns which character of a recovery code a letter or a digit was meant
// to be: those that Crockford takes for each other are one, and so are letters of other
// scripts that look the same, which keyboards and word processors put in their place.
// A U can only be a V that was misread: no code has one.
func crockfordOf(c rune) (meant rune, ok bool) {
	if digit, ok := digitOf(c); ok {
		return digit, true
	}
	c = unicode.ToUpper(c)
	if same, ok := lookAlikes[c]; ok {
		return same, true
	}
	return c, 'A' <= c && c <= 'Z'
}

// lookAlikes are capital letters and what they are taken for.
var lookAlikes = map[rune]rune{
	'O': '0', 'I': '1', 'L': '1', 'U': 'V', '\u0130': '1', // the last one with a dot

	// Cyrillic: A, Ve, Ie, Dze, I, Je, Ka, Em, En, O, Er, Es, Te, U, Ha
	'\u0410': 'A', '\u0412': 'B', '\u0415': 'E', '\u0405': 'S', '\u0406': '1', '\u0408': 'J', '\u041a': 'K', '\u041c': 'M',
	'\u041d': 'H', '\u041e': '0', '\u0420': 'P', '\u0421': 'C', '\u0422': 'T', '\u0423': 'Y', '\u0425': 'X',

	// Greek: Alpha, Beta, Epsilon, Zeta, Eta, Iota, Kappa, Mu, Nu, Omicron, Rho, Tau, Upsilon, Chi
	'\u0391': 'A', '\u0392': 'B', '\u0395': 'E', '\u0396': 'Z', '\u0397': 'H', '\u0399': '1', '\u039a': 'K', '\u039c': 'M',
	'\u039d': 'N', '\u039f': '0', '\u03a1': 'P', '\u03a4': 'T', '\u03a5': 'Y', '\u03a7': 'X',
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

// Plain returns what is the same for all spellings of a code. A text that is none
// stays as it is.
func Plain(typed string) string {
	if code, ok := ParseRecovery(typed); ok {
		return code
	}
	if code, ok := phoneCode(typed); ok {
		return code
	}
	return typed
}

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
