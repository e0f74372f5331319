package browser_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/testenv"
)

// The package of axe-core that make axe brings, and its integrity, as npm has it. It is
// under the MPL 2.0 and no part of this repository.
const (
	axePackage   = "../../.build/axe-core-4.14.1.tgz"
	axeIntegrity = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

var axeSource = sync.OnceValues(func() (string, error) {
	data, err := os.ReadFile(axePackage)
	if err != nil {
		return "", err
	}
	if sum := sha512.Sum512(data); base64.StdEncoding.EncodeToString(sum[:]) != axeIntegrity {
		return "", errors.New(axePackage + " isn't what npm has under that version: delete it, and run make axe")
	}
	zip, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	for files := tar.NewReader(zip); ; {
		header, err := files.Next()
		if err != nil {
			return "", err
		}
		if header.Name == "package/axe.min.js" {
			source, err := io.ReadAll(files)
			return string(source), err
		}
	}
})

// needAxe returns axe-core's script, or skips the test without it, unless the environment
// requires it.
func needAxe(t *testing.T) string {
	t.Helper()
	source, err := axeSource()
	if errors.Is(err, fs.ErrNotExist) {
		testenv.Missing(t, "axe", "needs axe-core: run make axe")
	}
	expect.NoError(t, err)
	return source
}
