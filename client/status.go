package client

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// A Status is the state of a user's second factor, as reported to the service.
type Status struct {
	Email   string `json:"-"`
	Enabled bool

	// Secret is the TOTP secret in Base32, upper case, without padding. It is
	// required if Enabled; otherwise it is sent only with [WithSecretOnDisable].
	Secret string `json:"-"`

	// The parameters of the TOTP (RFC 6238), required if Enabled.
	Algorithm string        // SHA1, SHA256 or SHA512
	Digits    int           // 6 to 8
	Period    time.Duration // whole seconds, up to an hour
}

// SyncStatus reports the state of a user's second factor to the service. It is
// idempotent.
func (c *Client) SyncStatus(ctx context.Context, s Status) error {
	const op = "SyncStatus"
	if c.fault != nil {
		return invalid(op, c.fault)
	}
	if err := s.check(); err != nil {
		return invalid(op, err)
	}
	_, err := c.do(ctx, call{
		op:       op,
		endpoint: c.paths.SyncStatus,
		body:     c.toggle(s),
		secrets:  []string{s.Email, s.Secret},
		policy:   c.again,
		circuit:  c.syncing,
	})
	return err
}

// String returns the status without the user and the secret.
func (s Status) String() string {
	if !s.Enabled {
		return "client.Status(disabled)"
	}
	return fmt.Sprintf("client.Status(enabled, %s, %d digits, %v)", plain(s.Algorithm), s.Digits, s.Period)
}

// GoString returns [Status.String].
func (s Status) GoString() string { return s.String() }

// Format prints [Status.String] for every verb.
func (s Status) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue returns [Status.String].
func (s Status) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (s Status) check() error {
	var faults []error
	if err := checkEmail(s.Email); err != nil {
		faults = append(faults, err)
	}
	if s.Enabled || s.Secret != "" {
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s.Secret)
		if err != nil || len(raw) == 0 || len(raw) > 128 || !visible(s.Secret, 256) {
			faults = append(faults, errors.New("secret is not Base32 without padding"))
		}
	}
	if s.Enabled {
		switch s.Algorithm {
		case "SHA1", "SHA256", "SHA512":
		default:
			faults = append(faults, fmt.Errorf("algorithm %q is not SHA1, SHA256 or SHA512", plain(s.Algorithm)))
		}
		if s.Digits < 6 || s.Digits > 8 {
			faults = append(faults, fmt.Errorf("%d digits are not 6 to 8", s.Digits))
		}
		if s.Period < time.Second || s.Period > time.Hour || s.Period%time.Second != 0 {
			faults = append(faults, fmt.Errorf("period %v is not whole seconds up to an hour", s.Period))
		}
	}
	return errors.Join(faults...)
}

// toggle is the body of SyncStatus.
type toggle struct {
	ClientID  string `json:"client_id"`
	Email     string `json:"email"`
	Action    string `json:"action"`
	Secret    string `json:"secret,omitempty"`
	Type      string `json:"type,omitempty"`
	Algorithm string `json:"algorithm,omitempty"`
	Digits    int    `json:"digits,omitempty"`
	Period    int64  `json:"period,omitempty"`
}

func (c *Client) toggle(s Status) toggle {
	t := toggle{ClientID: c.clientID, Email: s.Email, Action: "DISABLE"}
	if s.Enabled || c.secretOnDisable {
		t.Secret = s.Secret
	}
	if s.Enabled {
		t.Action = "ENABLE"
		t.Type = "TOTP"
		t.Algorithm = s.Algorithm
		t.Digits = s.Digits
		t.Period = int64(s.Period / time.Second)
	}
	return t
}
