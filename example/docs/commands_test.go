package docs_test

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// What a command names: a target of make, a package that go works on, a variable of the
// environment, and a flag, also where a sentence names one of them alone.
var (
	aGo       = regexp.MustCompile(`(?:^|\s)go (?:run|test|build|install|get) `)
	aTarget   = regexp.MustCompile(`(?:^|\s)make ([a-z][a-z-]*)`)
	aPackage  = regexp.MustCompile(`(?:^|\s)(?:\.|github\.com/eagate/eagate)/([\w./-]*\w)`)
	aVariable = regexp.MustCompile(`(?:^|[\s(])([A-Z][A-Z0-9_]+)=|^((?:EAGATE|EAUTH)_[A-Z0-9_]+)$`)
	aFlag     = regexp.MustCompile(`(?:^| )-([a-z][a-z-]+)`)
	aWord     = regexp.MustCompile(`[A-Z][A-Z0-9_]+|(?:flag\.\w+|testenv\.Server)\((?:&?\w+, )?"[a-z-]+"`)
)

// ofGo are the flags and variables of the go command that pages name.
const ofGo = " race run short skip count bench timeout fuzz fuzztime GOWORK GOFLAGS GOPROXY GOTOOLCHAIN GODEBUG GOEXPERIMENT "

// TestCommandsNameWhatThereIs demands of the commands in the pages that their targets,
// packages, flags and variables exist.
func TestCommandsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	there := make(map[string]bool) // the variables that the sources name, and their flags
	learn := func(file string) {
		for _, word := range aWord.FindAllString(string(read(t, file)), -1) {
			_, name, _ := strings.Cut(strings.Trim(word, `"`), `"`)
			there[word], there["-"+name], there["EAGATE_"+strings.ToUpper(name)+"_URL"] = true, true, true
		}
	}
	for _, extension := range []string{".go", ".yml", ".mjs"} {
		walk(t, extension, learn)
	}
	learn("Makefile")
	learn(".ci/run")
	makefile, seen := string(read(t, "Makefile")), 0
	for file, p := range pages(t) {
		commands := p.spans
		for _, b := range p.blocks {
			if b.language == "console" || b.language == "sh" {
				for line := range strings.Lines(b.code) {
					commands = append(commands, strings.TrimPrefix(strings.TrimSpace(line), "$ "))
				}
			}
		}
		for _, command := range commands {
			missing := func(kind string, pattern *regexp.Regexp, exists func(name string) bool) {
				for _, m := range pattern.FindAllStringSubmatch(command, -1) {
					seen++
					if name := strings.Join(m[1:], ""); !exists(name) && !strings.Contains(ofGo, " "+name+" ") {
						t.Errorf("%s: there is no %s %s: %s", file, kind, name, command)
					}
				}
			}
			missing("target", aTarget, func(name string) bool { return strings.Contains(makefile, "\n"+name+":") })
			missing("variable", aVariable, func(name string) bool { return there[name] })
			if strings.HasPrefix(command, "-") || aGo.MatchString(command) {
				missing("flag", aFlag, func(name string) bool { return there["-"+name] })
			}
			if aGo.MatchString(command) {
				missing("package", aPackage, func(name string) bool {
					_, err := fs.Stat(root, name)
					_, inExample := fs.Stat(root, path.Join("example", name))
					return err == nil || inExample == nil
				})
			}
		}
	}
	if seen < 20 {
		t.Errorf("found %d names, want those of the commands", seen)
	}
}
