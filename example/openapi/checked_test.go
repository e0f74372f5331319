package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
)

// A checker holds what passes against the document, and notes what it has seen.
type checker struct {
	doc *openapi3.T

	mu   sync.Mutex
	seen map[string]bool // answers in JSON, such as "GET /challenge 200", and problems
}

// around is a handler whose answers are checked.
func (c *checker) around(t *testing.T, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		copied := r.Clone(context.Background())
		copied.Body = io.NopCloser(bytes.NewReader(body))
		kept := &keeper{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(kept, r)
		c.check(t, copied, kept)
	})
}

// A keeper keeps what is written.
type keeper struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *keeper) WriteHeader(status int) {
	k.status = status
	k.ResponseWriter.WriteHeader(status)
}

func (k *keeper) Write(b []byte) (int, error) {
	k.body.Write(b)
	return k.ResponseWriter.Write(b)
}

func (k *keeper) Unwrap() http.ResponseWriter { return k.ResponseWriter }

func (c *checker) check(t *testing.T, r *http.Request, a *keeper) {
	mediaType, _, _ := mime.ParseMediaType(a.Header().Get("Content-Type"))
	path, own := strings.CutPrefix(r.URL.Path, "/2fa")
	template := templateOf(path)
	name := r.Method + " " + template
	var item *openapi3.PathItem
	var op *openapi3.Operation
	if own {
		if item = c.doc.Paths.Value(template); item != nil {
			op = item.GetOperation(r.Method)
		}
	}
	if mediaType == "application/problem+json" {
		c.checkProblem(t, name, op, a)
	}
	if op == nil {
		if own && a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, want 404 or 405 of what the document doesn't have", name, a.status)
		}
		return
	}
	response := op.Responses.Status(a.status)
	if response == nil {
		t.Errorf("%s: the document doesn't have %d", name, a.status)
		return
	}
	if mediaType != "" && r.Method != http.MethodHead && response.Value.Content.Get(mediaType) == nil {
		t.Errorf("%s: the document doesn't have %s for %d", name, mediaType, a.status)
	}
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: map[string]string{"secret": "x", "name": "x"}, QueryParams: r.URL.Query(),
		Route:   &routers.Route{Spec: c.doc, Path: template, PathItem: item, Method: r.Method, Operation: op},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if a.status < 300 && r.Header.Get("Content-Type") != "" {
		expect.NoError(t, openapi3filter.ValidateRequest(context.Background(), in), "%s: a request that was taken", name)
	}
	switch mediaType {
	case "application/json", "application/problem+json":
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: a.Header(), Options: in.Options}
		out.SetBodyBytes(a.body.Bytes())
		expect.NoError(t, openapi3filter.ValidateResponse(context.Background(), out), "%s: %d %s", name, a.status, a.body.Bytes())
		c.note(name + " " + strconv.Itoa(a.status))
	case "text/event-stream":
		c.checkEvents(t, a.body.String())
		c.note(name + " 200")
	}
}

// checkProblem wants the problem to be one that the operation lists, or of that status.
func (c *checker) checkProblem(t *testing.T, name string, op *openapi3.Operation, a *keeper) {
	var problem struct{ Type string }
	if err := json.Unmarshal(a.body.Bytes(), &problem); err != nil {
		t.Errorf("%s: %s: %v", name, a.body.Bytes(), err)
		return
	}
	p := expect.Try(eagate.ParseProblem(problem.Type)).OrFail(t, name)
	if op != nil && !slices.Contains(problemsOf(op), string(p)) {
		t.Errorf("%s: the document doesn't list %s", name, p)
	}
	c.validate(t, "Problem", a.body.Bytes())
	c.note(string(p))
}

// checkEvents wants each event to be how a challenge stands.
func (c *checker) checkEvents(t *testing.T, stream string) {
	events := 0
	for line := range strings.Lines(stream) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			events++
			c.validate(t, "Challenge", []byte(data))
		}
	}
	expect.Differ(t, events, 0, "no event in %q", stream)
}

func (c *checker) validate(t *testing.T, schema string, body []byte) {
	var value any
	err := json.Unmarshal(body, &value)
	if err == nil {
		err = c.doc.Components.Schemas[schema].Value.VisitJSON(value, openapi3.EnableJSONSchema2020())
	}
	expect.NoError(t, err, "%s %s", schema, body)
}

func (c *checker) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[what] = true
}

// templateOf returns the path in the document that a path is of.
func templateOf(path string) string {
	for _, folder := range []string{"/callback/", "/assets/"} {
		if rest, ok := strings.CutPrefix(path, folder); ok && rest != "" && !strings.Contains(rest, "/") {
			return folder + map[string]string{"/callback/": "{secret}", "/assets/": "{name}"}[folder]
		}
	}
	if path == "" {
		return "/"
	}
	return path
}
