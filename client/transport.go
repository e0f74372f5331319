package client

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// httpClient returns a client that follows no redirect, because net/http would send the
// API key along, and keeps no cookies. Each call has its own timeout.
func httpClient(t http.RoundTripper) *http.Client {
	if t == nil {
		t = defaultTransport()
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// defaultTransport uses no proxy. Idle connections are closed early: on a connection that
// the server has just closed, a call that must not be repeated would be lost.
func defaultTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    3 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
