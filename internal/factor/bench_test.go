package factor_test

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/eagate/eagate/internal/factor"
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

// BenchmarkWrongCode compares with pquerna/otp, which also looks at the next
// step.
func BenchmarkWrongCode(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	opts := totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
	compare(b, wrongCode(), func() bool {
		right, err := totp.ValidateCustom("000000", benchSecret, now, opts)
		return err == nil && !right
	})
}

// BenchmarkOpen compares with the cipher alone.
func BenchmarkOpen(b *testing.B) {
	secret := make([]byte, factor.SecretSize)
	rand.Read(secret)
	k := keyring(b, key)
	sealed := k.Seal(secret, factor.SecretPurpose, alice.ID)
	aead := bareGCM(b)
	associated := []byte(factor.SecretPurpose + "\x00" + alice.ID)
	bare := aead.Seal(nil, nil, secret, associated)
	compare(b, func() bool {
		plain, err := k.Open(sealed, factor.SecretPurpose, alice.ID)
		return err == nil && len(plain) == len(secret)
	}, func() bool {
		plain, err := aead.Open(nil, nil, bare, associated)
		return err == nil && len(plain) == len(secret)
	})
}

// compare reports the median ratio of the times that ours and theirs take, in
// turns, so that whatever else the machine does meets both.
func compare(b *testing.B, ours, theirs func() bool) {
	const turn = 20 * time.Millisecond
	measure := func(f func() bool) float64 {
		start := time.Now()
		for n := 0; ; {
			for range 100 { // so that the clock costs nothing
				if !f() {
					b.Fatal("wrong result")
				}
			}
			n += 100
			if d := time.Since(start); d >= turn {
				return float64(d) / float64(n)
			}
		}
	}
	var ratios, times []float64
	for b.Loop() {
		var us, them float64
		if len(ratios)%2 == 0 {
			us, them = measure(ours), measure(theirs)
		} else {
			them, us = measure(theirs), measure(ours)
		}
		ratios, times = append(ratios, us/them), append(times, us)
	}
	slices.Sort(ratios)
	slices.Sort(times)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(times[len(times)/2], "ns/call")
	b.ReportMetric(0, "ns/op") // of a turn each: says nothing
}
