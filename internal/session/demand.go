package session

import (
	"context"
	"strings"

	"github.com/eagate/eagate/internal/factor"
)

// A Demand is what a verified session is asked to prove besides. It tells the
// challenge's pages what to ask for, and nothing more: what is demanded of a
// request is decided where it is guarded, by the grant alone. A session that
// loses its demand to a slow request is only asked again.
type Demand struct {
	factor.Demand
	Form bool // it interrupted the sending of a form, which isn't sent again
}

// form is what stands before a Demand that interrupted a form.
const form = "form "

// KeepDemand keeps what the session is asked for.
func (s *Sessions) KeepDemand(ctx context.Context, d Demand) {
	text := d.String()
	if d.Form {
		text = form + text
	}
	if s.scs.GetString(ctx, s.keys[keyDemand]) != text {
		s.scs.Put(ctx, s.keys[keyDemand], text)
	}
}

// Demand returns what KeepDemand kept, or the zero Demand.
func (s *Sessions) Demand(ctx context.Context) Demand {
	text, isForm := strings.CutPrefix(s.scs.GetString(ctx, s.keys[keyDemand]), form)
	d, ok := factor.ParseDemand(text)
	if !ok {
		return Demand{}
	}
	return Demand{Demand: d, Form: isForm}
}

// DropDemand forgets it.
func (s *Sessions) DropDemand(ctx context.Context) {
	if s.scs.Exists(ctx, s.keys[keyDemand]) {
		s.scs.Remove(ctx, s.keys[keyDemand])
	}
}
