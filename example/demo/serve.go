package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// patience is for the servers to stop.
const patience = 5 * time.Second

type server struct {
	*http.Server
	listener net.Listener
}

func newServer(l net.Listener, h http.Handler) server {
	return server{&http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // the gate's event streams put it off as they go
		IdleTimeout:       2 * time.Minute,
	}, l}
}

// serve serves until ctx ends, or until a server fails.
func serve(ctx context.Context, servers ...server) error {
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() { failed <- s.Serve(s.listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	deadline, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(deadline))
	}
	return err
}

// listen listens on the address that a variable of the environment has.
func listen(variable, addr, another string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("demo: %s: %w: choose another address, as in: %[1]s=%[3]s make demo", variable, err, another)
	}
	return l, nil
}

// hostPort is how a listener is called: the host as configured, and the port
// that it got.
func hostPort(addr string, l net.Listener) string {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	return net.JoinHostPort(host, port)
}
