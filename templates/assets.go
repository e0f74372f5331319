package templates

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"regexp"
	"strings"
	"sync"
)

// An Asset is a file that the gate serves below {base}/assets/: a logo or an icon of the
// theme, or the script for single-page applications.
type Asset struct {
	Type string // the media type
	Body []byte // read-only
	ETag string // a strong validator, quoted: a hash of the content

	// Gzip is the content compressed by gzip, and GzipETag the validator of that; both are
	// empty for images.
	Gzip     []byte // read-only
	GzipETag string
}

// Asset returns the asset of a name, such as "eagate.js", and whether there is one. Names of
// images contain their hash.
func (p *Pages) Asset(name string) (Asset, bool) {
	a, ok := p.assets[name]
	return a, ok
}

// newAsset returns the asset of a file's content.
func newAsset(mediaType string, body []byte) Asset {
	return Asset{Type: mediaType, Body: body, ETag: `"` + contentHash(body) + `"`}
}

// newTextAsset returns the asset of a text, which is compressed once.
func newTextAsset(mediaType string, body []byte) Asset {
	a := newAsset(mediaType, body)
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // there is that level
	}
	if _, err := z.Write(body); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	a.Gzip, a.GzipETag = b.Bytes(), strings.TrimSuffix(a.ETag, `"`)+`-gzip"`
	return a
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

// scriptAssets are the scripts, without comments.
var scriptAssets = sync.OnceValue(func() map[string]Asset {
	assets := make(map[string]Asset)
	for _, s := range scripts {
		body, err := scriptFiles.ReadFile("assets/" + s.name)
		if err != nil {
			panic(err) // it is embedded
		}
		assets[s.name] = newTextAsset(s.mediaType, comments.ReplaceAll(body, nil))
	}
	return assets
})
