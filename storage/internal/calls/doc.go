// Package calls holds what the rooms of storage share: a call, its row, the days and keys by which rows are found, and the
// result of a write. It is pure: no SQL, no I/O, no clock.
package calls
