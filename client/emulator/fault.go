package emulator

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// A Fault is a way for the service to go wrong.
type Fault struct {
	name  string
	late  bool
	serve http.HandlerFunc
}

// String returns the fault's name, as in [Call].Fault.
func (f Fault) String() string { return f.name }

// Late returns the fault for after the fact: the service does what it was
// asked to, and then the answer goes wrong.
func (f Fault) Late() Fault {
	f.late, f.name = true, f.name+", late"
	return f
}

// Misbehave makes the next n calls of the kind go wrong, or all of them until
// [Emulator.Behave] if n is 0. Of several faults for the same call, the first
// goes first.
func (e *Emulator) Misbehave(op Op, f Fault, n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = append(e.faults, &planned{op: op, fault: f, left: n, forever: n <= 0})
}

// Behave takes back all that [Emulator.Misbehave] and [Emulator.Forge] have
// planned.
func (e *Emulator) Behave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults, e.forge = nil, nil
}

type planned struct {
	op      Op
	fault   Fault
	left    int
	forever bool
}

func (e *Emulator) nextFault(op Op) (Fault, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, p := range e.faults {
		if p.op != AnyOp && p.op != op {
			continue
		}
		if p.left--; p.left == 0 && !p.forever {
			e.faults = slices.Delete(e.faults, i, i+1)
		}
		return p.fault, true
	}
	return Fault{}, false
}

// StatusFault answers with a status and an HTML page, such as 500 or 403.
func StatusFault(status int) Fault {
	return Fault{name: fmt.Sprintf("status %d", status), serve: raw(status, "text/html; charset=utf-8", "<!doctype html><title>Error</title><h1>Error</h1>")}
}

// HTMLFault answers 200 with an HTML page, as a proxy or a login wall would.
func HTMLFault() Fault {
	return Fault{name: "html", serve: raw(http.StatusOK, "text/html; charset=utf-8", "<!doctype html><title>Welcome</title>")}
}

// TruncatedFault answers 200 with JSON that breaks off.
func TruncatedFault() Fault {
	return Fault{name: "truncated", serve: raw(http.StatusOK, "application/json", `{"code":"SUCCESS","message":"Success","data":{"session_token":"eyJ`)}
}

// ContentTypeFault answers a success as text/plain.
func ContentTypeFault() Fault {
	return Fault{name: "content type", serve: raw(http.StatusOK, "text/plain", successBody)}
}

// HugeFault answers a success that is 10 MB long.
func HugeFault() Fault {
	return Fault{name: "huge", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, successBody[:len(successBody)-1])
		writeSpaces(w, 10<<20)
		_, _ = io.WriteString(w, "}")
	}}
}

// GzipBombFault answers a success that is 10 MB long when it is unpacked.
func GzipBombFault() Fault {
	return Fault{name: "gzip bomb", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, successBody[:len(successBody)-1])
		writeSpaces(z, 10<<20)
		_, _ = io.WriteString(z, "}")
		_ = z.Close()
	}}
}

// SilentFault takes the call and says nothing until the caller leaves.
func SilentFault() Fault {
	return Fault{name: "silent", serve: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
}

// DripFault begins an answer and sends a byte of it now and then, until the
// caller leaves.
func DripFault(every time.Duration) Fault {
	return Fault{name: "drip", serve: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-t.C:
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
			}
		}
	}}
}

// RedirectFault sends the caller elsewhere, asking for the same call there.
func RedirectFault(target string) Fault {
	return Fault{name: "redirect", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}}
}

// EnvelopeFault answers with an envelope of that status and code.
func EnvelopeFault(status int, code, message string) Fault {
	return Fault{name: "envelope " + code, serve: func(w http.ResponseWriter, _ *http.Request) {
		answer{status, code, message, nil}.write(w)
	}}
}

// DataFault answers a success with that data, which is JSON, such as
// `{"session_token": null}`.
func DataFault(data string) Fault {
	return Fault{name: "data", serve: raw(http.StatusOK, "application/json", `{"code":"SUCCESS","message":"Success","data":`+data+`}`)}
}

// ResetFault breaks the connection off without an answer.
func ResetFault() Fault {
	return Fault{name: "reset", serve: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}
}

const successBody = `{"code":"SUCCESS","message":"Success","data":{"session_token":"t","secret_number":"70"}}`

func raw(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func writeSpaces(w io.Writer, n int) {
	spaces := bytes.Repeat([]byte(" "), 32<<10)
	for ; n > 0; n -= len(spaces) {
		if _, err := w.Write(spaces); err != nil {
			return
		}
	}
}
