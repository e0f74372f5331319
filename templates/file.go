package templates

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"
)

// readFile reads a file of at most so many bytes. It opens no pipe, whose writer it would
// wait for.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w%s", err, below(fsys, name))
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no regular file: use one", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q: %w", name, err)
	case int64(len(body)) > limit:
		return nil, fmt.Errorf("%q has more than %d KiB: make it smaller", name, limit>>10)
	case len(body) == 0:
		return nil, fmt.Errorf("%q is empty", name)
	}
	return body, nil
}

// below says where such files are, if they are in a folder of fsys: go:embed keeps the
// names of folders.
func below(fsys fs.FS, pattern string) string {
	found, err := fs.Glob(fsys, "*/"+pattern)
	if err != nil || len(found) == 0 {
		return ""
	}
	return fmt.Sprintf("; there is %s: give its folder, by fs.Sub(files, %q)", found[0], path.Dir(found[0]))
}

// readText reads a file of text, without the byte order mark that some editors put in
// front.
func readText(fsys fs.FS, name string, limit int64) (string, error) {
	body, err := readFile(fsys, name, limit)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(body) {
		return "", fmt.Errorf("%q isn't UTF-8", name)
	}
	return strings.TrimPrefix(string(body), "\ufeff"), nil
}
