package passcode_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/passcode"
)

// inScript writes the digits of a text in another script, whose zero that is.
func inScript(text string, zero rune) string {
	return strings.Map(func(c rune) rune {
		if '0' <= c && c <= '9' {
			return zero + c - '0'
		}
		return c
	}, text)
}

// spellings are what people, keyboards and clipboards make of six digits.
var spellings = map[string]string{
	"as it is":                "123456",
	"a group":                 "123 456",
	"hyphen":                  "123-456",
	"en dash":                 "123\u2013456",
	"minus":                   "123\u2212456",
	"no-break hyphen":         "123\u2011456",
	"hyphen of a document":    "123\u2010456",
	"long vowel mark":         "123\u30fc456",
	"dot of two spaces":       "123. 456",
	"middle dot":              "123\u00b7456",
	"each apart":              "1 2 3 4 5 6",
	"spaces around":           "  123456\t",
	"newlines":                "\r\n123456\n",
	"other newlines":          "\u0085123456\u2028\u2029\v\f",
	"no-break space":          "\u00a0123\u00a0456",
	"narrow no-break space":   "123\u202f456",
	"thin and figure spaces":  "123\u2009\u2007456",
	"ideographic space":       "\u3000123456",
	"zero width":              "\u200b123\u200d456\u2060",
	"byte order mark":         "\ufeff123456",
	"marks of direction":      "\u202a\u2066123456\u2069\u202c\u200f",
	"soft hyphen":             "123\u00ad456",
	"variation selectors":     "1\ufe0e23456\ufe0f",
	"full width":              inScript("123456", '\uff10'),
	"full width, grouped":     inScript("123\uff0d456", '\uff10'),
	"Arabic-Indic":            inScript("123456", '\u0660'),
	"extended Arabic-Indic":   inScript("123456", '\u06f0'),
	"Devanagari":              inScript("123456", '\u0966'),
	"Thai":                    inScript("123 456", '\u0e50'),
	"Khmer":                   inScript("123456", '\u17e0'),
	"bold of mathematics":     inScript("123456", '\U0001d7ce'),
	"monospace of the same":   inScript("123456", '\U0001d7f6'),
	"segments, as on a watch": inScript("123456", '\U0001fbf0'),
	"mixed":                   "\u0661\u0968\uff13456",
}

func TestA51_CodesOfThePhoneAsTyped(t *testing.T) {
	t.Parallel()
	for name, text := range spellings {
		if n, ok := passcode.ParseTOTP(text, 6); n != 123456 || !ok {
			t.Errorf("%s: got %d, %t, want 123456", name, n, ok)
		}
		expect.Equal(t, passcode.MethodOf(text, eagate.Recovery), eagate.TOTP, "%s (a code of the phone)", name)
	}
}

func TestParseTOTP(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code   string
		digits int
		want   uint32
		ok     bool
	}{
		{"000000", 6, 0, true},
		{"012345", 6, 12345, true},
		{"999999", 6, 999999, true},
		{"9999 9999", 8, 99999999, true},
		{"99999999", 6, 0, false},
		{"999999", 8, 0, false},
		{"", 6, 0, false},
		{" ", 6, 0, false},
		{"", 0, 0, true}, // no factor has 0 digits: see TestA27_StoredFactor
		{"", -1, 0, false},
		{"1", -1, 0, false},
		{"+12345", 6, 0, false},
		{"-12345", 6, 0, false},
		{"12345 ", 6, 0, false},
		{"1_23456", 6, 0, false},
		{"123,456", 6, 0, false},
		{"0x1234", 6, 0, false},
		{"12345.6.7", 6, 0, false},
		{"12345e", 6, 0, false},
		{"12345l", 6, 0, false},
		{"12345\u00b2", 6, 0, false},
		{"12345\u2460", 6, 0, false},
		{"12345\u4e00", 6, 0, false},
		{"\u0661\u0662\u0663", 6, 0, false}, // six bytes
		{"12345\x00", 6, 0, false},
		{"\xff123456", 6, 0, false},
		{"12345/", 6, 0, false}, // the characters around the digits
		{"12345:", 6, 0, false},
		{"123456" + strings.Repeat(" ", 250), 6, 123456, true},
		{"123456" + strings.Repeat(" ", 251), 6, 0, false},
	} {
		if got, ok := passcode.ParseTOTP(c.code, c.digits); got != c.want || ok != c.ok {
			t.Errorf("%q of %d digits: got %d, %t, want %d, %t", c.code, c.digits, got, ok, c.want, c.ok)
		}
	}
}

