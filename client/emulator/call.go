package emulator

import (
	"net/http"
	"slices"
	"time"
)

// Op is one of the calls that the API takes, named after the client's method.
type Op string

const (
	CreateSession Op = "CreateSession" // POST /session-token
	SecretNumber  Op = "SecretNumber"  // GET /secret-number
	SyncStatus    Op = "SyncStatus"    // POST /mfa/toggle
	UnknownOp     Op = "Unknown"       // anything else
	AnyOp         Op = ""              // for Misbehave: all of them
)

// A Call is what arrived at the API, and what came of it.
type Call struct {
	Time   time.Time
	Op     Op
	Method string
	Path   string // below [APIPath]
	Header http.Header
	Body   []byte

	Status int    // of the answer
	Code   string // of the answer's envelope
	Reason string // why it was refused, or empty
	Fault  string // what [Emulator.Misbehave] made of it, or empty
}

// maxCalls bounds what is remembered of a long demo.
const maxCalls = 10_000

// Calls returns the calls of these kinds, or all, oldest first.
func (e *Emulator) Calls(ops ...Op) []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	var calls []Call
	for _, c := range e.calls {
		if len(ops) == 0 || slices.Contains(ops, c.Op) {
			calls = append(calls, c)
		}
	}
	return calls
}

func (e *Emulator) record(c Call) {
	e.config.Logger.Info("call", "op", string(c.Op), "status", c.Status, "code", c.Code, "reason", c.Reason, "fault", c.Fault)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.calls) >= maxCalls {
		e.calls = slices.Delete(e.calls, 0, maxCalls/2)
	}
	e.calls = append(e.calls, c)
}
