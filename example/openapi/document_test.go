// Package openapi_test holds docs/openapi.yaml against the gate: the names in it against
// the constants in Go, and what it says of answers against those of an application.
package openapi_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc := expect.Try(openapi3.NewLoader().LoadFromFile("../../docs/openapi.yaml")).OrFail(t)
	return doc
}

// operations returns the operations by method and path, such as "GET /challenge".
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	list := make(map[string]*openapi3.Operation)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			list[method+" "+path] = op
		}
	}
	return list
}

// problemsOf returns the problems that an operation lists.
func problemsOf(op *openapi3.Operation) (list []string) {
	values, _ := op.Extensions["x-eagate-problems"].([]any)
	for _, p := range values {
		list = append(list, fmt.Sprint(p))
	}
	return list
}

// The document is valid, its examples are, and everything in it is described.
func TestDocument(t *testing.T) {
	t.Parallel()
	doc := load(t)
	expect.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation()))
	ids := make(map[string]string)
	for name, op := range operations(doc) {
		if op.OperationID == "" || op.Summary == "" || op.Description == "" || len(op.Tags) != 1 || doc.Tags.Get(op.Tags[0]) == nil {
			t.Errorf("%s: want an operationId, a summary, a description and one of the tags", name)
		}
		expect.Equal(t, ids[op.OperationID], "", "the same operationId as %s", name)
		ids[op.OperationID] = name
		if op.RequestBody != nil && op.RequestBody.Value.Description == "" {
			t.Errorf("%s: the body isn't described", name)
		}
		for status, res := range op.Responses.Map() {
			if res.Value.Description == nil || *res.Value.Description == "" {
				t.Errorf("%s: %s isn't described", name, status)
			}
			if media := res.Value.Content["application/json"]; media != nil && len(media.Examples) == 0 {
				t.Errorf("%s: %s has no example", name, status)
			}
		}
	}
	for name, schema := range doc.Components.Schemas {
		expect.Differ(t, schema.Value.Description, "", "schema %s isn't described", name)
		for field, s := range schema.Value.Properties {
			expect.Differ(t, s.Value.Description, "", "%s.%s isn't described", name, field)
		}
	}
}

// The document has the names that Go has.
func TestNames(t *testing.T) {
	t.Parallel()
	doc := load(t)
	var problems []any
	for p := range eagate.Problems() {
		problems = append(problems, p.URI())
	}
	for _, test := range []struct {
		schema, field string
		want          []any
	}{
		{"Problem", "type", problems},
		{"Method", "", []any{eagate.TOTP.String(), eagate.Push.String(), eagate.Recovery.String()}},
		{"Challenge", "state", []any{
			templates.ChallengeNone.String(), templates.ChallengePending.String(), templates.ChallengeApproved.String(),
			templates.ChallengeNotApproved.String(), templates.ChallengeRejected.String(), templates.ChallengeExpired.String(),
		}},
		{"Account", "state", []any{templates.FactorOff.String(), templates.FactorPending.String(), templates.FactorOn.String()}},
	} {
		s := doc.Components.Schemas[test.schema].Value
		if test.field != "" {
			s = s.Properties[test.field].Value
		}
		expect.Slice(t, s.Enum, test.want, "%s.%s", test.schema, test.field)
	}
	for name, s := range doc.Components.Schemas {
		if s.Value.AdditionalProperties.Has == nil && s.Value.Type.Is("object") && isAnswer(doc, name) {
			t.Errorf("%s: a field that it doesn't have isn't refused", name)
		}
	}
}

// isAnswer reports whether a schema is of no request.
func isAnswer(doc *openapi3.T, name string) bool {
	for _, op := range operations(doc) {
		if op.RequestBody == nil {
			continue
		}
		for _, media := range op.RequestBody.Value.Content {
			if strings.HasSuffix(media.Schema.Ref, "/"+name) {
				return false
			}
		}
	}
	return true
}

// Each problem is in the document with its status; and an operation has the statuses of
// the problems that it lists.
func TestProblems(t *testing.T) {
	t.Parallel()
	doc := load(t)
	byStatus := make(map[int][]any)
	for name, res := range doc.Components.Responses {
		media := res.Value.Content["application/problem+json"]
		if media == nil {
			continue
		}
		own := media.Schema.Value.AllOf[1].Value.Properties
		status := int(own["status"].Value.Const.(float64))
		byStatus[status] = own["type"].Value.Enum
		expect.Equal(t, len(media.Examples), len(byStatus[status]), "%s: examples", name)
	}
	for p := range eagate.Problems() {
		if !slices.Contains(byStatus[p.Status()], any(p.URI())) {
			t.Errorf("%s isn't in the response of %d", p, p.Status())
		}
		for status, types := range byStatus {
			if slices.Contains(types, any(p.URI())) && status != p.Status() && p != eagate.ProblemBadRequest {
				t.Errorf("%s is in the response of %d, too", p, status)
			}
		}
	}
	listed := map[string]bool{ // of the application's routes, or of what isn't a route
		string(eagate.ProblemStepUpRequired): true, string(eagate.ProblemEnrolmentRequired): true, string(eagate.ProblemMethodNotAllowed): true,
	}
	for name, op := range operations(doc) {
		want := make(map[string]bool)
		for _, p := range problemsOf(op) {
			status := eagate.Problem(p).Status()
			expect.Differ(t, status, 0, "%s: there is no problem %s", name, p)
			want[strconv.Itoa(status)], listed[p] = true, true
			if p == string(eagate.ProblemBadRequest) {
				want["413"], want["415"] = true, true
			}
		}
		got := make(map[string]bool)
		for status, res := range op.Responses.Map() {
			if res.Value.Content["application/problem+json"] != nil {
				got[status] = true
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got responses %v, want those of its problems, %v", name, got, want)
		}
	}
	for p := range eagate.Problems() {
		if !listed[string(p)] {
			t.Errorf("no operation has %s", p)
		}
	}
}
