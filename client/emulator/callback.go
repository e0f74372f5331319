package emulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Delivery is how results are reported to the callback URL. The zero value is one GET
// without delay.
type Delivery struct {
	Encoding Encoding

	// Delay is the time between the user's answer and the report.
	Delay time.Duration

	// Repeat is the number of further reports of the same result.
	Repeat int

	// Contradict adds a last report with the opposite result.
	Contradict bool

	// Concurrent sends all reports of an answer at once.
	Concurrent bool
}

// An Encoding is how the parameters of a report are encoded.
type Encoding uint8

const (
	Query Encoding = iota // GET, in the query
	Form                  // POST, as a form
	JSON                  // POST, as JSON
)

func (e Encoding) String() string {
	switch e {
	case Query:
		return "query"
	case Form:
		return "form"
	case JSON:
		return "json"
	}
	return "invalid"
}

// A Reply is the application's response to a report.
type Reply struct {
	Status int
	Header http.Header
	Body   string // at most 64 KiB of it
}

// A Callback is a report to the application.
type Callback struct {
	Time   time.Time
	URL    string // as registered
	Token  string
	Result bool
	Reply  Reply
	Err    error // if there is no reply
}

// Callbacks returns the reports to the application, in the order in which they ended. When
// there are 10,000, the older half is forgotten.
func (e *Emulator) Callbacks() []Callback {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.callbacks)
}

// Report sends a report at once, for any session token, whether or not the phone has
// answered: as a faulty service or an attacker would.
func (e *Emulator) Report(ctx context.Context, token string, result bool) (Reply, error) {
	e.mu.Lock()
	target, encoding := e.config.CallbackURL, e.config.Delivery.Encoding
	e.mu.Unlock()
	if target == "" {
		return Reply{}, errors.New("emulator: no callback URL")
	}
	return e.send(ctx, target, encoding, token, result)
}

// deliver reports a result as the Delivery says, and returns the replies in the order of
// the reports.
func (e *Emulator) deliver(ctx context.Context, token string, result bool) ([]Reply, error) {
	e.mu.Lock()
	target, d := e.config.CallbackURL, e.config.Delivery
	e.mu.Unlock()
	if target == "" {
		return nil, nil
	}
	if d.Delay > 0 {
		t := time.NewTimer(d.Delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-e.ctx.Done():
			return nil, e.ctx.Err()
		}
	}
	results := slices.Repeat([]bool{result}, 1+max(0, d.Repeat))
	if d.Contradict {
		results = append(results, !result)
	}
	replies := make([]Reply, len(results))
	errs := make([]error, len(results))
	var all sync.WaitGroup
	for i, result := range results {
		one := func() { replies[i], errs[i] = e.send(ctx, target, d.Encoding, token, result) }
		if d.Concurrent {
			all.Go(one)
		} else {
			one()
		}
	}
	all.Wait()
	return replies, errors.Join(errs...)
}

// send sends a report and records it.
func (e *Emulator) send(ctx context.Context, target string, enc Encoding, token string, result bool) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, callbackTimeout)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	reply, err := e.exchange(ctx, target, enc, token, result)
	if err != nil {
		err = fmt.Errorf("emulator: report failed: %w", err)
	}
	sent := Callback{e.config.Now(), target, token, result, reply, err}
	if reason := sent.Reason(); reason != "" {
		e.config.Logger.Warn("callback not taken", "encoding", enc.String(), "result", result, "reason", reason)
	} else {
		e.config.Logger.Info("callback", "encoding", enc.String(), "result", result, "status", reply.Status)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.callbacks) >= maxCalls {
		e.callbacks = slices.Delete(e.callbacks, 0, maxCalls/2)
	}
	e.callbacks = append(e.callbacks, sent)
	return reply, err
}

func (e *Emulator) exchange(ctx context.Context, target string, enc Encoding, token string, result bool) (Reply, error) {
	req, err := newReport(ctx, target, enc, token, result)
	if err != nil {
		return Reply{}, err
	}
	resp, err := e.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the URL contains the token
		}
		return Reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return Reply{}, err
	}
	return Reply{resp.StatusCode, resp.Header, string(body)}, nil
}

func newReport(ctx context.Context, target string, enc Encoding, token string, result bool) (*http.Request, error) {
	values := url.Values{"result": {strconv.FormatBool(result)}, "session_token": {token}}
	var body []byte
	var contentType string
	method := http.MethodPost
	switch enc {
	case Form:
		contentType, body = "application/x-www-form-urlencoded", []byte(values.Encode())
	case JSON:
		contentType = "application/json"
		body, _ = json.Marshal(map[string]any{"result": result, "session_token": token})
	case Query:
		method = http.MethodGet
		sep := "?"
		if strings.Contains(target, "?") {
			sep = "&"
		}
		target += sep + values.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("callback URL can't be used")
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req, nil
}

// callbackTimeout is how long a report may take.
const callbackTimeout = 10 * time.Second

// callbackClient follows no redirects and keeps no cookies.
func callbackClient(config Config) *http.Client {
	var t http.RoundTripper = &http.Transport{
		MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second,
		TLSClientConfig: &tls.Config{RootCAs: config.RootCAs, InsecureSkipVerify: config.Insecure}, //nolint:gosec // as it was asked for
	}
	if h := config.HTTPClient; h != nil && h.Transport != nil {
		t = h.Transport
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
