package sqlstore

// Newest is the version of the schema that this release needs.
const Newest = newest

// SchemaOf returns what a version adds to the one before.
func SchemaOf(d Dialect, version int) string {
	f, err := d.flavour()
	if err != nil {
		panic(err)
	}
	return schemaOf(f, version)
}
