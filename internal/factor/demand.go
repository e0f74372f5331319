package factor

import (
	"slices"
	"strings"
	"time"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
)

// A Demand is what a verified session must have proved besides: that it was not
// long ago, or by which method. The zero value demands nothing.
type Demand struct {
	MaxAge  time.Duration   // of the proof; 0: any
	Methods []eagate.Method // one of these; empty: any
}

// IsZero reports whether nothing is demanded.
func (d Demand) IsZero() bool { return d.MaxAge == 0 && len(d.Methods) == 0 }

// Accepts reports whether a proof by that method does.
func (d Demand) Accepts(m eagate.Method) bool {
	return len(d.Methods) == 0 || slices.Contains(d.Methods, m)
}

// And is what demands both. ok is false if no method does for both.
func (d Demand) And(other Demand) (both Demand, ok bool) {
	both.MaxAge = d.MaxAge
	if other.MaxAge > 0 && (both.MaxAge == 0 || other.MaxAge < both.MaxAge) {
		both.MaxAge = other.MaxAge
	}
	if len(d.Methods) == 0 {
		both.Methods = other.Methods
		return both, true
	}
	for _, m := range d.Methods {
		if other.Accepts(m) {
			both.Methods = append(both.Methods, m)
		}
	}
	return both, len(both.Methods) > 0
}

// String is what ParseDemand reads, such as "5m0s push".
func (d Demand) String() string {
	var words []string
	if d.MaxAge > 0 {
		words = append(words, d.MaxAge.String())
	}
	for _, m := range d.Methods {
		words = append(words, m.String())
	}
	return strings.Join(words, " ")
}

// ParseDemand reads what String wrote, and returns false for anything else.
func ParseDemand(s string) (Demand, bool) {
	var d Demand
	for i, word := range strings.Fields(s) {
		if age, err := time.ParseDuration(word); err == nil && i == 0 && age > 0 {
			d.MaxAge = age
			continue
		}
		m, ok := methodNamed(word)
		if !ok {
			return Demand{}, false
		}
		d.Methods = append(d.Methods, m)
	}
	return d, !d.IsZero()
}

func methodNamed(name string) (eagate.Method, bool) {
	for _, m := range []eagate.Method{eagate.Push, eagate.TOTP, eagate.Recovery, eagate.TrustedDevice} {
		if m.String() == name {
			return m, true
		}
	}
	return 0, false
}

// Meets is the one place that decides whether a good grant, which
// [Rules.Check] returned, is what is demanded.
func (r *Rules) Meets(d Demand, g records.Grant) bool {
	if !d.Accepts(g.Method) {
		return false
	}
	age := r.cfg.Now().Sub(g.VerifiedAt)
	return d.MaxAge == 0 || age >= -clockSkew && age <= d.MaxAge
}
