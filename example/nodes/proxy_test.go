package nodes_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/eagate/eagate/internal/expect"
)

// A proxy is an address that can move from one server to another, as that of a
// database does when another server takes over.
type proxy struct {
	addr string

	mu    sync.Mutex
	to    string
	conns map[net.Conn]struct{}
}

// newProxy returns an address that leads to a server.
func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l := expect.Try(net.Listen("tcp", "127.0.0.1:0")).OrFail(t)
	p := &proxy{addr: l.Addr().String(), to: to, conns: make(map[net.Conn]struct{})}
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	p.mu.Lock()
	to := p.to
	p.mu.Unlock()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client] = struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, client)
		p.mu.Unlock()
	}()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
}

// move has new connections lead to another server. Those that there are stay.
func (p *proxy) move(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

// cut breaks all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		_ = conn.Close()
	}
}
