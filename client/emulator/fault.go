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

// A Fault is a failure of the service.
type Fault struct {
	name  string
	late  bool
	serve http.HandlerFunc
}

// String returns the fault's name, as in [Call].Fault.
func (f Fault) String() string { return f.name }

// Late returns a fault in which the service executes the call before the response fails.
func (f Fault) Late() Fault {
	f.late, f.name = true, f.name+", late"
	return f
}

// Misbehave makes the next n calls of that kind fail, or all until [Emulator.Behave] if n
// is 0. Several faults for one kind of call apply in the order in which they were added.
func (e *Emulator) Misbehave(op Op, f Fault, n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = append(e.faults, &planned{op: op, fault: f, left: n, forever: n <= 0})
}

// Behave cancels [Emulator.Misbehave] and [Emulator.Forge], and has the service up again
// that the phone's page has switched off.
func (e *Emulator) Behave() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults, e.forge, e.down = nil, nil, false
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
	if e.down {
		return StatusFault(http.StatusServiceUnavailable), true
	}
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

// StatusFault responds with a status, such as 500 or 403, and an HTML page.
func StatusFault(status int) Fault {
	return Fault{name: fmt.Sprintf("status %d", status), serve: raw(status, "text/html; charset=utf-8", "<!doctype html><title>Error</title><h1>Error</h1>")}
}

// HTMLFault responds with 200 and an HTML page, as a proxy or a login page would.
func HTMLFault() Fault {
	return Fault{name: "html", serve: raw(http.StatusOK, "text/html; charset=utf-8", "<!doctype html><title>Welcome</title>")}
}

// TruncatedFault responds with 200 and truncated JSON.
func TruncatedFault() Fault {
	return Fault{name: "truncated", serve: raw(http.StatusOK, "application/json", `{"code":"SUCCESS","message":"Success","data":{"session_token":"eyJ`)}
}

// ContentTypeFault responds with a success as text/plain.
func ContentTypeFault() Fault {
	return Fault{name: "content type", serve: raw(http.StatusOK, "text/plain", successBody)}
}

// HugeFault responds with a success of 10 MB.
func HugeFault() Fault {
	return Fault{name: "huge", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, successBody[:len(successBody)-1])
		writeSpaces(w, 10<<20)
		_, _ = io.WriteString(w, "}")
	}}
}

// GzipBombFault responds with a success of 10 MB after decompression.
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

// SilentFault accepts the call and doesn't respond until the caller disconnects.
func SilentFault() Fault {
	return Fault{name: "silent", serve: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
}

// DripFault starts a response and sends one byte per interval until the caller
// disconnects.
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

// RedirectFault redirects the caller, with the same method and body.
func RedirectFault(target string) Fault {
	return Fault{name: "redirect", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}}
}

// EnvelopeFault responds with an envelope of that status, code and message.
func EnvelopeFault(status int, code, message string) Fault {
	return Fault{name: "envelope " + code, serve: func(w http.ResponseWriter, _ *http.Request) {
		answer{status, code, message, nil}.write(w)
	}}
}

// DataFault responds with a success with that JSON as data, such as `{"session_token":
// null}`.
func DataFault(data string) Fault {
	return Fault{name: "data", serve: raw(http.StatusOK, "application/json", `{"code":"SUCCESS","message":"Success","data":`+data+`}`)}
}

// ResetFault closes the connection without a response.
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
