package newest_test

import (
	"testing"

	"github.com/eagate/eagate/internal/expect"
	"github.com/eagate/eagate/internal/newest"
)

func TestMap(t *testing.T) {
	m := newest.Map[int, string]{Size: 3}
	has := func(want map[int]string) {
		t.Helper()
		for key := range 12 {
			if got, ok := m.Get(key); got != want[key] || ok != (want[key] != "") {
				t.Errorf("got %q, %v for %d, want %q", got, ok, key, want[key])
			}
		}
		expect.Equal(t, m.Len(), len(want), "entries")
	}
	has(nil)
	m.Delete(1)
	for key := range 5 {
		m.Set(key, "a")
		m.Set(key, "b")
	}
	has(map[int]string{0: "b", 1: "b", 2: "b", 3: "b", 4: "b"})
	m.Set(1, "c") // now it is among the newer
	has(map[int]string{0: "b", 1: "c", 2: "b", 3: "b", 4: "b"})
	m.Set(5, "d")
	has(map[int]string{1: "c", 3: "b", 4: "b", 5: "d"})
	m.Delete(4)
	m.Delete(5)
	has(map[int]string{1: "c", 3: "b"})
	for key := range 12 {
		m.Set(key, "e")
		if n := m.Len(); n > 2*m.Size {
			t.Errorf("got %d entries, want at most %d", n, 2*m.Size)
		}
	}
	for key := 9; key < 12; key++ {
		if _, ok := m.Get(key); !ok {
			t.Errorf("%d is missing, one of the last three", key)
		}
	}
}
