// Package newest has a map that keeps what was put there last.
package newest

// A Map keeps at least the last Size entries that were set, and at most twice as many. It
// isn't safe for concurrent use; several may get at the same time.
type Map[K comparable, V any] struct {
	Size int

	// An entry is in one of these. When there are Size new ones, they become the old
	// ones, and those are dropped.
	newer, older map[K]V
}

// Get returns an entry. That doesn't keep it for longer.
func (m *Map[K, V]) Get(key K) (V, bool) {
	v, ok := m.newer[key]
	if !ok {
		v, ok = m.older[key]
	}
	return v, ok
}

// Set adds an entry, or replaces it.
func (m *Map[K, V]) Set(key K, value V) {
	if _, ok := m.newer[key]; !ok && len(m.newer) >= m.Size || m.newer == nil {
		m.newer, m.older = make(map[K]V), m.newer
	}
	delete(m.older, key)
	m.newer[key] = value
}

// Delete removes an entry, if it is there.
func (m *Map[K, V]) Delete(key K) {
	delete(m.newer, key)
	delete(m.older, key)
}

// Len returns how many entries there are.
func (m *Map[K, V]) Len() int { return len(m.newer) + len(m.older) }
