package templates

import (
	"embed"
	"regexp"
)

//go:embed assets
var scriptFiles embed.FS

// scripts are the files for the scripts of an application, with their media types.
var scripts = []struct{ name, mediaType string }{
	{"eagate.js", "text/javascript; charset=utf-8"},
	{"eagate.d.ts", "text/plain; charset=utf-8"},
}

// comments are what of a script only its readers need.
var comments = regexp.MustCompile(`(?m)^[ \t]*//.*\n|[ \t]+// .*$`)

// addScripts has the pages serve the scripts, without comments.
func (p *Pages) addScripts() {
	for _, s := range scripts {
		body, err := scriptFiles.ReadFile("assets/" + s.name)
		if err != nil {
			panic(err) // it is embedded
		}
		p.assets[s.name] = newAsset(s.mediaType, comments.ReplaceAll(body, nil))
	}
}
