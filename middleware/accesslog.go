package middleware

import (
	"log"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
)

// redacted replaces a secret.
const redacted = "REDACTED"

// callbackRest matches what follows "callback" in a path, escaped or not: the secret,
// whatever the base path is.
var callbackRest = regexp.MustCompile(`(?i)((?:/|%2f)callback(?:/|%2f)+)[^/].*`)

// RedactURL returns a URL for an access log, with the secrets in the gate's addresses
// replaced by "REDACTED": what follows "callback/" in the path, for any base path, and
// the values of session_token, code and state in the query. It also removes user
// information. It returns "" for nil, and doesn't change u.
//
//	slog.Info("request", "method", r.Method, "url", middleware.RedactURL(r.URL))
//
// The service calls an address that contains the callback's secret, and its page sends
// users back to one with a session token; with both, a callback can be forged. For chi's
// logger, use [LogFormatter].
func RedactURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	return redact(u).String()
}

// redact returns a copy of the URL without secrets.
func redact(u *url.URL) *url.URL {
	clean := *u
	clean.User = nil
	if path := u.EscapedPath(); callbackRest.MatchString(path) {
		clean.RawPath = callbackRest.ReplaceAllString(path, "${1}"+redacted)
		clean.Path, _ = url.PathUnescape(clean.RawPath) // no error: no escape was cut
	}
	clean.RawQuery = redactQuery(u.RawQuery)
	return &clean
}

// parameter matches one parameter of a query.
var parameter = regexp.MustCompile(`[^&;]+`)

// redactQuery replaces the values that may be secret, including that of a parameter whose
// name can't be unescaped, and leaves everything else as it is.
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

// LogFormatter returns a formatter for chi's request logger that passes requests on to
// next with [RedactURL] applied to their URL, RequestURI and Referer. If next is nil,
// chi's default formatter writes to the standard logger.
//
//	r.Use(chimiddleware.RequestLogger(middleware.LogFormatter(nil)))
//
// Use it in place of chi's Logger, which writes addresses unchanged.
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