// Every digit of every script counts for what it is: there are ten of each, in a row.
func TestDigitsOfAllScripts(t *testing.T) {
	t.Parallel()
	n := 0
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if !unicode.Is(unicode.Nd, c) {
			continue
		}
		if got, ok := passcode.ParseTOTP("00000"+string(c), 6); !ok || int(got) != n%10 {
			t.Errorf("%U: got %d, %t, want %d", c, got, ok, n%10)
		}
		n++
	}
	if n < 600 || n%10 != 0 {
		t.Errorf("got %d digits, want those of 60 scripts", n)
	}
}

func FuzzParseTOTP(f *testing.F) {
	for _, text := range spellings {
		f.Add(text)
	}
	for _, text := range []string{"12345678", "+12345", "0000000000000", "1e5000", "\xff12345", "12_34 56", "12345\u00b2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// By what the text is without what separates: one of these characters at least.
		plain := ""
		for _, c := range text {
			switch {
			case unicode.Is(unicode.Nd, c):
				n, _ := passcode.ParseTOTP("00000"+string(c), 6)
				plain += strconv.Itoa(int(n))
			case unicode.IsLetter(c) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, c) && c != '\u30fc' && c != '\uff70',
				unicode.IsControl(c) && !unicode.IsSpace(c), unicode.Is(unicode.No, c), strings.ContainsRune("_,;:+/'\"()", c), c == unicode.ReplacementChar:
				plain += "?"
			}
		}
		for _, digits := range []int{6, 8} {
			n, ok := passcode.ParseTOTP(text, digits)
			wellFormed := len(plain) == digits && !strings.Contains(plain, "?")
			if ok && !wellFormed {
				t.Errorf("%q of %d digits: got %d, want none", text, digits, n)
			}
			if number, _ := strconv.ParseUint(plain, 10, 32); ok && n != uint32(number) || !ok && n != 0 {
				t.Errorf("%q: got %d, %t, want %s", text, n, ok, plain)
			}
			if separators := strings.Trim(text, "0123456789 -."); separators == "" && len(text) <= 256 && ok != wellFormed {
				t.Errorf("%q of %d digits: got %t, want %t", text, digits, ok, wellFormed)
			}
		}
	})
}

