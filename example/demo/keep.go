package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/eagate/eagate/client/emulator"
)

// A kept is what has to stay together with the demo's database file, in a file
// beside it: the key that opens its secrets, and what the emulated service and
// its phones know. Of a database server nothing is kept.
type kept struct {
	Key      string // 64 hex digits
	ClientID string
	APIKey   string
	Emulator emulator.State

	mu   sync.Mutex
	path string // empty: kept in memory
}

// openKept reads what was kept, or begins it.
func openKept(path string) (*kept, error) {
	k := &kept{path: path}
	if path != "" {
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, k)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	if k.Key == "" {
		k.Key = randomHex(32)
		k.ClientID, k.APIKey = "demo-"+strings.ToLower(rand.Text()), rand.Text()
		return k, k.save()
	}
	return k, nil
}

// setEmulator keeps what the emulated service and its phones know.
func (k *kept) setEmulator(s emulator.State) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.Emulator = s
	return k.save()
}

// save replaces the file as a whole, so that a demo that is killed leaves the
// former one or the new one.
func (k *kept) save() error {
	if k.path == "" {
		return nil
	}
	text, err := json.MarshalIndent(k, "", "\t")
	if err != nil {
		return err
	}
	next := k.path + ".new"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := os.Rename(next, k.path); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
