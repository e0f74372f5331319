// Translation writes a file to start a translation of the pages from: all texts, in English,
// with the plural forms of the language that the file is named after:
//
//	go run github.com/eagate/eagate/templates/translation@latest nl.json
package main

import (
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/eagate/eagate/templates"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: translation FILE, which is named after its language, such as nl.json")
	}
	var text strings.Builder
	if err := templates.WriteTranslation(&text, templates.Language(strings.TrimSuffix(filepath.Base(os.Args[1]), ".json"))); err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stat(os.Args[1]); err == nil {
		log.Fatalf("%s is there already", os.Args[1])
	}
	if err := os.WriteFile(os.Args[1], []byte(text.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}
