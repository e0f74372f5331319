package middleware

import (
	"bufio"
	"net"
	"net/http"
)

// A renewed writer is that of a request whose session was given another ID. scs tells the
// browser when the headers are written, and a flush before anything else would get past
// it.
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

// FlushError is what [http.ResponseController] looks for.
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
