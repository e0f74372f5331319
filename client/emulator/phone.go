package emulator

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNoRequest is returned if no request is pending on the phone.
	ErrNoRequest = errors.New("emulator: no pending request")

	// ErrAnswered is returned if the newest request was answered before.
	ErrAnswered = errors.New("emulator: request was answered before")

	// ErrExpired is returned if the newest request has expired.
	ErrExpired = errors.New("emulator: request has expired")

	// ErrNoAccount is returned if the phone has no account of the user.
	ErrNoAccount = errors.New("emulator: no such account on the phone")
)

// A Phone is the phone of one user.
type Phone struct {
	e     *Emulator
	email string
}

// Phone returns the phone of the user with that e-mail address.
func (e *Emulator) Phone(email string) *Phone { return &Phone{e, email} }

// AddAccount adds the account of an otpauth URI, as if the phone scanned its QR code: see
// [ParseAccount]. The account must be of this application and this user. It replaces an
// account with the same issuer.
func (p *Phone) AddAccount(uri string) error {
	a, err := ParseAccount(uri)
	if err != nil {
		return err
	}
	if a.Email != p.email {
		return errors.New("emulator: account is another user's")
	}
	return p.e.addAccount(a)
}

// Code returns the current code of the user's account that was added last.
func (p *Phone) Code() (string, error) { return p.CodeAt(p.e.config.Now()) }

// CodeAt returns the code of that time.
func (p *Phone) CodeAt(t time.Time) (string, error) {
	a, ok := p.e.account(p.email)
	if !ok {
		return "", ErrNoAccount
	}
	return a.Code(t)
}

// Pending returns the pending requests, oldest first.
func (p *Phone) Pending() []Request {
	var pending []Request
	for _, q := range p.e.Requests() {
		if q.Email == p.email && q.State == Waiting {
			pending = append(pending, q)
		}
	}
	return pending
}

// Wait waits until a request is pending, and returns the newest.
func (p *Phone) Wait(ctx context.Context) (Request, error) {
	for {
		p.e.mu.Lock()
		arrived := p.e.arrived
		p.e.mu.Unlock()
		if pending := p.Pending(); len(pending) > 0 {
			return pending[len(pending)-1], nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Request{}, ctx.Err()
		case <-p.e.ctx.Done():
			return Request{}, p.e.ctx.Err()
		}
	}
}

// Approve taps the right number of the newest request. It returns after the reports to
// the application, with the reply to each; there are none without a callback URL.
func (p *Phone) Approve(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Approved)
}

// TapWrong taps a wrong number, which the service treats as a rejection.
func (p *Phone) TapWrong(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Denied)
}

// Deny answers "It's not me".
func (p *Phone) Deny(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Denied)
}

// TimeOut makes the newest request expire at once and reports false. The service reports
// nothing about requests that expire by themselves.
func (p *Phone) TimeOut(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Expired)
}

// Fail makes the service fail at the newest request, and reports false.
func (p *Phone) Fail(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Failed)
}

func (p *Phone) tap(ctx context.Context, s RequestState) ([]Reply, error) {
	q, err := p.e.decide(
		func(q *request) bool { return q.email == p.email },
		func(*request) RequestState { return s },
	)
	if err != nil {
		return nil, err
	}
	return p.e.report(ctx, q)
}
