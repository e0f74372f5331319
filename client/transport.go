package client

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// httpClient follows no redirect, because net/http would take the API key
// along, and keeps no cookies. The time limit is each call's own.
func httpClient(t http.RoundTripper) *http.Client {
	if t == nil {
		t = defaultTransport()
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// defaultTransport uses no proxy. Idle connections are given up early: on one
// that the other side has just given up, a call that must not be repeated would
// be lost.
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
