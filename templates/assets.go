package templates

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"regexp"
)

// An Asset is a file that the gate serves below {base}/assets/: a logo or an icon of the
// theme, or the script for single-page applications.
type Asset struct {
	Type string // the media type
	Body []byte // read-only
	ETag string // a strong validator, quoted: a hash of the content
}

// Asset returns the asset of a name, such as "eagate.js", and whether there is one. Names of
// images contain their hash.
func (p *Pages) Asset(name string) (Asset, bool) {
	a, ok := p.assets[name]
	return a, ok
}

// newAsset returns the asset of a file's content.
func newAsset(mediaType string, body []byte) Asset {
	return Asset{mediaType, body, `"` + contentHash(body) + `"`}
}

// contentHash names content: it is part of the names of files that browsers keep for
// long, and of ETags.
func contentHash(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

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
