package emulator

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/eagate/eagate/client"
)

// A Server is an Emulator on a loopback port of its own.
type Server struct {
	*Emulator
	URL string // the origin, without a slash at the end

	server *http.Server
	done   chan struct{}
}

// Start starts a Server, which the caller must Close. Like httptest, it panics if it
// can't listen.
func Start(config Config) *Server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("emulator: no port: %v", err))
	}
	e := New(config)
	s := &Server{
		Emulator: e,
		URL:      "http://" + l.Addr().String(),
		server:   &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second},
		done:     make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(l)
	}()
	return s
}

// Close stops the server and its emulator, including calls in progress.
func (s *Server) Close() {
	s.Emulator.Close()
	_ = s.server.Close()
	<-s.done
}

// Client returns a client of the server's application.
func (s *Server) Client(opts ...client.Option) *client.Client {
	return client.New(s.ClientID(), s.APIKey(), append(ClientOptions(s.URL), opts...)...)
}
