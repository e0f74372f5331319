package storetest

import (
	"strings"
	"time"

	"github.com/eagate/eagate/store"
)

// oddIDs returns IDs as applications may have them, which databases fold, trim,
// match or escape in one way or another.
func oddIDs() []string {
	r := newID()
	long := r + strings.Repeat("x", store.MaxID-1-len(r))
	return []string{
		r + "alice", r + "Alice", r + "ALICE",
		r + "alice ", r + "alice\t", r + "alice\n", " " + r + "alice", r + "alice\x01", r + "alice\x7f", "\uFEFF" + r + "alice",
		r + "alicé", r + "alice\u0301", r + "alicè", r + "alic\uFFFD",
		r + "alic%", r + "alic_", r + "alic*", r + "alic?", r + "[a-z]", r + "{a}", r + ">", r + "a.b", r + ".a", r + "a.",
		r + "'; DROP TABLE accounts; --", r + `"alice"`, r + "`alice`", r + `\alice`, r + `\\alice`,
		r + "$1", r + "?", r + ":a", r + "a:b", r + "a/../b", r + "%00", r + "%61lice",
		r + "straße", r + "strasse", r + "STRASSE", r + "日本語", r + "🔐", r + "🔑",
		r + "1", r + "01", r + "1.0", r + "NULL", r + "null", r, r + r, r + "=", r[1:], r[:1] + "%", strings.ToLower(r),
		long + "a", long + "b", strings.Repeat("日", store.MaxID/3-len(r)/3-1) + r,
	}
}

func invalidIDs() []string {
	r := newID()
	return []string{
		"", strings.Repeat("x", store.MaxID+1), strings.Repeat("🔐", 64),
		r + "\x00", r + "\x00a", r + "\xff", r + "日本語"[:8], r + "\xed\xa0\x80",
	}
}

// oddBodies returns JSON texts that a column which parses JSON would change.
func oddBodies() []string {
	const full = store.MaxBody - len(`{"long":""}`)
	return []string{
		`{}`, `null`, `0`, `""`, "[\t]\r\n", "  { \"b\" : 1 ,\n\t\"a\":2 } ",
		`{"b":1,"a":2,"b":3,"aa":4}`,
		`[1.0,1e2,1E+2,-0,0.1000,12345678901234567890123456789,1e400]`,
		`"\u00e9 é \ud83d\udd10 🔐 \u0000 \/ / \\ \" ' \u2028"`,
		`"日本語 \\x41 %s $1 ? :a \\0"`,
		`"<!-- & -->"`, `true`,
		`{"long":"` + strings.Repeat("x", full) + `"}`,
		`{"long":"` + strings.Repeat("🔐", full/4) + `"}`,
	}
}

func invalidBodies() []string {
	return []string{
		"", `"` + strings.Repeat("x", store.MaxBody-1) + `"`, `"` + strings.Repeat("🔐", store.MaxBody/4) + `"`,
		"\"\xff\"", `"` + "日本語"[:8] + `"`, "\"\xed\xa0\x80\"",
	}
}

var invalidKinds = []store.Kind{"", "Account", "a b", "a1", "é", "a\x00", "a_b", store.Kind(strings.Repeat("a", 33))}

// The first mustKeep of these due times must be kept; those far away may be refused.
const mustKeep = 7

var oddTimes = []time.Time{
	{}, time.Time{}.In(west), moment, moment.In(west).Add(tick), moment.Add(999),
	time.Date(2001, 9, 9, 1, 46, 40, 999999000, time.UTC), time.Date(2099, 12, 31, 23, 59, 59, 1000, west),

	time.Unix(0, 0), time.Unix(0, -1000), time.Unix(-1, 0), time.Date(1492, 10, 12, 0, 0, 0, 1000, time.UTC),
	time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
	time.Date(2262, 4, 12, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
	time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC),
}
