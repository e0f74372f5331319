package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

const (
	redacted = "[redacted]"
	maxText  = 200 // characters kept of a text of the service
)

// A redactor removes secrets from texts of the service and of the transport. A service
// may echo what it received.
type redactor struct {
	known func() *regexp.Regexp // compiled on first use: most calls succeed
}

// redactor returns a redactor of the API key and the secrets, in every escaped form and
// in any letter case.
func (c *Client) redactor(secrets []string) redactor {
	return redactor{sync.OnceValue(func() *regexp.Regexp {
		return anyForm(append([]string{c.apiKey.reveal()}, secrets...))
	})}
}

func anyForm(secrets []string) *regexp.Regexp {
	var alternatives []string
	for _, s := range secrets {
		if s == "" {
			continue
		}
		quoted, _ := json.Marshal(s)
		for _, form := range []string{
			s, url.QueryEscape(s), url.PathEscape(s), html.EscapeString(s),
			strings.Trim(string(quoted), `"`), strings.Trim(fmt.Sprintf("%q", s), `"`),
		} {
			alternatives = append(alternatives, regexp.QuoteMeta(form))
		}
	}
	return regexp.MustCompile("(?i)" + strings.Join(alternatives, "|"))
}

// suspicious matches what looks like an unknown token or an address. No ordinary word is
// that long.
var suspicious = regexp.MustCompile(`[A-Za-z0-9+/=_.~%-]{41,}|\S+@\S+`)

func (r redactor) text(s string) string {
	s = strings.Map(printable, s)
	s = r.known().ReplaceAllString(s, redacted)
	s = suspicious.ReplaceAllString(s, redacted)
	return shorten(s)
}

// err returns the error if it has no secret, or else one with its redacted text. It drops
// the URL that net/http adds to errors.
func (r redactor) err(err error) error {
	for u := (*url.Error)(nil); errors.As(err, &u); {
		err = u.Err
	}
	clean := r.text(err.Error())
	if clean != err.Error() || r.known().MatchString(fmt.Sprintf("%+v %#v", err, err)) {
		return errors.New(clean)
	}
	return err
}

// plain makes a text fit for a line of a log.
func plain(s string) string { return shorten(strings.Map(printable, s)) }

func shorten(s string) string {
	n := 0
	for i := range s {
		if n++; n > maxText {
			return s[:i] + "…"
		}
	}
	return s
}

// printable drops characters that end a line, control a terminal, or change the direction
// of writing.
func printable(r rune) rune {
	if r != ' ' && !unicode.IsPrint(r) {
		return -1
	}
	return r
}