// renderings are what phones, documents and people make of a recovery code.
var renderings = map[string]func(code string) string{
	"lower case":           strings.ToLower,
	"one word":             func(s string) string { return strings.ReplaceAll(s, "-", "") },
	"spaces":               func(s string) string { return strings.ReplaceAll(s, "-", " ") },
	"no-break spaces":      func(s string) string { return strings.ReplaceAll(s, "-", "\u00a0") },
	"no-break hyphens":     func(s string) string { return strings.ReplaceAll(s, "-", "\u2011") },
	"en dashes":            func(s string) string { return strings.ReplaceAll(s, "-", "\u2013") },
	"em dashes, spaces":    func(s string) string { return strings.ReplaceAll(s, "-", " \u2014 ") },
	"minus signs":          func(s string) string { return strings.ReplaceAll(s, "-", "\u2212") },
	"soft hyphens":         func(s string) string { return strings.ReplaceAll(s, "-", "\u00ad") },
	"underscores":          func(s string) string { return strings.ReplaceAll(s, "-", "_") },
	"dots":                 func(s string) string { return strings.ReplaceAll(s, "-", ".") },
	"lines":                func(s string) string { return strings.ReplaceAll(s, "-", "-\r\n") },
	"tabs":                 func(s string) string { return "\t" + strings.ReplaceAll(s, "-", "\t") + "\n" },
	"a hyphenated group":   func(s string) string { return s[:2] + "\u00ad\n" + s[2:] },
	"zero width":           func(s string) string { return strings.Join(strings.Split(s, ""), "\u200b") },
	"byte order mark":      func(s string) string { return "\ufeff" + s },
	"marks of direction":   func(s string) string { return "\u202a" + s + "\u202c" },
	"letter O":             func(s string) string { return strings.ReplaceAll(s, "0", "O") },
	"letter I":             func(s string) string { return strings.ReplaceAll(s, "1", "I") },
	"letter l":             func(s string) string { return strings.ReplaceAll(s, "1", "l") },
	"dotless i":            func(s string) string { return strings.ReplaceAll(s, "1", "\u0131") },
	"dotted I":             func(s string) string { return strings.ReplaceAll(s, "1", "\u0130") },
	"U for V":              func(s string) string { return strings.ReplaceAll(s, "V", "u") },
	"long s":               func(s string) string { return strings.ReplaceAll(s, "S", "\u017f") },
	"Kelvin":               func(s string) string { return strings.ReplaceAll(s, "K", "\u212a") },
	"ligatures":            strings.NewReplacer("F1", "\ufb02", "FF", "\ufb00", "ST", "\ufb06").Replace,
	"full width":           fullWidth,
	"full width, small":    func(s string) string { return fullWidth(strings.ToLower(s)) },
	"other digits":         func(s string) string { return inScript(s, '\u0e50') },
	"Cyrillic":             strings.NewReplacer(pairs("ABCEHKMPTXYSJ01", "\u0410\u0412\u0421\u0415\u041d\u041a\u041c\u0420\u0422\u0425\u0423\u0405\u0408\u041e\u0406")...).Replace,
	"Cyrillic, small":      strings.NewReplacer(pairs("ABCEHKMPTXYSJ01", "\u0430\u0432\u0441\u0435\u043d\u043a\u043c\u0440\u0442\u0445\u0443\u0455\u0458\u043e\u0456")...).Replace,
	"Greek":                strings.NewReplacer(pairs("ABEHKMNPTXYZ01", "\u0391\u0392\u0395\u0397\u039a\u039c\u039d\u03a1\u03a4\u03a7\u03a5\u0396\u039f\u0399")...).Replace,
	"quotes":               func(s string) string { return `"` + s + `"` },
	"smart quotes":         func(s string) string { return "\u201c" + s + "\u201d" },
	"angle quotes":         func(s string) string { return "\u00ab\u00a0" + s + "\u00a0\u00bb" },
	"apostrophes":          func(s string) string { return "\u2018" + s + "\u2019" },
	"accents as quotes":    func(s string) string { return "`" + s + "\u00b4" },
	"brackets":             func(s string) string { return "(" + s + ")" },
	"asterisks":            func(s string) string { return "**" + s + "**" },
	"full stop":            func(s string) string { return s + "." },
	"comma":                func(s string) string { return s + "," },
	"bullet":               func(s string) string { return "\u2022 " + s },
	"bullet of a document": func(s string) string { return "\uf0b7\t" + s },
	"hollow bullet":        func(s string) string { return "o\t" + s },
	"bullet of an old font": func(s string) string {
		return "\u00d8\t" + s
	},
	"dash in front":      func(s string) string { return "- " + s },
	"box":                func(s string) string { return "- [ ] " + s },
	"ticked box":         func(s string) string { return "\u2611 " + s },
	"number":             func(s string) string { return "3. " + s },
	"number, bracket":    func(s string) string { return "10) " + s },
	"number in brackets": func(s string) string { return "(3) " + s },
	"number alone":       func(s string) string { return "3\t" + s },
	"number, no space":   func(s string) string { return "3." + strings.ReplaceAll(s, "-", "") },
	"number in a circle": func(s string) string { return "\u2462 " + s },
	"number and stop":    func(s string) string { return "\u248a" + s },
	"letter of a list":   func(s string) string { return "c) " + s },
	"Roman number":       func(s string) string { return "iii. " + s },
}

func fullWidth(s string) string {
	return strings.Map(func(c rune) rune { return c + 0xfee0 }, s)
}

// pairs is what a Replacer takes: each letter, and what is written in its place.
func pairs(letters, others string) (list []string) {
	to := []rune(others)
	for i, c := range []rune(letters) {
		list = append(list, string(c), string(to[i]))
	}
	return list
}

