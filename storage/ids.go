package storage

import "encoding/binary"

// spanNumber is a span id as the database keeps it.
func spanNumber(id [8]byte) int64 { return int64(binary.BigEndian.Uint64(id[:])) }

// spanBytes is the inverse of spanNumber.
func spanBytes(n int64) [8]byte {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}
