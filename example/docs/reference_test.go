package docs_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/eagate/eagate"
	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/templates"
)

var update = flag.Bool("update", false, "write docs/reference")

// marker is the line of a page from which it is generated.
const marker = "<!-- What follows is generated: make reference -->\n"

// TestReferenceIsCurrent demands of each page of docs/reference that what follows its
// marker is what the code says.
func TestReferenceIsCurrent(t *testing.T) {
	for name, generate := range map[string]func(*testing.T, *strings.Builder){
		"options": options, "routes": routes, "problems": problems, "events": events, "texts": texts,
	} {
		t.Run(name, func(t *testing.T) {
			file := "../../docs/reference/" + name + ".md"
			b, err := os.ReadFile(file)
			expect.NoError(t, err)
			head, got, ok := strings.Cut(string(b), marker)
			var want strings.Builder
			generate(t, &want)
			switch {
			case !ok:
				t.Errorf("%s has no line %q", file, marker)
			case got != want.String() && *update:
				err = os.WriteFile(file, []byte(head+marker+want.String()), 0o600)
			case got != want.String():
				t.Errorf("%s isn't what the code says: make reference", file)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
}

const module = "github.com/eagate/eagate"

// documented parses the package in a directory of the repository.
func documented(t *testing.T, dir string) *doc.Package {
	t.Helper()
	files, fset := []*ast.File(nil), token.NewFileSet()
	walk(t, ".go", func(file string) {
		if path.Dir(file) != dir || strings.HasSuffix(file, "_test.go") {
			return
		}
		parsed := expect.Try(parser.ParseFile(fset, file, read(t, file), parser.ParseComments)).OrFail(t)
		files = append(files, parsed)
	})
	pkg := expect.Try(doc.NewFromFiles(fset, files, path.Join(module, dir))).OrFail(t)
	return pkg
}

// What an option's comment begins with, after its name, and where it has the default.
var (
	aSentence = regexp.MustCompile(`^(.+?)[.:](?:\s|$)`)
	aFault    = regexp.MustCompile(`f\.(?:add|check)\("(With\w+)"`)
	aDefault  = regexp.MustCompile(`(?:The default is|Without it,) (.+?)\.(?:\s|$)|It is (required)\.`)
)

func options(t *testing.T, page *strings.Builder) {
	faulty := make(map[string]bool) // the options of which middleware.New reports faults
	walk(t, ".go", func(file string) {
		if path.Dir(file) == "middleware" && !strings.HasSuffix(file, "_test.go") {
			for _, m := range aFault.FindAllStringSubmatch(string(read(t, file)), -1) {
				faulty["middleware."+m[1]] = true
			}
		}
	})
	var details strings.Builder
	dirs := []string{"middleware", "templates", "client"}
	for _, file := range expect.Try(fs.Glob(root, "store/*/go.mod")).OrFail(t) {
		dirs = append(dirs, path.Dir(file))
	}
	for _, dir := range dirs {
		pkg := documented(t, dir)
		fmt.Fprintf(page, "\n## Package %s\n\n| option | what it does | unless set |\n|---|---|---|\n", pkg.Name)
		i := slices.IndexFunc(pkg.Types, func(typ *doc.Type) bool { return typ.Name == "Option" })
		var optional string
		for _, f := range pkg.Types[i].Funcs {
			var names []string
			for _, param := range f.Decl.Type.Params.List {
				name := param.Names[0].Name
				if _, ok := param.Type.(*ast.Ellipsis); ok {
					name += "..."
				}
				names = append(names, name)
			}
			text := markdown(pkg, f.Doc)
			first := aSentence.FindStringSubmatch(strings.TrimPrefix(text, f.Name+" "))
			unless := aDefault.FindStringSubmatch(text)
			if first == nil || unless == nil {
				t.Errorf("%s.%s: want a comment that says what it is without it: %s", pkg.Name, f.Name, aDefault)
				continue
			}
			if faulty[pkg.Name+"."+f.Name] && unless[2] == "" && !strings.Contains(text, "report") {
				t.Errorf("%s.%s: want a comment that says which faults New reports", pkg.Name, f.Name)
			}
			row := fmt.Sprintf("| [`%s(%s)`](#%s) | %s | %s |\n", f.Name, strings.Join(names, ", "), slug(pkg.Name+"."+f.Name), first[1], unless[1]+unless[2])
			if unless[2] != "" {
				page.WriteString(row)
			} else {
				optional += row
			}
			fmt.Fprintf(&details, "\n### %s.%s\n\n%s", pkg.Name, f.Name, text)
		}
		page.WriteString(optional)
	}
	page.WriteString("\n## In full\n" + details.String())
}

// markdown returns a comment's text, with links to options on the page and to pkg.go.dev.
func markdown(pkg *doc.Package, text string) string {
	p := pkg.Printer()
	p.HeadingLevel = 4
	p.DocLinkURL = func(link *comment.DocLink) string {
		target := *link
		if target.ImportPath == "" {
			target.ImportPath = pkg.ImportPath
		}
		if strings.HasPrefix(target.Name, "With") {
			return "#" + slug(path.Base(target.ImportPath)+"."+target.Name)
		}
		return strings.Replace(target.DefaultURL("https://pkg.go.dev"), "/#", "#", 1)
	}
	return string(p.Markdown(pkg.Parser().Parse(text)))
}

func problems(t *testing.T, page *strings.Builder) {
	docs := constants(t, "Problem")
	page.WriteString("\n| status | problem | meaning |\n|---|---|---|\n")
	for p := range eagate.Problems() {
		fmt.Fprintf(page, "| %d | `%s` | %s |\n", p.Status(), string(p), docs[fmt.Sprintf("%q", string(p))])
	}
}

// constants returns the comments of a type's constants, by value where they have one.
func constants(t *testing.T, typ string) map[string]string {
	pkg, docs := documented(t, "."), make(map[string]string)
	i := slices.IndexFunc(pkg.Types, func(t *doc.Type) bool { return t.Name == typ })
	for _, spec := range pkg.Types[i].Consts[0].Decl.Specs {
		value := spec.(*ast.ValueSpec)
		key := value.Names[0].Name
		if len(value.Values) == 1 {
			if literal, ok := value.Values[0].(*ast.BasicLit); ok {
				key = literal.Value
			}
		}
		docs[key] = strings.TrimSpace(markdown(pkg, value.Doc.Text()+value.Comment.Text()))
	}
	return docs
}

// What the sources say of events: the names of fields in their comments, what package
// factor gives them, and which ones it limits.
var (
	aField  = regexp.MustCompile(`\b(?:Method|Reason|Left|Count|Device|Until|Holder|Err)\b`)
	anEvent = regexp.MustCompile(`eagate\.Event\{\s*Kind: eagate\.(Event\w+), ([^}]*)\}`)
	aLimit  = regexp.MustCompile(`emit(Frequent|Hourly)\(ctx, (?:eagate\.Event\{\s*Kind: )?eagate\.(Event\w+)`)
)

func events(t *testing.T, page *strings.Builder) {
	docs := constants(t, "EventKind")
	page.WriteString("\n| event | when | fields | level | logged | notice |\n|---|---|---|---|---|---|\n")
	limits := make(map[string]string)
	walk(t, ".go", func(file string) {
		if path.Dir(file) != "internal/factor" || strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, m := range anEvent.FindAllStringSubmatch(string(read(t, file)), -1) {
			for _, field := range aField.FindAllString(m[2], -1) {
				if !strings.Contains(docs[m[1]], field) && strings.Contains(m[2], field+": ") && !strings.Contains(m[2], field+": eagate.") {
					t.Errorf("the comment of %s doesn't name %s, which %s gives it", m[1], field, file)
				}
			}
		}
		for _, m := range aLimit.FindAllStringSubmatch(string(read(t, file)), -1) {
			limits[m[2]] = map[string]string{"Frequent": "once a minute", "Hourly": "once an hour"}[m[1]]
		}
	})
	pages := expect.Try(templates.New()).OrFail(t)
	for k := eagate.EventKind(1); int(k) <= len(docs); k++ {
		name := "Event"
		for word := range strings.SplitSeq(k.String(), "_") {
			name += strings.ToUpper(word[:1]) + word[1:]
		}
		fields := slices.Sorted(slices.Values(aField.FindAllString(docs[name], -1)))
		subject, _ := pages.Notice("", "", eagate.Event{Kind: k})
		fmt.Fprintf(page, "| `%s` | %s | %s | %s | %s | %s |\n", k, docs[name], strings.Join(slices.Compact(fields), ", "),
			strings.ToLower(k.Level().String()), limits[name], strings.TrimSuffix(subject, " – "))
	}
}

// sections are the texts by page, by the first part of their keys.
var sections = []struct{ title, keys string }{
	{"All pages", "page"},
	{"Dates and times", "time duration"},
	{"The challenge", "challenge trouble push ended hosted return"},
	{"Step-up", "stepup"},
	{"Codes", "code blocked"},
	{"The second factor, on or off", "security enabled disabled kept"},
	{"Setting up a phone", "required enable enrolment enrolfirst address"},
	{"Recovery codes", "recovery madeoften"},
	{"Trusted devices", "devices"},
	{"Messages", "message form unavailable signin crosssite notfound method badrequest rejected over held goon overtaken"},
	{"Notices by e-mail", "notice"},
}

// placeholders are what the words in braces stand for.
var placeholders = map[string]string{
	"cookie": "the name of the gate's cookie", "days": "for how many days a browser is trusted",
	"day": "the day of the month", "month": "the month's name, `time.month.…`", "year": "the year", "hour": "the hour, two digits", "minute": "the minute, two digits",
	"device": "the name of a trusted device", "digits": "how many digits a code has: see `WithTOTP`",
	"duration": "a time span in words, `duration.…`", "email": "the user's address", "issuer": "the application's name: see `WithIssuer`",
	"n": "a number", "time": "a date and time, as `time.pattern` has it", "title": "the page's title",
}

func texts(t *testing.T, page *strings.Builder) {
	used := make(map[string]bool)
	english := templates.Texts(templates.English)
	rest := len(english)
	for _, section := range sections {
		fmt.Fprintf(page, "\n## %s\n\n| key | English |\n|---|---|\n", section.title)
		for _, key := range slices.Sorted(maps.Keys(english)) {
			first, _, _ := strings.Cut(string(key), ".")
			if !slices.Contains(strings.Fields(section.keys), first) {
				continue
			}
			rest--
			fmt.Fprintf(page, "| `%s` | %s |\n", key, english[key])
			for _, m := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(english[key], -1) {
				used[m[1]] = true
			}
		}
	}
	expect.Equal(t, rest, 0, "texts have no section")
	page.WriteString("\n## Placeholders\n\n| placeholder | what it stands for |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(placeholders)) {
		fmt.Fprintf(page, "| `{%s}` | %s |\n", name, placeholders[name])
	}
	if got, want := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(placeholders)); !slices.Equal(got, want) {
		t.Errorf("got placeholders %q, want %q", got, want)
	}
}
