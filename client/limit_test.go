package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

func newTLSServer(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func TestTLS(t *testing.T) {
	srv := newTLSServer(t, says(200, "application/json", data(usable)))
	trusting := client.New(clientID, apiKey, client.WithBaseURL(srv.URL), client.WithHTTPClient(srv.Client()))
	expect.Try(trusting.CreateSession(t.Context(), email)).OrFail(t)
	careful := client.New(clientID, apiKey, client.WithBaseURL(srv.URL), client.WithAttempts(1))
	_, err := careful.CreateSession(t.Context(), email)
	wantKind(t, err, client.Unavailable)
}

func TestA34_BodyLimit(t *testing.T) {
	body := data(usable)
	padded := func(n int) string { return body[:len(body)-1] + strings.Repeat(" ", n-len(body)) + "}" }
	tests := []struct {
		name string
		size int
		ok   bool
	}{{"at the limit", 64 << 10, true}, {"one over", 64<<10 + 1, false}, {"10 MB", 10 << 20, false}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, says(200, "application/json", padded(tt.size)))
			_, err := c.CreateSession(t.Context(), email)
			if tt.ok {
				if err != nil {
					t.Errorf("got error %v, want none", err)
				}
				return
			}
			wantKind(t, err, client.Unavailable)
		})
	}
}

// The endless body would fill the memory, or the time, of a client that
// doesn't stop reading.
func TestA34_EndlessBody(t *testing.T) {
	var read atomic.Int64
	c := client.New(clientID, apiKey, client.WithAttempts(1), wire(func(*http.Request) (*http.Response, error) {
		resp, err := reply(200, "")
		resp.Body = io.NopCloser(readerFunc(func(p []byte) (int, error) {
			if read.Add(int64(len(p))) > 1<<20 {
				return 0, io.EOF
			}
			return copy(p, bytes.Repeat([]byte(" "), len(p))), nil
		}))
		return resp, err
	}).option())
	_, err := c.CreateSession(t.Context(), email)
	wantKind(t, err, client.Unavailable)
	if got := read.Load(); got > 256<<10 {
		t.Errorf("got %d bytes read, want little more than 64 KiB", got)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestA34_GzipBomb(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, data(usable))
	_, _ = z.Write(bytes.Repeat([]byte(" "), 10<<20))
	_ = z.Close()
	small := bytes.Clone(packed.Bytes())
	for _, transport := range []http.RoundTripper{nil, &http.Transport{}} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			wantHeader(t, r, "Accept-Encoding", "identity")
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(small)
		}, client.WithHTTPClient(&http.Client{Transport: transport}))
		_, err := c.CreateSession(t.Context(), email)
		wantKind(t, err, client.Unavailable)
	}
}

func TestA35_TimeLimit(t *testing.T) {
	silent := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			runtime.Gosched()
		}
	}
	// So slow that 64 KiB take longer than the limit.
	slow := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if _, err := io.WriteString(w, " "); err != nil || r.Context().Err() != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
	}
	for name, h := range map[string]http.HandlerFunc{"silent": silent, "slow": slow, "endless": drip} {
		for _, op := range operations {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				c := serve(t, h, client.WithTimeout(80*time.Millisecond), client.WithAttempts(3))
				start := time.Now()
				err := op.call(t.Context(), c)
				if took := time.Since(start); took > 2*time.Second {
					t.Errorf("took %v, want about 80 ms", took)
				}
				wantKind(t, err, client.Unavailable)
				if name != "endless" && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, one that tells of the time limit", err)
				}
			})
		}
	}
}

func TestCallersContext(t *testing.T) {
	arrived := make(chan struct{}, 1)
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-arrived; cancel() }()
			err := op.call(ctx, c)
			wantKind(t, err, client.Canceled)
			expect.Is(t, err, context.Canceled)
			expect.Is(t, op.call(ctx, c), context.Canceled, "with a context that has ended")
			hurry, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err = op.call(hurry, c)
			<-arrived
			wantKind(t, err, client.Unavailable)
			expect.Is(t, err, context.DeadlineExceeded)
		})
	}
}

func TestA34_CompressionRefused(t *testing.T) {
	for _, encoding := range []string{"gzip", "br", "identity, gzip"} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", encoding)
			says(200, "application/json", data(usable))(w, r)
		})
		_, err := c.CreateSession(t.Context(), email)
		wantKind(t, err, client.Unavailable)
	}
}

// net/http reads the environment once in a process, so this takes another one.
func TestNoProxyFromTheEnvironment(t *testing.T) {
	if os.Getenv("CLIENT_TEST_PROXIED") != "" {
		c := client.New(clientID, apiKey, client.WithBaseURL("https://authen.invalid"), client.WithAttempts(1), client.WithTimeout(time.Second))
		_, err := c.CreateSession(t.Context(), email)
		wantKind(t, err, client.Unavailable)
		return
	}
	var proxy counter
	srv := httptest.NewServer(proxy.counting(says(502, "text/plain", "")))
	t.Cleanup(srv.Close)
	cmd := exec.Command(os.Args[0], "-test.run=^TestNoProxyFromTheEnvironment$")
	cmd.Env = append(os.Environ(), "CLIENT_TEST_PROXIED=1", "HTTP_PROXY="+srv.URL, "HTTPS_PROXY="+srv.URL)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	proxy.want(t, 0)
}
