package handlers

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/eagate/eagate/templates"
)

// maxBody is the most that a request's body may hold.
const maxBody = 4 << 10

var (
	errTooLarge  = errors.New("handlers: body of more than 4 KiB")
	errMediaType = errors.New("handlers: body is neither a form nor JSON")
	errBody      = errors.New("handlers: body is malformed")
)

// readFields returns the fields of a form or of a JSON object, with all their
// values: net/http's own form parsing mixes in the query, and prefers the first
// of several.
func readFields(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, errTooLarge
		}
		return nil, errBody
	}
	if len(body) == 0 {
		return url.Values{}, nil
	}
	contentType := r.Header["Content-Type"]
	if len(contentType) != 1 {
		return nil, errMediaType
	}
	name, _, err := mime.ParseMediaType(contentType[0])
	if err != nil {
		return nil, errMediaType
	}
	switch name {
	case "application/x-www-form-urlencoded":
		fields, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, errBody
		}
		return fields, nil
	case typeJSON:
		return readObject(string(body))
	}
	return nil, errMediaType
}

// readObject reads a flat JSON object of strings and booleans. Unlike
// json.Unmarshal it keeps repeated names, and their letter case.
func readObject(body string) (url.Values, error) {
	fields := make(url.Values)
	if strings.TrimSpace(body) == "" {
		return fields, nil
	}
	d := json.NewDecoder(strings.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errBody
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errBody
		}
		value, err := d.Token()
		if err != nil {
			return nil, errBody
		}
		switch value := value.(type) {
		case string:
			fields.Add(name.(string), value)
		case bool:
			fields.Add(name.(string), map[bool]string{true: "true", false: "false"}[value])
		default:
			return nil, errBody
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, errBody
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errBody
	}
	return fields, nil
}

// isYes reports whether a field says yes: a box that was ticked, or JSON's true.
func isYes(value string) bool { return value == templates.Yes || value == "true" }

// badBody answers a request whose body can't be read.
func (h *Handlers) badBody(w http.ResponseWriter, r *http.Request, err error) {
	h.fail(w, r, failure{
		status: bodyStatus(err), kind: "bad-request", title: "The request makes no sense",
		page: templates.MessageBadRequest,
	})
}

// bodyStatus is the HTTP status that says why a body can't be read.
func bodyStatus(err error) int {
	switch {
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errMediaType):
		return http.StatusUnsupportedMediaType
	}
	return http.StatusBadRequest
}

// readCode returns the field "code", which may be missing but not repeated.
func (h *Handlers) readCode(v *visit) (code string, ok bool) {
	fields, ok := h.readOnce(v, "code")
	return fields.Get("code"), ok
}

// readOnce returns the fields of a request, of which those named may be missing
// but not repeated, or answers it.
func (h *Handlers) readOnce(v *visit, names ...string) (fields url.Values, ok bool) {
	fields, err := readFields(v.w, v.r)
	for _, name := range names {
		if err == nil && len(fields[name]) > 1 {
			err = errBody
		}
	}
	if err != nil {
		h.badBody(v.w, v.r, err)
		return nil, false
	}
	return fields, true
}
