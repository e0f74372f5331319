package middleware

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"
)

// WithPasswordPath names the page where users change their password: the gate's pages
// lead there when somebody else may know it. Where the account is closed, see
// [WithHoldOnRejection], the sign-in is ended first. The page should therefore be the one
// that also serves those who aren't signed in, and asks for a proof that isn't the
// password, such as a link sent by e-mail; it isn't exempt.
func WithPasswordPath(path string) Option {
	return func(c *config) { c.password = path; c.given("WithPasswordPath", path != "", "no path") }
}

// WithHelpURL names where users find help who can't go on by themselves, because they have
// neither the phone nor a recovery code, say. The gate's pages lead there: to a page of
// the application by its path, which is then exempt for GET, or elsewhere by an https or
// mailto URL.
func WithHelpURL(url string) Option {
	return func(c *config) { c.help = url; c.given("WithHelpURL", url != "", "no URL") }
}

func (c *config) checkHelp() (f faults) {
	if c.help != "" {
		f.option("WithHelpURL", checkHelpURL(c.help, c.base))
	}
	return f
}

func checkHelpURL(help, base string) error {
	if strings.HasPrefix(help, "/") {
		if err := checkPath(help); err != nil || !isBelow(help, base) {
			return err
		}
		return fmt.Errorf("%q is among the gate's own pages below %q", help, base)
	}
	u, err := url.Parse(help)
	if err != nil {
		return fmt.Errorf("%q is no URL", help)
	}
	switch {
	case u.Scheme == "https" && u.Hostname() != "" && u.User == nil:
		return nil
	case u.Scheme == "mailto":
		if _, err := mail.ParseAddress(u.Opaque); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no path, such as /help, and no https or mailto URL", help)
}
