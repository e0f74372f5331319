package client_test

import (
	"net/http"
	"testing"

	"github.com/eagate/eagate/client"
	"github.com/eagate/eagate/internal/expect"
)

func TestSecretNumberRequest(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "GET" || r.URL.RequestURI() != "/secret-number" {
			t.Errorf("got %s %s, want GET /secret-number", r.Method, r.URL.RequestURI())
		}
		wantHeader(t, r, "X-API-Key", apiKey)
		wantHeader(t, r, "X-Session-Token", token)
		wantBody(t, r, "")
		says(200, "application/json", data(`{"secret_number":"70"}`))(w, r)
	})
	got, err := c.SecretNumber(t.Context(), token)
	if err != nil || got != "70" {
		t.Errorf("got %q, %v; want 70", got, err)
	}
}

func TestSecretNumberElsewhere(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.URL.Path != "/v2/number" {
			t.Errorf("got %s %s, want POST /v2/number", r.Method, r.URL.Path)
		}
		says(200, "application/json", data(`{"otp":7,"number":"no"}`))(w, r)
	}, client.WithPaths(client.Paths{SecretNumber: client.Endpoint{Method: "POST", Path: "/v2/number"}}), client.WithNumberFields("otp"))
	got, err := c.SecretNumber(t.Context(), token)
	if err != nil || got != "7" {
		t.Errorf("got %q, %v; want 7", got, err)
	}
}

func TestSecretNumber(t *testing.T) {
	tests := []struct {
		name string
		data string
		want string // or empty: an error
	}{
		{"string", `{"secret_number":"70"}`, "70"},
		{"number", `{"secret_number":70}`, "70"},
		{"other name", `{"number":"70"}`, "70"},
		{"other name, number", `{"number":70}`, "70"},
		{"bare string", `"70"`, "70"},
		{"bare number", `70`, "70"},
		{"bare number in space", ` 70 `, "70"},
		{"leading zero", `"07"`, "07"},
		{"zero", `0`, "0"},
		{"escaped", `"\u0037\u0030"`, "70"},
		{"six digits", `123456`, "123456"},
		{"seven digits", `1234567`, ""},
		{"seven digits in a string", `"1234567"`, ""},
		{"both names", `{"secret_number":70,"number":71}`, ""},
		{"a name twice", `{"number":70,"number":71}`, ""},
		{"exponent", `7e1`, ""},
		{"fraction", `70.0`, ""},
		{"negative", `-7`, ""},
		{"minus in a string", `"-7"`, ""},
		{"space in the string", `"70 "`, ""},
		{"no-break space", `"70\u00a0"`, ""},
		{"other digits", `"٧٠"`, ""},
		{"full-width digits", `"７０"`, ""},
		{"markup", `"<b>7"`, ""},
		{"empty string", `""`, ""},
		{"empty field", `{"secret_number":""}`, ""},
		{"null", `null`, ""},
		{"null field", `{"secret_number":null}`, ""},
		{"true", `true`, ""},
		{"array", `["70"]`, ""},
		{"nested", `{"secret_number":{"number":70}}`, ""},
		{"no field", `{}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, says(200, "application/json", data(tt.data)))
			got, err := c.SecretNumber(t.Context(), token)
			expect.Equal(t, got, tt.want)
			if tt.want == "" {
				wantKind(t, err, client.Protocol)
			} else if err != nil {
				t.Errorf("got error %v, want none", err)
			}
		})
	}
}

func TestSecretNumberToken(t *testing.T) {
	var calls counter
	c := serve(t, calls.counting(says(200, "application/json", data(`70`))))
	for _, bad := range []string{"", "a b", "a\r\nX-Evil: 1", "tökén"} {
		_, err := c.SecretNumber(t.Context(), bad)
		wantKind(t, err, client.Invalid)
	}
	calls.want(t, 0)
}
