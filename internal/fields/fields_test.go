package fields_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/fields"
)

func TestMediaType(t *testing.T) {
	for _, test := range []struct {
		header []string
		want   string // or an error
	}{
		{[]string{"application/json"}, fields.TypeJSON},
		{[]string{"Application/JSON; charset=UTF-8"}, fields.TypeJSON},
		{[]string{`application/json; charset="utf-8"; version=1`}, fields.TypeJSON},
		{[]string{"application/x-www-form-urlencoded;charset=utf-8"}, fields.TypeForm},
		{[]string{"text/plain"}, "text/plain"},
		{[]string{"application/json; charset=utf-16"}, ""},
		{[]string{"application/json; charset=utf-7"}, ""},
		{[]string{"application/json; charset=iso-8859-1"}, ""},
		{[]string{"application/json; charset="}, ""},
		{[]string{`application/json; charset="utf-8, utf-16"`}, ""},
		{[]string{"application/json; charset=utf-8; charset=utf-16"}, ""},
		{[]string{"application/json; CHARSET=utf-16"}, ""},
		{[]string{"application/x-www-form-urlencoded; charset=iso-8859-1"}, ""},
		{[]string{"application/json", "application/json"}, ""},
		{[]string{"application/json, text/plain"}, ""},
		{[]string{""}, ""},
		{nil, ""},
	} {
		got, err := fields.MediaType(http.Header{"Content-Type": test.header})
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q: got %q, %v, want %q", test.header, got, err, test.want)
		}
	}
}

func TestObject(t *testing.T) {
	for raw, want := range map[string]map[string]string{
		`{}`:                              {},
		" \t\r\n{ \"a\" : \"b\" } \n":     {"a": `"b"`},
		`{"a":true,"b":null,"c":-1.5e3}`:  {"a": "true", "b": "null", "c": "-1.5e3"},
		`{"\u0061":"b","A":{"x":[1,{}]}}`: {"a": `"b"`, "A": `{"x":[1,{}]}`},
	} {
		got, err := fields.Object([]byte(raw))
		if err != nil || len(got) != len(want) {
			t.Errorf("%s: got %q, %v, want %q", raw, got, err, want)
		}
		for name, value := range want {
			expect.Equal(t, string(got[name]), value, "%s, %q", raw, got)
		}
	}
	for name, raw := range map[string]string{
		"nothing":                    "",
		"blanks":                     " \n",
		"null":                       "null",
		"a list":                     `[{"a":1}]`,
		"a list like an object":      `["a",1]`,
		"a string":                   `"{}"`,
		"cut off":                    `{"a":"b"`,
		"cut off in a name":          `{"a`,
		"cut off behind a name":      `{"a"`,
		"cut off behind a colon":     `{"a":`,
		"a comma behind":             `{"a":"b",}`,
		"a comma in front":           `{,"a":"b"}`,
		"no comma":                   `{"a":"b" "c":"d"}`,
		"no quotes":                  `{a:"b"}`,
		"a number as a name":         `{1:"b"}`,
		"single quotes":              `{'a':'b'}`,
		"a comment":                  `{"a":"b"/*,"c":"d"*/}`,
		"NaN":                        `{"a":NaN}`,
		"True":                       `{"a":True}`,
		"a leading zero":             `{"a":01}`,
		"a control character":        "{\"a\":\"b\x01\"}",
		"a name twice":               `{"a":"b","a":"c"}`,
		"twice alike":                `{"a":"b","a":"b"}`,
		"twice, one escaped":         `{"a":"b","\u0061":"c"}`,
		"twice, both escaped":        `{"\u00E9":"b","\u00e9":"c"}`,
		"twice, one in UTF-8":        `{"é":"b","\u00e9":"c"}`,
		"a slash escaped":            `{"a/b":"b","a\/b":"c"}`,
		"twice below":                `{"a":{"b":1,"b":2}}`,
		"two objects":                `{"a":"b"}{"a":"c"}`,
		"text behind":                `{"a":"b"} x`,
		"NUL behind":                 "{\"a\":\"b\"}\x00",
		"a byte order mark":          "\uFEFF{\"a\":\"b\"}",
		"Latin-1":                    "{\"a\":\"\xe9\"}",
		"Latin-1 in a name":          "{\"\xe9\":\"a\"}",
		"overlong":                   "{\"a\":\"\xc0\xaf\"}",
		"a surrogate in UTF-8":       "{\"a\":\"\xed\xa0\x80\"}",
		"a lone surrogate, escaped":  `{"a":"\ud800"}`,
		"a lone surrogate as a name": `{"\udc00":"a"}`,
		"UTF-16":                     "{\x00}\x00",
		"UTF-16, big-endian":         "\x00{\x00}",
	} {
		if got, err := fields.Object([]byte(raw)); err == nil {
			t.Errorf("%s: got %q, want an error", name, got)
		}
	}
}

func TestForm(t *testing.T) {
	got, err := fields.Form("a=b%20c&d=%C3%A9&a=e")
	if want := (url.Values{"a": {"b c", "e"}, "d": {"é"}}); err != nil || got.Encode() != want.Encode() {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for _, s := range []string{"a=%zz", "a=b;c=d", "a=%E9", "%E9=a", "a=\xe9"} {
		if got, err := fields.Form(s); err == nil {
			t.Errorf("%q: got %v, want an error", s, got)
		}
	}
}

func TestDistinct(t *testing.T) {
	for field, want := range map[string]bool{
		"result": true, "other": true, "results": true, "": true, "resu1t": true,
		"Result": false, "RESULT": false, "ſession_token": false, "session_toKen": false,
	} {
		err := fields.Distinct(map[string]int{field: 1}, "result", "session_token")
		if (err == nil) != want {
			t.Errorf("%q: got %v, it taken %v", field, err, want)
		}
	}
}

// What is taken means the same to encoding/json, which prefers the last of two names
// and doesn't mind their letter case.
func FuzzObject(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"result":true,"session_token":"T"}`, `{"Result":true,"result":false}`, `{"result":1,"resul\u0074":2}`,
		`{"result":{"result":[]}}`, "\uFEFF{}", `{"ſession_token":"x"}`, `{"a":"\ud83d\ude00"}`, `{} {}`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		object, err := fields.Object(raw)
		if err != nil || fields.Distinct(object, "result", "session_token") != nil {
			return
		}
		if !utf8.Valid(raw) {
			t.Errorf("took %q, which isn't UTF-8", raw)
		}
		var names map[string]json.RawMessage
		if err := json.Unmarshal(raw, &names); err != nil || len(names) != len(object) {
			t.Fatalf("took %q as %q, which encoding/json reads as %q, %v", raw, object, names, err)
		}
		var known struct {
			Result json.RawMessage `json:"result"`
			Token  json.RawMessage `json:"session_token"`
		}
		expect.NoError(t, json.Unmarshal(raw, &known))
		for name, value := range map[string]json.RawMessage{"result": known.Result, "session_token": known.Token} {
			expect.Equal(t, string(object[name]), string(value), "took %q of %q as, which encoding/json reads as %q", name, raw, value)
			var want any
			got, ok := fields.Text(object[name])
			if value != nil && json.Unmarshal(value, &want) != nil {
				t.Errorf("took %q, which encoding/json can't read", value)
			}
			if s, isText := want.(string); ok != isText || got != s {
				t.Errorf("took %q as %q, %v, which encoding/json reads as %q", value, got, ok, want)
			}
		}
		if !strings.HasPrefix(strings.TrimLeft(string(raw), " \t\r\n"), "{") {
			t.Errorf("took %q, which is no object", raw)
		}
	})
}
