// Package sitepath checks the paths and URLs that an application configures.
package sitepath

import (
	"fmt"
	"net/mail"
	"net/url"
	"path"
	"strings"
)

// Check returns an error unless p is a path of the site in its plain form, such as /account.
func Check(p string) error {
	if !strings.HasPrefix(p, "/") || !IsPlain(p) || strings.ContainsAny(p, "?#%\\ \t\r\n{}") {
		return fmt.Errorf("%q isn't a plain path such as /account", p)
	}
	return nil
}

// CheckLink returns an error unless link is a path that passes [Check], or an https or
// mailto URL.
func CheckLink(link string) error {
	if strings.HasPrefix(link, "/") {
		return Check(link)
	}
	u, err := url.Parse(link)
	if err != nil {
		return fmt.Errorf("%q is no URL", link)
	}
	switch {
	case u.Scheme == "https" && u.Hostname() != "" && u.User == nil:
		return nil
	case u.Scheme == "mailto":
		if _, err := mail.ParseAddress(u.Opaque); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%q is no path, such as /help, and no https or mailto URL", link)
}

// IsPlain reports whether a path has no dots or double slashes to resolve, so that everything
// on the way reads it alike.
func IsPlain(p string) bool {
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}

// IsBelow reports whether a path is the base path, or below it.
func IsBelow(p, base string) bool {
	rest, ok := strings.CutPrefix(p, base)
	return ok && (rest == "" || rest[0] == '/')
}
