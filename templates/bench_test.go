package templates_test

import (
	"fmt"
	"image/png"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

// BenchmarkQR compares our picture with the encoding alone, to which it adds only the
// drawing (the goal is 1.03), and with what pquerna/otp offers for the same user (0.55 at
// both sizes).
func BenchmarkQR(b *testing.B) {
	key := parseKey(b, keyURI)
	svg := func() error {
		_, err := templates.QR(key, "QR code")
		return err
	}
	b.Run("over encoding", func(b *testing.B) {
		compare(b, svg, func() error {
			_, err := qr.Encode(keyURI, qr.L, qr.Auto)
			return err
		})
	})
	// The page shows the code 256 pixels wide: so many points on a plain
	// screen, and twice as many on a fine one.
	for _, size := range []int{256, 512} {
		b.Run(fmt.Sprintf("over otp and png of %d points", size), func(b *testing.B) {
			compare(b, svg, func() error {
				key, err := otp.NewKeyFromURL(keyURI + "&period=30") // which it writes always
				if err != nil {
					return err
				}
				img, err := key.Image(size, size)
				if err != nil {
					return err
				}
				return png.Encode(io.Discard, img)
			})
		})
	}
}

func BenchmarkRender(b *testing.B) {
	p := newPages(b)
	views := map[string]templates.View{
		"challenge": templates.Challenge{
			Page: plainPage(templates.English), State: templates.ChallengePending, Number: "70", ExpiresIn: time.Minute,
		},
		"enable":  templates.Enable{Page: plainPage(templates.English), Key: parseKey(b, keyURI)},
		"message": templates.Message{Page: plainPage(templates.English)},
	}
	for name, view := range views {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				expect.NoError(b, p.Render(io.Discard, view))
			}
		})
	}
}

// compare reports the median ratio of the times that ours and theirs take, in
// turns of a few calls each, so that whatever else the machine does meets both.
func compare(b *testing.B, ours, theirs func() error) {
	const turn = 15 * time.Millisecond
	measure := func(f func() error) float64 {
		start := time.Now()
		for n := 1; ; n++ {
			expect.NoError(b, f())
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
