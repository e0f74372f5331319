package emulator

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"unicode"
)

// Reason returns, in one line, why the application refused the report and what to do, or
// "" if it accepted it: the status and title of its response, or the error of the
// connection. It contains neither the session token nor the end of the callback's path.
func (c Callback) Reason() string {
	var text string
	switch {
	case c.Err != nil:
		text = c.Err.Error() + remedy(c.Err)
	case c.Reply.Status/100 == 2:
		return ""
	default:
		text = "HTTP " + strconv.Itoa(c.Reply.Status) + " " + http.StatusText(c.Reply.Status)
		if said := title(c.withoutSecrets(c.Reply.Body)); said != "" {
			text += ": " + said
		}
		switch {
		case c.Reply.Status/100 == 3:
			text += " (the callback is redirected: is it guarded by a login, or is the scheme wrong?)"
		case c.Reply.Status == http.StatusNotFound:
			text += " (is the callback URL the one that gate.CallbackURL returns now?)"
		}
	}
	return c.withoutSecrets(text)
}

// withoutSecrets removes the token and the end of the callback's path from a text.
func (c Callback) withoutSecrets(text string) string {
	hidden := []string{c.Token, url.QueryEscape(c.Token)}
	if u, err := url.Parse(c.URL); err == nil {
		if last := u.Path[strings.LastIndexByte(u.Path, '/')+1:]; len(last) >= 16 {
			hidden = append(hidden, last)
		}
	}
	for _, secret := range hidden {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

// remedy returns what to do about an error of the connection.
func remedy(err error) string {
	var (
		cert   *tls.CertificateVerificationError
		header tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &cert):
		return " (trust its authority by -ca, or any certificate by -insecure; in Go, by RootCAs and Insecure of the Config)"
	case errors.As(err, &header), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return " (the application uses http there: is the callback URL's scheme right?)"
	case errors.Is(err, syscall.ECONNREFUSED):
		return " (is the application running, and listening there?)"
	case errors.Is(err, context.DeadlineExceeded):
		return " (no answer within " + callbackTimeout.String() + ")"
	}
	return ""
}

var titleElement = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// title returns the title of a response: of a problem, of a page, or the first line of a
// text.
func title(body string) string {
	var problem struct{ Title, Message string }
	text, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	if err := json.Unmarshal([]byte(body), &problem); err == nil && problem.Title+problem.Message != "" {
		text = strings.TrimSpace(problem.Title + " " + problem.Message)
	} else if found := titleElement.FindStringSubmatch(body); found != nil {
		text = html.UnescapeString(strings.Join(strings.Fields(found[1]), " "))
	} else if strings.HasPrefix(text, "<") {
		return ""
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > 120 {
		text = string(runes[:120]) + "…"
	}
	return text
}
