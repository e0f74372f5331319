package factor_test

import (
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/eagate/eagate/internal/factor"
	"github.com/eagate/eagate/internal/pairbench"
	"github.com/eagate/eagate/internal/records"
)

// benchSecret is SecretSize bytes, in Base32 too.
const benchSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// wrongCode tries a wrong code on a factor, as the rules do it.
func wrongCode() func() bool {
	f := records.Factor{Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
	secret := []byte("12345678901234567890")
	now := time.Unix(1_800_000_000, 0)
	return func() bool {
		n, ok := factor.ParseCode("000000", f.Digits)
		if !ok {
			return false
		}
		_, right, err := factor.MatchStep(f, secret, n, now)
		return err == nil && !right
	}
}

func TestWrongCodeAllocs(t *testing.T) {
	try := wrongCode()
	if !try() {
		t.Fatal("the code isn't wrong")
	}
	const most = 10
	if got := testing.AllocsPerRun(100, func() { try() }); got > most {
		t.Errorf("got %v allocs for a wrong code, want at most %d", got, most)
	}
}

// BenchmarkWrongCode compares with pquerna/otp, which looks at the same three steps.
// How far a code is off, which is looked for from the second wrong one on, is apart:
// see BenchmarkClockOff.
func BenchmarkWrongCode(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	opts := totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	pairbench.Compare(b, wrongCode(), func() bool {
		right, err := totp.ValidateCustom("000000", benchSecret, now, opts)
		return err == nil && !right
	})
}

// BenchmarkClockOff is what the search costs for how far a wrong code is off, beside
// pquerna/otp's check of three steps.
func BenchmarkClockOff(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	opts := totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	f := records.Factor{Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
	pairbench.Compare(b, func() bool {
		return factor.ClockOff(f, []byte("12345678901234567890"), 0, now) == 0
	}, func() bool {
		right, err := totp.ValidateCustom("000000", benchSecret, now, opts)
		return err == nil && !right
	})
}
