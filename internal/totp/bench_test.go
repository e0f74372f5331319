package totp_test

import (
	"testing"
	"time"

	"github.com/pquerna/otp"
	pquerna "github.com/pquerna/otp/totp"

	"github.com/eagate/eagate/internal/pairbench"
	"github.com/eagate/eagate/internal/passcode"
	"github.com/eagate/eagate/internal/totp"
)

// benchSecret is SecretSize bytes, in Base32 too.
const benchSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// wrongCode tries a wrong code on a factor, as the rules do it.
func wrongCode() func() bool {
	secret := []byte("12345678901234567890")
	now := time.Unix(1_800_000_000, 0)
	return func() bool {
		n, ok := passcode.ParseTOTP("000000", totp.Default.Digits)
		if !ok {
			return false
		}
		_, right, err := match(totp.Default, secret, n, now)
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
	opts := pquerna.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	pairbench.Compare(b, wrongCode(), func() bool {
		right, err := pquerna.ValidateCustom("000000", benchSecret, now, opts)
		return err == nil && !right
	})
}

// BenchmarkClockOff is what the search costs for how far a wrong code is off, beside
// pquerna/otp's check of three steps.
func BenchmarkClockOff(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	opts := pquerna.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	pairbench.Compare(b, func() bool {
		g, err := totp.NewGenerator(totp.Default, []byte("12345678901234567890"))
		return err == nil && g.ClockOff(0, now) == 0
	}, func() bool {
		right, err := pquerna.ValidateCustom("000000", benchSecret, now, opts)
		return err == nil && !right
	})
}
