package totp_test

import (
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	pquerna "github.com/pquerna/otp/totp"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/passcode"
	"github.com/eagate/eagate/internal/totp"
)

const digits = "1234567890"

var algorithms = map[string]otp.Algorithm{
	"SHA1": otp.AlgorithmSHA1, "SHA256": otp.AlgorithmSHA256, "SHA512": otp.AlgorithmSHA512,
}

// match returns the time step whose code is n, if there is one in the window.
func match(p totp.Parameters, secret []byte, n uint32, now time.Time) (step int64, ok bool, err error) {
	g, err := totp.NewGenerator(p, secret)
	if err != nil {
		return 0, false, err
	}
	step, ok = g.Match(n, now)
	return step, ok, nil
}

// RFC 6238, Appendix B.
func TestRFC6238(t *testing.T) {
	secrets := map[string]string{
		"SHA1":   strings.Repeat(digits, 2),
		"SHA256": strings.Repeat(digits, 3) + "12",
		"SHA512": strings.Repeat(digits, 6) + "1234",
	}
	for _, v := range []struct {
		at                   int64
		sha1, sha256, sha512 uint32
	}{
		{59, 94287082, 46119246, 90693936},
		{1111111109, 7081804, 68084774, 25091201},
		{1111111111, 14050471, 67062674, 99943326},
		{1234567890, 89005924, 91819424, 93441116},
		{2000000000, 69279037, 90698825, 38618901},
		{20000000000, 65353130, 77737706, 47863826},
	} {
		for algorithm, code := range map[string]uint32{"SHA1": v.sha1, "SHA256": v.sha256, "SHA512": v.sha512} {
			p := totp.Parameters{Algorithm: algorithm, Digits: 8, Period: 30 * time.Second}
			step, ok, err := match(p, []byte(secrets[algorithm]), code, time.Unix(v.at, 0))
			if err != nil || !ok || step != v.at/30 {
				t.Errorf("%s at %d: got step %d, %t, %v, want %d", algorithm, v.at, step, ok, err, v.at/30)
			}
		}
	}
}

// RFC 4226, Appendix D.
func TestRFC4226(t *testing.T) {
	p := totp.Parameters{Algorithm: "SHA1", Digits: 6, Period: 30 * time.Second}
	for count, code := range []uint32{
		755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489,
	} {
		now := time.Unix(int64(count)*30, 0)
		step, ok, err := match(p, []byte(strings.Repeat(digits, 2)), code, now)
		if err != nil || !ok || step != int64(count) {
			t.Errorf("counter %d: got step %d, %t, %v", count, step, ok, err)
		}
	}
}

// differ fails the test if another implementation takes the code for another
// one than ours does.
func differ(t *testing.T, secret []byte, algorithm string, digits int, period time.Duration, now time.Time, n uint32) {
	t.Helper()
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	opts := pquerna.ValidateOpts{
		Period: uint(period / time.Second), Digits: otp.Digits(digits), Algorithm: algorithms[algorithm],
	}
	present := now.Unix() / int64(period/time.Second)
	wantStep, want := int64(0), false
	for _, step := range []int64{present - 1, present, present + 1} {
		code, err := pquerna.GenerateCodeCustom(text, time.Unix(step*int64(period/time.Second), 0), opts)
		expect.NoError(t, err)
		if code == fmt.Sprintf("%0*d", digits, n) {
			wantStep, want = step, true
		}
	}
	p := totp.Parameters{Algorithm: algorithm, Digits: digits, Period: period}
	step, ok, err := match(p, secret, n, now)
	if err != nil || ok != want || step != wantStep {
		t.Errorf("%s, %d digits, %v, %d bytes at %d, code %d: got step %d, %t, %v, want %d, %t",
			algorithm, digits, period, len(secret), now.Unix(), n, step, ok, err, wantStep, want)
	}
}

func FuzzMatch(f *testing.F) {
	for range 50 {
		secret := make([]byte, 16+rand.N(60))
		for i := range secret {
			secret[i] = byte(rand.Uint32())
		}
		f.Add(secret, uint8(rand.Uint32()), uint8(rand.Uint32()), rand.N[int64](1<<40), int8(rand.N(4)-2))
	}
	f.Fuzz(func(t *testing.T, secret []byte, kind, period uint8, unix int64, off int8) {
		if len(secret) < 16 || len(secret) > 1<<10 || unix < 1000 || unix > 1<<40 {
			t.Skip()
		}
		algorithm := []string{"SHA1", "SHA256", "SHA512"}[kind%3]
		digits := []int{6, 8}[kind/3%2]
		p := time.Duration(15+period%106) * time.Second
		now := time.Unix(unix, 0)
		// The code of a step near by, or of the wrong length.
		code, err := pquerna.GenerateCodeCustom(
			base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret), now.Add(time.Duration(off)*p),
			pquerna.ValidateOpts{Period: uint(p / time.Second), Digits: otp.Digits(digits), Algorithm: algorithms[algorithm]})
		if err != nil {
			t.Skip() // before the epoch
		}
		n, ok := passcode.ParseTOTP(code, digits)
		if !ok {
			t.Fatalf("code %q of %d digits isn't well-formed", code, digits)
		}
		differ(t, secret, algorithm, digits, p, now, n)
	})
}
