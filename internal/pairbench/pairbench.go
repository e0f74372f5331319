// Package pairbench compares two ways to do the same in one benchmark.
package pairbench

import (
	"slices"
	"testing"
	"time"
)

// Compare reports the median ratio of the times that ours and theirs take, in
// turns, so that whatever else the machine does meets both.
func Compare(b *testing.B, ours, theirs func() bool) {
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
