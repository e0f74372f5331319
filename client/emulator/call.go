package emulator

import (
	"net/http"
	"slices"
	"time"
)

// An Op is a call of the API, with the name of the client's method.
type Op string

const (
	CreateSession Op = "CreateSession" // POST /session-token
	SecretNumber  Op = "SecretNumber"  // GET /secret-number
	SyncStatus    Op = "SyncStatus"    // POST /mfa/toggle
	UnknownOp     Op = "Unknown"       // anything else
	AnyOp         Op = ""              // in [Emulator.Misbehave]: all calls
)

// A Call is a call of the API and its result.
type Call struct {
	Time   time.Time
	Op     Op
	Method string
	Path   string // below [APIPath]
	Header http.Header
	Body   []byte

	Status int    // of the response
	Code   string // of the response's envelope
	Reason string // why it was refused, or empty
	Fault  string // the fault of [Emulator.Misbehave], or empty
}

// maxCalls limits the recorded calls of a long demo.
const maxCalls = 10_000

// Calls returns the calls of these kinds, or all, oldest first. When there are 10,000, the
// older half is forgotten.
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