// A recovery code is the same in every spelling, and whichever field it is typed into.
func TestA51_RecoveryCodesAsTyped(t *testing.T) {
	t.Parallel()
	codes := append(passcode.NewRecovery(), "0123-4567-89AB-CDEF", "GHJK-MNPQ-RSTV-WXYZ", "F1FF-ST10-0110-VVKK", "3333-3333-3333-3333")
	for _, code := range codes {
		plain := strings.ReplaceAll(code, "-", "")
		for name, render := range renderings {
			text := render(code)
			if got, ok := passcode.ParseRecovery(text); got != plain || !ok {
				t.Errorf("%s: %q: got %s, %t, want %s", name, text, got, ok, plain)
			}
			expect.Equal(t, passcode.MethodOf(text, eagate.TOTP), eagate.Recovery, "%s: %q (a recovery code)", name, text)
		}
	}
}

// What has one character too many or too few is none, and is told from a mistyped code
// of the phone by how much it is.
func TestA51_MistypedCodes(t *testing.T) {
	t.Parallel()
	const (
		code     = "0123-4567-89AB-CDEF"
		phone    = eagate.TOTP
		recovery = eagate.Recovery
	)
	for _, c := range []struct {
		text   string
		either eagate.Method // where the field says nothing
		field  eagate.Method // in the field for recovery codes
		ok     bool
	}{
		{code, recovery, recovery, true},
		{code + "\n", recovery, recovery, true},
		{code + strings.Repeat("-", 256-len(code)), recovery, recovery, true},
		{code + strings.Repeat("-", 257-len(code)), phone, recovery, false},
		{strings.Repeat("0", 3000), phone, recovery, false},
		{code + "0", recovery, recovery, false},
		{code[:18], recovery, recovery, false},
		{code[:14], recovery, recovery, false},
		{code[:11], phone, recovery, false},
		{"\u00dc" + code[1:], recovery, recovery, false},
		{code[:18] + "\u00e9", recovery, recovery, false},
		{code[:18] + "\x00", recovery, recovery, false},
		{code[:18] + "\ufffd", recovery, recovery, false},
		{code + "\ufffd", recovery, recovery, false},
		{"AB\u00ad" + code, recovery, recovery, false}, // one group, and no letters of a list
		{"1234 " + code, recovery, recovery, false},
		{code + "-ABCD", recovery, recovery, false},
		{code + " " + code, phone, recovery, false},
		{"12345", phone, recovery, false},
		{"1234567", phone, recovery, false},
		{"123456 123456", phone, recovery, false},
		{"12345O", phone, recovery, false},
		{"123456", phone, phone, false},
		{"1234 5678", phone, phone, false},
		{"no code", phone, recovery, false},
		{"", phone, recovery, false},
	} {
		if _, ok := passcode.ParseRecovery(c.text); ok != c.ok {
			t.Errorf("%q: got a recovery code %t, want %t", c.text, ok, c.ok)
		}
		expect.Equal(t, passcode.MethodOf(c.text, 0), c.either, "%q", c.text)
		expect.Equal(t, passcode.MethodOf(c.text, recovery), c.field, "%q in the recovery code's field", c.text)
	}
}

// Whatever is done to a code, it stays the same one, and no other; and whatever is taken
// for a code is the plain form of one.
func FuzzParseRecovery(f *testing.F) {
	for seed := range uint64(3) {
		for _, render := range renderings {
			f.Add(seed, render("0123-4567-89AB-CDEF"))
		}
	}
	names := slices.Sorted(maps.Keys(renderings))
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		random := rand.New(rand.NewPCG(seed, 0))
		const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
		code := ""
		for i := range 16 {
			if i > 0 && i%4 == 0 {
				code += "-"
			}
			code += string(alphabet[random.IntN(len(alphabet))])
		}
		plain := strings.ReplaceAll(code, "-", "")
		name := names[random.IntN(len(names))]
		if got, ok := passcode.ParseRecovery(renderings[name](code)); got != plain || !ok {
			t.Errorf("%s of %s: got %s, %t", name, code, got, ok)
		}
		got, ok := passcode.ParseRecovery(text)
		if !ok {
			return
		}
		if len(got) != 16 || strings.Trim(got, alphabet) != "" {
			t.Errorf("%q: got %q, want a code", text, got)
		}
		if again, ok := passcode.ParseRecovery(got); again != got || !ok {
			t.Errorf("%q: got %q, and of that %q", text, got, again)
		}
	})
}
