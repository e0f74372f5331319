package middleware

import (
	"bufio"
	"net"
	"net/http"
)

// A renewed is the ResponseWriter of a request whose session has got a new ID. scs sets
// the session cookie in Write and WriteHeader, but not in Flush: a flush before any of them
// would send the headers without the cookie.
type renewed struct {
	http.ResponseWriter
	written bool
}

func (w *renewed) WriteHeader(status int) {
	w.written = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *renewed) Write(b []byte) (int, error) {
	w.written = true
	return w.ResponseWriter.Write(b)
}

// FlushError flushes for [http.ResponseController], after the headers were written.
func (w *renewed) FlushError() error {
	if !w.written {
		w.WriteHeader(http.StatusOK)
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Flush implements [http.Flusher].
func (w *renewed) Flush() { _ = w.FlushError() }

// Hijack implements [http.Hijacker].
func (w *renewed) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *renewed) Unwrap() http.ResponseWriter { return w.ResponseWriter }
