package factor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/records"
)

const (
	devicesMost   = 20 // of one user: the one that was used least recently makes room
	deviceNameMax = 64 // bytes
)

// ErrNotFresh says that a browser can't be trusted on the word of a session that
// wasn't verified by its user in the last minutes.
var ErrNotFresh = errors.New("factor: not verified in the last minutes")

// DeviceLifetime is how long a browser may be trusted, or 0 for not at all.
func (r *Rules) DeviceLifetime() time.Duration { return r.cfg.DeviceLifetime }

// Trust has the user not be asked on this browser for a while, and returns what
// its cookie must hold. The session's grant must be fresh, and not itself come
// from a trusted device: a chain of them would never end. Asked twice by the same browser,
// within a minute, it is one device: the first answer may not have come.
func (r *Rules) Trust(ctx context.Context, user eagate.User, proof Proof, name string) (secret string, d records.Device, err error) {
	secret = newID()
	now := r.cfg.Now()
	repeated := false
	err = r.updateAccount(ctx, user.ID, func(acct *records.Account) error {
		repeated = false
		g, err := r.check(ctx, acct, proof)
		if err != nil {
			return err
		}
		if acct.State != records.On || !r.Fresh(g) || r.cfg.DeviceLifetime <= 0 {
			return ErrNotFresh
		}
		d = records.Device{
			ID: hash(secret), Name: deviceName(name), Method: g.Method,
			VerifiedAt: g.VerifiedAt, LastUsedAt: now, ExpiresAt: now.Add(r.cfg.DeviceLifetime),
		}
		devices := trusted(acct.Devices, now)
		senders := r.senders(user.ID, Session{Binding: g.ID, Secrets: proof.Secrets}, "/devices", "")
		if len(senders) > 0 {
			d.By = senders[len(senders)-1]
		}
		before := slices.IndexFunc(devices, func(d records.Device) bool { return slices.Contains(senders, d.By) && r.justNow(d.LastUsedAt) })
		if repeated = before >= 0; repeated {
			devices = slices.Delete(devices, before, before+1)
		}
		if len(devices) >= devicesMost {
			oldest := slices.MinFunc(devices, func(a, b records.Device) int { return a.LastUsedAt.Compare(b.LastUsedAt) })
			devices = without(devices, oldest.ID)
		}
		acct.Devices = append(devices, d)
		return nil
	})
	if err != nil {
		return "", records.Device{}, err
	}
	if repeated {
		return secret, d, nil
	}
	r.emit(ctx, eagate.Event{Kind: eagate.EventDeviceAdded, UserID: user.ID, Email: user.Email, Device: d.Name, Until: d.ExpiresAt})
	return secret, d, nil
}

// deviceName makes a name fit to be listed.
func deviceName(name string) string {
	name = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == unicode.ReplacementChar {
			return -1
		}
		return c
	}, strings.ToValidUTF8(name, ""))
	for len(name) > deviceNameMax {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	return strings.TrimSpace(name)
}

// trusted returns those of the devices that still are, in memory of their own.
func trusted(devices []records.Device, now time.Time) []records.Device {
	return slices.DeleteFunc(slices.Clone(devices), func(d records.Device) bool { return !now.Before(d.ExpiresAt) })
}

func without(devices []records.Device, id string) []records.Device {
	return slices.DeleteFunc(devices, func(d records.Device) bool { return d.ID == id })
}

// Devices returns the browsers that the user trusts.
func (r *Rules) Devices(acct records.Account) []records.Device {
	if acct.State != records.On || r.cfg.DeviceLifetime <= 0 {
		return nil
	}
	return trusted(acct.Devices, r.cfg.Now())
}

// DeviceOf returns the ID of the device whose cookie holds that secret.
func DeviceOf(secret string) string { return hash(secret) }

// UseDevice lets a session in because its browser, whose cookie holds the secret,
// is one that the user trusts. It returns the secret of the grant, or "" if the
// browser isn't. The grant says when the user really proved it last: a route that
// wants a recent proof asks for another.
func (r *Rules) UseDevice(ctx context.Context, user eagate.User, s Session, device string, until time.Time) (secret string, err error) {
	if r.cfg.DeviceLifetime <= 0 || device == "" {
		return "", nil
	}
	ctx, cancel := detach(ctx)
	defer cancel()
	id, now := hash(device), r.cfg.Now()
	var (
		basis Basis
		d     records.Device
	)
	err = r.updateAccount(ctx, user.ID, func(acct *records.Account) error {
		d = records.Device{}
		if !knows(*acct, id, now) {
			return records.ErrUnchanged
		}
		basis = BasisOf(*acct)
		devices := trusted(acct.Devices, now)
		i := slices.IndexFunc(devices, func(d records.Device) bool { return d.ID == id })
		devices[i].LastUsedAt = now
		acct.Devices, d = devices, devices[i]
		return nil
	})
	if err != nil || d.ID == "" {
		return "", err
	}
	secret, err = r.grant(ctx, basis, records.Grant{
		UserID: user.ID, Epoch: basis.epoch, Method: eagate.TrustedDevice, Device: id,
		Binding: s.Binding, VerifiedAt: d.VerifiedAt, ExpiresAt: until,
	})
	if err != nil {
		return "", ignore(err, ErrHeld, ErrOvertaken)
	}
	r.emit(ctx, eagate.Event{Kind: eagate.EventDeviceUsed, UserID: user.ID, Email: user.Email, Method: eagate.TrustedDevice, Device: d.Name})
	return secret, nil
}

// knows reports whether the account trusts the device.
func knows(acct records.Account, id string, now time.Time) bool {
	return acct.State == records.On && acct.HeldSince.IsZero() &&
		slices.ContainsFunc(acct.Devices, func(d records.Device) bool {
			return d.ID == id && now.Before(d.ExpiresAt) && !ahead(d.VerifiedAt, now)
		})
}

// Distrust has the user be asked again on a device, or with the ID "" on all of
// them, and ends the sessions that they let in. It returns how many there were.
func (r *Rules) Distrust(ctx context.Context, userID, id, reason string) (int, error) {
	return r.distrust(ctx, userID, id, reason, func(*records.Account) error { return nil })
}

// DistrustBy is Distrust for a session of the user.
func (r *Rules) DistrustBy(ctx context.Context, user eagate.User, proof Proof, id string) (int, error) {
	return r.distrust(ctx, user.ID, id, "", func(acct *records.Account) error {
		_, err := r.check(ctx, acct, proof)
		return err
	})
}

func (r *Rules) distrust(ctx context.Context, userID, id, reason string, check func(*records.Account) error) (int, error) {
	var gone []records.Device
	err := r.updateAccount(ctx, userID, func(acct *records.Account) error {
		if err := check(acct); err != nil {
			return err
		}
		gone = nil
		acct.Devices = slices.DeleteFunc(slices.Clone(acct.Devices), func(d records.Device) bool {
			if id != "" && d.ID != id {
				return false
			}
			gone = append(gone, d)
			return true
		})
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, d := range gone {
		r.emit(ctx, eagate.Event{Kind: eagate.EventDeviceRevoked, UserID: userID, Device: d.Name, Reason: reason})
	}
	return len(gone), nil
}
