package handlers

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/fields"
	"github.com/eagate/eagate/templates"
)

// maxBody is the most that a request's body may hold.
const maxBody = 4 << 10

var (
	errTooLarge  = errors.New("handlers: body of more than 4 KiB")
	errMediaType = errors.New("handlers: body is neither a form nor JSON")
	errBody      = errors.New("handlers: body is malformed")
)

// readBody returns the body of a request, which can't be read again.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, errTooLarge
		}
		return nil, errBody
	}
	if len(body) == 0 {
		// A CSRF check around the gate may have read the form, to find its token.
		if body = []byte(r.PostForm.Encode()); len(body) > maxBody {
			return nil, errTooLarge
		}
	}
	return body, nil
}

// readFields returns the fields of a form or of a flat JSON object, each of those
// named at most once. net/http's own form parsing mixes in the query, and prefers the
// first of several.
func readFields(w http.ResponseWriter, r *http.Request, names ...string) (url.Values, error) {
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return url.Values{}, nil
	}
	mediaType, err := fields.MediaType(r.Header)
	if err != nil {
		return nil, errMediaType
	}
	switch mediaType {
	case fields.TypeForm:
		return readForm(string(body), names)
	case fields.TypeJSON:
		return readObject(body, names)
	}
	return nil, errMediaType
}

// readForm reads a form or a query.
func readForm(s string, names []string) (url.Values, error) {
	values, err := fields.Form(s)
	if err != nil || fields.Distinct(values, names...) != nil {
		return nil, errBody
	}
	for _, name := range names {
		if len(values[name]) > 1 {
			return nil, errBody
		}
	}
	return values, nil
}

// readObject reads those of an object's fields that are named: strings and booleans.
// The others may be anything flat.
func readObject(body []byte, names []string) (url.Values, error) {
	object, err := fields.Object(body)
	if err != nil || fields.Distinct(object, names...) != nil {
		return nil, errBody
	}
	values := make(url.Values)
	for name, value := range object {
		switch kind := value.Kind(); {
		case kind == '{' || kind == '[':
			return nil, errBody
		case !slices.Contains(names, name):
		case kind == 't' || kind == 'f':
			values.Set(name, value.String())
		default:
			text, ok := fields.Text(value)
			if !ok {
				return nil, errBody
			}
			values.Set(name, text)
		}
	}
	return values, nil
}

// isYes reports whether a field says yes: a box that was ticked, or JSON's true.
func isYes(value string) bool { return value == templates.Yes || value == "true" }

// badBody answers a request whose body can't be read.
func badBody(err error) answer {
	return failure{problem: eagate.ProblemBadRequest, status: bodyStatus(err), page: templates.MessageBadRequest}
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
func (v *visit) readCode() (code string, err error) {
	fields, err := v.read("code")
	return fields.Get("code"), err
}

// read returns the fields of a request, of which those named may be missing but not
// repeated.
func (v *visit) read(names ...string) (url.Values, error) {
	values, err := readFields(v.w, v.r, names...)
	v.typed = values.Get("code")
	return values, err
}
