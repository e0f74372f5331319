package middleware

import (
	"log"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
)

// redacted stands where a secret was.
const redacted = "REDACTED"

// callbackRest is what follows "callback" in a path, escaped or not: the secret, wherever
// the gate's pages are.
var callbackRest = regexp.MustCompile(`(?i)((?:/|%2f)callback(?:/|%2f)+)[^/].*`)

// RedactURL returns a URL as it may stand in an access log: without the secret in the
// callback's path, the values of session_token, code and state in its query, and a user.
// What follows "callback/" in any path is left out, so that it needn't know where the
// gate's pages are.
//
//	slog.Info("request", "method", r.Method, "url", middleware.RedactURL(r.URL))
//
// The service's callback and its page's way back have these secrets in their addresses,
// and a callback that can be read in a log can be forged. [LogFormatter] is for chi's
// logger.
func RedactURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	return redact(u).String()
}

// redact is RedactURL, still as a URL.
func redact(u *url.URL) *url.URL {
	clean := *u
	clean.User = nil
	if path := u.EscapedPath(); callbackRest.MatchString(path) {
		clean.RawPath = callbackRest.ReplaceAllString(path, "${1}"+redacted)
		clean.Path, _ = url.PathUnescape(clean.RawPath) // what an EscapedPath was cut from
	}
	clean.RawQuery = redactQuery(u.RawQuery)
	return &clean
}

// parameter is one of a query.
var parameter = regexp.MustCompile(`[^&;]+`)

// redactQuery leaves everything as it is but the values that may be secret. A parameter
// whose name can't be read may be one of them.
func redactQuery(query string) string {
	return parameter.ReplaceAllStringFunc(query, func(part string) string {
		name, value, _ := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		switch strings.ToLower(plain) {
		case "session_token", "code", "state":
		default:
			if err == nil {
				return part
			}
		}
		if value == "" {
			return part
		}
		return name + "=" + redacted
	})
}

// LogFormatter returns a formatter for chi's request logger that hands the requests on to
// another one with URLs as [RedactURL] gives them, also in RequestURI and Referer. Without
// another, chi's own writes to the standard logger.
//
//	r.Use(chimiddleware.RequestLogger(middleware.LogFormatter(nil)))
//
// chi's Logger itself writes addresses as they come.
func LogFormatter(next chimiddleware.LogFormatter) chimiddleware.LogFormatter {
	if next == nil {
		next = &chimiddleware.DefaultLogFormatter{Logger: log.Default(), NoColor: true}
	}
	return logFormatter{next}
}

type logFormatter struct{ next chimiddleware.LogFormatter }

// NewLogEntry implements chi's LogFormatter.
func (f logFormatter) NewLogEntry(r *http.Request) chimiddleware.LogEntry {
	clean := *r
	if r.URL != nil {
		clean.URL = redact(r.URL)
	}
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		clean.RequestURI = RedactURL(u)
	} else if r.RequestURI != "" {
		clean.RequestURI = redacted
	}
	if referer := r.Referer(); referer != "" {
		clean.Header = r.Header.Clone()
		clean.Header.Del("Referer")
		if u, err := url.Parse(referer); err == nil {
			clean.Header.Set("Referer", RedactURL(u))
		}
	}
	return f.next.NewLogEntry(&clean)
}
