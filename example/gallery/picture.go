package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/templates"
)

// A picture is a page to be taken a picture of.
type picture struct {
	name   string // page-state-language-width-scheme, and the theme before unless it is the default
	html   string
	width  int64
	scheme string
}

// keyScenes are those that stand for all others: in each language and theme, and as
// approved pictures.
var keyScenes = []string{
	"required-now", "security-on", "enable-first", "recovery-new", "challenge-pending", "challenge-none",
	"code-wrong", "step-up-pending", "devices-two", "message-held",
}

// isKey reports whether the scene stands for others.
func isKey(name string) bool { return slices.Contains(keyScenes, name) }

// choosePictures returns what pictures are taken of: each scene in English, on a small
// phone, a phone in light and dark, and a desk; and the key scenes in the other languages
// and themes.
func choosePictures(sets []set) []picture {
	var pictures []picture
	for i, s := range sets {
		prefix := ""
		if s.theme.Name != sets[0].theme.Name {
			prefix = s.theme.Name + "-"
		}
		for _, page := range s.pages {
			add := func(width int64, scheme string) {
				name := fmt.Sprintf("%s%s-%s-%d-%s", prefix, page.Name(), s.lang, width, scheme)
				pictures = append(pictures, picture{name, page.html, width, scheme})
			}
			switch {
			case i == 0:
				add(320, "light")
				add(390, "light")
				add(390, "dark")
				add(1280, "light")
			case isKey(page.Name()) && s.theme.Name == sets[0].theme.Name:
				add(390, "light")
			case isKey(page.Name()) && s.lang == templates.English:
				add(390, "light")
				add(390, "dark")
			}
		}
	}
	return pictures
}

func findChromium() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

// takePictures takes them, two at a time.
func takePictures(chromium, dir string, pictures []picture) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(chromium),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-dev-shm-usage", true))
	defer cancel()
	browser, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(browser); err != nil {
		return err
	}
	var (
		queue   = make(chan picture)
		done    sync.WaitGroup
		mu      sync.Mutex
		failed  error
		counted int
	)
	for range 2 {
		done.Go(func() {
			tab, cancel := chromedp.NewContext(browser)
			defer cancel()
			err := chromedp.Do(tab, chromedp.Navigate("about:blank"))
			for p := range queue { // also after an error, so that the queue ends
				if err == nil {
					err = p.take(tab, dir)
				}
				mu.Lock()
				counted++
				fmt.Printf("\r%d of %d pictures", counted, len(pictures))
				mu.Unlock()
			}
			if err != nil {
				mu.Lock()
				failed = err
				mu.Unlock()
			}
		})
	}
	for _, p := range pictures {
		queue <- p
	}
	close(queue)
	done.Wait()
	fmt.Println()
	return failed
}

// take takes a picture in a tab.
func (p picture) take(tab context.Context, dir string) error {
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: p.scheme}},
	}); err != nil {
		return err
	}
	page, err := json.Marshal(strings.ReplaceAll(p.html, "<button hidden", "<button"))
	if err != nil {
		return err
	}
	if err := chromedp.Do(tab,
		chromedp.EmulateViewport(p.width, 640),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.open(), document.write(%s), document.close()", page)),
	); err != nil {
		return err
	}
	shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return os.WriteFile(filepath.Join(dir, p.name+".png"), shot, 0o644)
}
