// Package browser_test drives the demo's application in a real browser.
package browser_test

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
)

// patience is how long a page may take to get where it should.
const patience = 20 * time.Second

// chromium starts the browser that all tests share, each in a profile of its
// own.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := findChromium()
	if err != nil {
		return nil, err
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), flags(path)...)
	ctx, _ := chromedp.NewContext(allocator)
	return ctx, chromedp.Do(ctx)
})

// flags are what the browser is started with.
func flags(path string) []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.Headless,
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		// A page behind another one must go on as if it were seen.
		chromedp.Flag("disable-background-timer-throttling", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
	}
}

func findChromium() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

// needChromium skips the test where there is no browser, unless the environment
// requires it.
func needChromium(t *testing.T) context.Context {
	t.Helper()
	if _, err := findChromium(); err != nil {
		testenv.Missing(t, "chromium", "needs Chromium or Chrome in the path; on Debian: apt-get install chromium")
	}
	ctx := expect.Try(chromium()).OrFail(t)
	return ctx
}

func TestMain(m *testing.M) {
	code := m.Run()
	if _, err := findChromium(); err == nil {
		if ctx, err := chromium(); err == nil {
			_ = chromedp.Cancel(ctx)
		}
	}
	os.Exit(code)
}
