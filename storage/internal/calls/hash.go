package calls

import (
	"encoding/binary"

	"github.com/dchest/siphash"
)

// Hasher hashes the ids of answers by the database's key (SipHash-2-4), so that nobody who does not know the key can make two
// ids with one hash. All writers of a database use one key.
type Hasher [16]byte

// Hash returns the hash of an answer's id in a project.
func (h Hasher) Hash(project int64, id string) int64 {
	k0, k1 := binary.LittleEndian.Uint64(h[:8]), binary.LittleEndian.Uint64(h[8:])
	var buf [128]byte
	b := append(binary.LittleEndian.AppendUint64(buf[:0], uint64(project)), id...)
	return int64(siphash.Hash(k0, k1, b))
}
