package emulator

import (
	"context"
	"errors"
	"time"
)

var (
	// ErrNoRequest says that no request waits on the phone.
	ErrNoRequest = errors.New("emulator: no request waits")

	// ErrAnswered says that the newest request was answered before.
	ErrAnswered = errors.New("emulator: request was answered before")

	// ErrExpired says that the newest request waited too long.
	ErrExpired = errors.New("emulator: request has expired")

	// ErrNoAccount says that the phone has no account for that user.
	ErrNoAccount = errors.New("emulator: no such account on the phone")
)

// A Phone is the phone of one user. To stay silent, do nothing with it.
type Phone struct {
	e     *Emulator
	email string
}

// Phone returns the phone of the user with that e-mail address.
func (e *Emulator) Phone(email string) *Phone { return &Phone{e, email} }

// AddAccount adds the account of an otpauth URI, as if its QR code were
// scanned: see [ParseAccount]. The account must be of this application and this
// user. It takes the place of an older one with the same issuer.
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

// Code returns the code that the phone shows now for the user's account: the
// one that was added last.
func (p *Phone) Code() (string, error) { return p.CodeAt(p.e.config.Now()) }

// CodeAt returns the code that the phone shows at that time.
func (p *Phone) CodeAt(t time.Time) (string, error) {
	a, ok := p.e.account(p.email)
	if !ok {
		return "", ErrNoAccount
	}
	return a.Code(t)
}

// Pending returns the requests that wait on the phone, oldest first.
func (p *Phone) Pending() []Request {
	var pending []Request
	for _, q := range p.e.Requests() {
		if q.Email == p.email && q.State == Waiting {
			pending = append(pending, q)
		}
	}
	return pending
}

// Wait waits until a request is there, and returns the newest.
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

// Approve taps the right number of the newest request. It returns when the
// application has been told, with its replies: one for each report, none if
// there is no callback URL.
func (p *Phone) Approve(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Approved)
}

// TapWrong taps a wrong number, which the service takes for a rejection.
func (p *Phone) TapWrong(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Denied)
}

// Deny answers "It's not me".
func (p *Phone) Deny(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Denied)
}

// TimeOut has the newest request run out at once. Unlike one that runs out by itself,
// of which the application is told nothing, it is reported, as false.
func (p *Phone) TimeOut(ctx context.Context) ([]Reply, error) {
	return p.tap(ctx, Expired)
}

// Fail has the service fail at the newest request, and report it, as false.
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
