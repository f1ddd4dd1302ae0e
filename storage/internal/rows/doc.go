// Package rows turns calls into rows and back: it cleans their texts, interns what repeats, and writes and reads
// PostgreSQL's formats. [Interner] is safe for concurrent use.
//
// What repeats from call to call is written once and named by id:
//
//	call ─→ call_attributes ─→ dimension_set (the roll-ups' dimensions)
//	  │            └─────────→ call_path
//	  └───→ tag_set
package rows
