// Gallery shows all pages in all states: as one page that opens without a server, and as
// pictures where there is Chromium. make gallery runs it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"

	"github.com/eagate/eagate/internal/gallery"
	"github.com/eagate/eagate/templates"
)

func main() {
	log.SetFlags(0)
	var (
		dir      = flag.String("dir", "../.build/gallery", "the directory to write")
		approved = flag.String("approved", "pictures/approved", "the directory of the approved pictures")
		only     = flag.String("only", "", "a regular expression of the scenes to show, such as ^challenge")
		approve  = flag.Bool("approve", false, "approve the key pictures as they are now")
		pictures = flag.Bool("pictures", true, "take pictures")
	)
	flag.Parse()
	if err := run(*dir, *approved, *only, *approve, *pictures); err != nil {
		log.Fatalf("gallery: %v", err)
	}
}

func run(dir, approved, only string, approve, pictures bool) error {
	filter, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	sets, err := renderAll(filter)
	if err != nil {
		return err
	}
	if err := writeIndex(dir, sets); err != nil {
		return err
	}
	index, err := filepath.Abs(filepath.Join(dir, "index.html"))
	if err != nil {
		return err
	}
	fmt.Println("open file://" + index)
	if !pictures {
		return nil
	}
	chromium, err := findChromium()
	if err != nil {
		fmt.Println("no pictures: Chromium isn't installed")
		return nil
	}
	if err := takePictures(chromium, filepath.Join(dir, "pictures"), choosePictures(sets)); err != nil {
		return err
	}
	return compareAll(filepath.Join(dir, "pictures"), approved, filepath.Join(dir, "differences.txt"), approve)
}

// A set is all scenes in one theme and one language.
type set struct {
	theme gallery.Theme
	lang  templates.Language
	pages []rendered
}

// A rendered is the page of a scene.
type rendered struct {
	gallery.Scene
	html string
}

// renderAll renders the scenes whose names the filter finds, in each theme and language.
func renderAll(filter *regexp.Regexp) ([]set, error) {
	var sets []set
	for _, theme := range gallery.Themes() {
		pages, err := templates.New(append([]templates.Option{templates.WithTexts(gallery.Long, gallery.Pseudo())}, theme.Options...)...)
		if err != nil {
			return nil, fmt.Errorf("theme %s: %w", theme.Name, err)
		}
		for _, lang := range pages.Languages() {
			s := set{theme: theme, lang: lang}
			for _, scene := range gallery.Scenes(gallery.Page(lang)) {
				if !filter.MatchString(scene.Name()) {
					continue
				}
				html, err := scene.Still(pages)
				if err != nil {
					return nil, fmt.Errorf("%s in %s: %w", scene.Name(), lang, err)
				}
				s.pages = append(s.pages, rendered{scene, html})
			}
			if len(s.pages) == 0 {
				return nil, errors.New("-only finds no scene")
			}
			sets = append(sets, s)
		}
	}
	return sets, nil
}
