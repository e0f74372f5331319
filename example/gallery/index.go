package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

//go:embed index.html
var index []byte

// A sceneEntry describes a scene to the index.
type sceneEntry struct {
	Page  string `json:"page"`
	State string `json:"state"`
	Says  string `json:"says"`
}

// A choice is something to choose in the index.
type choice struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

// style is a page's style sheet, which all pages of a theme share.
var style = regexp.MustCompile(`(?s)<style nonce="[^"]*">(.*?)</style>`)

// writeIndex writes the page that shows everything. It works without a server, where a page
// can load scripts but no data: so the pages are in scripts, one for each set.
func writeIndex(dir string, sets []set) error {
	var content struct {
		Scenes    []sceneEntry `json:"scenes"`
		Themes    []choice     `json:"themes"`
		Languages []string     `json:"languages"`
	}
	for _, page := range sets[0].pages {
		content.Scenes = append(content.Scenes, sceneEntry{page.Page, page.State, page.Says})
	}
	for i, s := range sets {
		theme := choice{s.theme.Name, s.theme.Name + ": " + s.theme.Says}
		if !slices.Contains(content.Themes, theme) {
			content.Themes = append(content.Themes, theme)
		}
		if s.theme.Name == sets[0].theme.Name {
			content.Languages = append(content.Languages, string(s.lang))
		}
		pages := make(map[string]string)
		styles := []string{} // of this set, by number
		for _, page := range s.pages {
			pages[page.Name()] = style.ReplaceAllStringFunc(page.html, func(element string) string {
				css := style.FindStringSubmatch(element)[1]
				n := slices.Index(styles, css)
				if n < 0 {
					n = len(styles)
					styles = append(styles, css)
				}
				return fmt.Sprintf("<style>\x00%d</style>", n)
			})
		}
		name := fmt.Sprintf("pages-%s-%s.js", s.theme.Name, s.lang)
		if err := writeScript(filepath.Join(dir, name), "gallery.add", s.theme.Name, s.lang, styles, pages); err != nil {
			return err
		}
		fmt.Printf("\r%d of %d sets of pages", i+1, len(sets))
	}
	fmt.Println()
	if err := writeScript(filepath.Join(dir, "content.js"), "gallery.start", content); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "index.html"), index, 0o644)
}

// writeScript writes a script that calls a function.
func writeScript(file, function string, args ...any) error {
	script := []byte(function + "(")
	for i, arg := range args {
		text, err := json.Marshal(arg)
		if err != nil {
			return err
		}
		if i > 0 {
			script = append(script, ',')
		}
		script = append(script, text...)
	}
	return os.WriteFile(file, append(script, ");\n"...), 0o644)
}
