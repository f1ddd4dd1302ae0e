package calls

import (
	"encoding/binary"

	"github.com/dchest/siphash"
)

// Hasher returns the hash of an answer's id in a project. All writers of a database use one.
type Hasher func(project int64, id string) int64

// NewHasher returns the hasher of the database's key (SipHash-2-4): nobody who does not know the key can make two ids with
// one hash.
func NewHasher(key [16]byte) Hasher {
	k0, k1 := binary.LittleEndian.Uint64(key[:8]), binary.LittleEndian.Uint64(key[8:])
	return func(project int64, id string) int64 {
		var buf [128]byte
		b := append(binary.LittleEndian.AppendUint64(buf[:0], uint64(project)), id...)
		return int64(siphash.Hash(k0, k1, b))
	}
}
