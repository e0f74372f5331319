package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// A call is one exchange with the service.
type call struct {
	op       string
	endpoint Endpoint
	body     any      // marshalled to JSON, or nil
	token    string   // for X-Session-Token, or empty
	secrets  []string // that must not appear in an error, besides the API key
	policy   retrypolicy.RetryPolicy[any]
	circuit  *circuit
}

// do makes the call, with the retries of its policy, and returns the data of a success.
func (c *Client) do(caller context.Context, in call) (json.RawMessage, error) {
	if err := caller.Err(); err != nil {
		return nil, gone(in.op, err)
	}
	var body []byte
	if in.body != nil {
		var err error
		if body, err = json.Marshal(in.body); err != nil {
			return nil, invalid(in.op, errors.New("body can't be written as JSON"))
		}
	}
	done, ok := in.circuit.enter()
	if !ok {
		return nil, &Error{Op: in.op, Kind: Unavailable, cause: ErrCircuitOpen}
	}
	var fail *Error
	seen := unknown
	defer func() { done(seen, fail) }()

	ctx, cancel := context.WithTimeout(caller, c.timeout)
	defer cancel()

	// The last attempt's result counts, even if the context is done by then: a
	// response is not discarded, and the reason for a failure says more than that
	// the time is up.
	var data json.RawMessage
	_ = failsafe.With(in.policy).WithContext(ctx).Run(func() error {
		data, fail = c.attempt(ctx, in, body)
		if fail != nil {
			return fail
		}
		return nil
	})
	if fail == nil {
		seen = up
		return data, nil
	}
	if err := caller.Err(); err != nil {
		return nil, gone(in.op, err)
	}
	switch fail.Kind {
	case Unavailable:
		seen = down
	case Inactive, Refused, Protocol:
		seen = up
	case Invalid, Canceled:
	}
	return nil, fail
}

// gone returns the error of a call whose caller's context is done. A deadline means that
// the service was too slow; a cancellation doesn't.
func gone(op string, cause error) *Error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return &Error{Op: op, Kind: Unavailable, cause: cause}
	}
	return &Error{Op: op, Kind: Canceled, cause: cause}
}

// attempt makes the call once.
func (c *Client) attempt(ctx context.Context, in call, body []byte) (json.RawMessage, *Error) {
	r := c.redactor(in.secrets)
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, in.endpoint.Method, c.address(in.endpoint), reader)
	if err != nil {
		return nil, invalid(in.op, r.err(err))
	}
	req.Header.Set("X-API-Key", c.apiKey.reveal())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "identity") // so that no Transport decompresses
	req.Header.Set("User-Agent", "eagate")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if in.token != "" {
		req.Header.Set("X-Session-Token", in.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.broken(ctx, in.op, 0, r, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, c.broken(ctx, in.op, resp.StatusCode, r, err)
	}
	data, fail := judge(in.op, resp, raw, r)
	if fail != nil {
		fail.remedy = c.remedy(in, fail)
	}
	return data, fail
}

// address returns the URL of the endpoint. It has no secret: a base URL with a user or a
// query is refused.
func (c *Client) address(e Endpoint) string { return c.base.JoinPath(e.Path).String() }

// broken returns the error of an exchange that failed.
func (c *Client) broken(ctx context.Context, op string, status int, r redactor, err error) *Error {
	e := &Error{Op: op, Kind: Unavailable, Status: status, cause: r.err(err), again: true}
	if ctx.Err() != nil {
		e.cause = fmt.Errorf("no complete answer within %v: %w", c.timeout, ctx.Err())
	}
	if errors.Is(err, syscall.ECONNREFUSED) && !loopback(c.base.Hostname()) {
		e.remedy = unregistered
	}
	return e
}
