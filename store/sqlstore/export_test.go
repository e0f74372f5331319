package sqlstore

import (
	"io/fs"
)

// SetSchema has this release need another version of the schema, from other files,
// until the function that it returns is called.
func SetSchema(version int, with fs.FS) (undo func()) {
	wasVersion, wasFiles := newest, files
	newest, files = version, with
	return func() { newest, files = wasVersion, wasFiles }
}
