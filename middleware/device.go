package middleware

import "time"

// maxDevices is the longest that a browser can be trusted.
const maxDevices = 90 * 24 * time.Hour

// WithTrustedDevices lets users have a browser not ask them again for that long,
// at most 90 days: "don't ask again on this device". Sessions that it let in are asked
// again when that time is up. Unless set, nobody is offered it. Such a sign-in counts
// as what it is, [eagate.TrustedDevice], with the time of the proof by which the browser was
// trusted; a route that wants a recent one, and a change of the second factor, ask all
// the same.
//
// The browser holds a random secret in a cookie of its own, and the account what
// it is called, when it was used last, and until when it is trusted; the user sees
// that below the base path, at "/devices", and ends it there, at once for the
// sessions that it let in. All devices are forgotten whenever the second factor
// changes.
func WithTrustedDevices(d time.Duration) Option {
	return func(c *config) { c.devices, c.devicesSet = d, true }
}
