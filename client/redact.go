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
	maxText  = 200 // characters of a foreign text that are kept
)

// A redactor cleans foreign texts: what the service says, and what the
// transport says about it. A service may well echo what it was sent.
type redactor struct {
	known func() *regexp.Regexp // made when it is needed: most calls succeed
}

// redactor returns one that knows the API key and the secrets, however they
// are escaped, in any letter case.
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

// What looks like a token or an address is taken out even if it is unknown:
// no ordinary word is that long.
var suspicious = regexp.MustCompile(`[A-Za-z0-9+/=_.~%-]{41,}|\S+@\S+`)

func (r redactor) text(s string) string {
	s = strings.Map(printable, s)
	s = r.known().ReplaceAllString(s, redacted)
	s = suspicious.ReplaceAllString(s, redacted)
	return shorten(s)
}

// err returns the error itself if it is clean, or else its cleaned text. The
// URL that net/http puts around an error is left out.
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

// plain makes a foreign text fit for a line of a log.
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

// printable drops what can end a line, steer a terminal, or turn the direction
// of writing.
func printable(r rune) rune {
	if r != ' ' && !unicode.IsPrint(r) {
		return -1
	}
	return r
}
