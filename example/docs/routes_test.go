package docs_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/eagate/eagate/internal/expect"
)

func routes(t *testing.T, page *strings.Builder) {
	api := expect.Try(openapi3.NewLoader().LoadFromFile("../../docs/openapi.yaml")).OrFail(t)
	page.WriteString("\n" + strings.ReplaceAll(api.Info.Description, "](reference/", "](") + "\n| route | what it does |\n|---|---|\n")
	var details strings.Builder
	for _, tag := range api.Tags {
		title, more, _ := strings.Cut(strings.TrimSuffix(tag.Description, "."), ". ")
		fmt.Fprintf(&details, "\n## %s\n", title)
		if more != "" {
			fmt.Fprintf(&details, "\n%s.\n", more)
		}
		for _, route := range slices.Sorted(maps.Keys(api.Paths.Map())) {
			operations := api.Paths.Value(route).Operations()
			for _, method := range slices.Sorted(maps.Keys(operations)) {
				op := operations[method]
				if op.Tags[0] != tag.Name {
					continue
				}
				describe(&details, method+" /2fa"+route, op)
				fmt.Fprintf(page, "| [`%s /2fa%s`](#%s) | %s |\n", method, route, slug(method+" /2fa"+route), op.Summary)
			}
		}
	}
	page.WriteString(details.String() + "\n## What is sent and answered\n")
	for _, name := range slices.Sorted(maps.Keys(api.Components.Schemas)) {
		schema := api.Components.Schemas[name].Value
		if len(schema.Properties) == 0 {
			continue
		}
		fmt.Fprintf(page, "\n### %s\n\n%s\n\n", name, oneLine(schema.Description))
		fields(page, schema)
	}
}

// describe writes what an operation takes and answers.
func describe(page *strings.Builder, route string, op *openapi3.Operation) {
	fmt.Fprintf(page, "\n### %s\n\n%s. %s\n\n", route, op.Summary, oneLine(op.Description))
	if op.RequestBody != nil {
		for _, media := range op.RequestBody.Value.Content {
			fields(page, media.Schema.Value)
			page.WriteString("\n")
			break
		}
	}
	page.WriteString("| answer | what it means |\n|---|---|\n")
	for _, status := range slices.Sorted(maps.Keys(op.Responses.Map())) {
		answer := op.Responses.Value(status).Value
		if answer.Content["application/problem+json"] != nil {
			continue
		}
		text := oneLine(*answer.Description)
		if media := answer.Content["application/json"]; media != nil {
			name := path.Base(media.Schema.Ref)
			text += fmt.Sprintf(" JSON: [%s](#%s)", name, slug(name))
		}
		fmt.Fprintf(page, "| %s | %s |\n", status, text)
	}
	if list, _ := op.Extensions["x-eagate-problems"].([]any); list != nil {
		fmt.Fprintf(page, "\nProblems: `%s`.\n", strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), " ", "`, `"))
	}
}

// fields writes a table of the fields of an object.
func fields(page *strings.Builder, schema *openapi3.Schema) {
	page.WriteString("| field | type | what it is |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		field := schema.Properties[name].Value
		kind := strings.Join(field.Type.Slice(), ", ")
		if slices.Contains(schema.Required, name) {
			kind += ", always"
		}
		text := oneLine(field.Description)
		if field.Enum != nil && len(field.Enum) < 10 {
			text += fmt.Sprintf(" One of `%s`.", strings.ReplaceAll(strings.Trim(fmt.Sprint(field.Enum), "[]"), " ", "`, `"))
		}
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", name, kind, text)
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
