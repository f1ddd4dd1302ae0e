// Package storage keeps priced calls in PostgreSQL: schema, migrations, writes, maintenance and reads. It is the only
// package that knows SQL or pgx.
//
// # How a batch is written
//
//	clean → intern → COPY + hourly sums, one transaction ──────────────────→ look again → done
//	                   └─ unique violation → look, settle, COPY what is left ─┘
//
// Repeated values are interned first, in transactions of their own: a row of call names them by number, and a number in
// memory must outlive a rolled back batch. Then the common batch, which holds nothing that is stored already, goes in by
// one COPY a day; the partitions' unique indexes tell when that was wrong, and only then the batch pays for look-ups.
// Writing any batch any number of times stores each call once, and costs_hourly changes in the same transaction by the
// very rows that went in or out.
//
// # Spans of one call
//
// Which spans are one call is decided by package samecall. Where both have the answer's id a unique index tells that they may
// be. A call without one marks its trace, and every writer looks at the marked traces of its batch after its commit: of two
// at once the later sees both. A store that is alone knows from memory which of its traces hold more than the batch. A span
// that another one stands for, and a wrapper, leave a link until the settle window is over, so that what is around and
// inside them is still found. See docs/settling.md.
//
// # What callers may rely on
//
// A [Store] is safe for concurrent use, by several collectors on one database too. After an error that [IsRetryable] reports
// as such the batch can be written again, whatever of it was stored. Bad values never fail a batch: they are repaired or set
// aside, and counted in [WriteResult]. Every time is UTC.
package storage
