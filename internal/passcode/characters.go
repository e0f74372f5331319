package passcode

import (
	"strings"
	"unicode"
)

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
