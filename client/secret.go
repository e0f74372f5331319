package client

// A secret is not printed with the struct that contains it: fmt follows no pointer below
// the top level.
type secret struct{ text *string }

func (s secret) reveal() string { return *s.text }
