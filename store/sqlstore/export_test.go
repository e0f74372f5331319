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

// Statements returns the statements that read or change documents, by their name.
func (s *Store) Statements() map[string]string {
	return map[string]string{"Get": s.get, "Get of 4": s.getMany(4), "update": s.update, "Delete": s.delete, "Due": s.due, "DeleteDue": s.deleteDue, "List": s.list}
}
