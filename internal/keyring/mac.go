package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
)

// MACSize is the length of a MAC, in bytes.
const MACSize = keyIDSize + sha256.Size

// MAC returns the newest key's ID and an HMAC-SHA256 (RFC 2104) over the parts. Other
// divisions into the same number of parts give another MAC, unless a part other than the
// last contains a NUL.
func (k *Keyring) MAC(parts ...[]byte) []byte {
	key := k.keys()[0]
	return key.sum(append(make([]byte, 0, MACSize), key.id[:]...), parts)
}

// Verify reports whether a MAC over the parts is by one of the keys.
func (k *Keyring) Verify(mac []byte, parts ...[]byte) bool {
	if len(mac) != MACSize {
		return false
	}
	for _, key := range k.keys() {
		if key.id != [keyIDSize]byte(mac) {
			continue
		}
		var sum [sha256.Size]byte
		return hmac.Equal(mac[keyIDSize:], key.sum(sum[:0], parts))
	}
	return false
}

// Current reports whether a valid MAC is by the newest key.
func (k *Keyring) Current(mac []byte) bool {
	return len(mac) == MACSize && k.keys()[0].id == [keyIDSize]byte(mac)
}

func (d *derived) sum(to []byte, parts [][]byte) []byte {
	h := d.macs.Get().(hash.Hash)
	defer d.macs.Put(h)
	h.Reset()
	for i, part := range parts {
		if i > 0 {
			h.Write([]byte{0})
		}
		h.Write(part)
	}
	return h.Sum(to)
}
