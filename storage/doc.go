// Package storage keeps priced calls in PostgreSQL: schema, migrations, writes, maintenance and reads. It is the only
// package that knows SQL or pgx.
//
// # How a batch is written
//
//	clean → intern → COPY + hourly sums, one transaction → done
//	                   └─ unique violation → look at what is stored, settle, COPY what is left
//
// Repeated values are interned first, in transactions of their own: a row of call names them by number, and a number in
// memory must outlive a rolled back batch. Then the common batch, which holds nothing that is stored already, goes in by
// one COPY a day; the partitions' unique indexes tell when that was wrong, and only then the batch pays for look-ups.
// Writing any batch any number of times stores each call once, and costs_hourly changes in the same transaction by the
// very rows that went in or out.
//
// # Spans of one call
//
// Which spans are one call is decided by package samecall. Stored are kept rows alone: a span that another one stands for
// leaves no trace but what it filled. So ancestors are found through stored calls only, and a span whose outer one was
// replaced is joined with what is left by the id of the answer, or stays a call. Relatives are looked for where a unique
// index found something, for some seconds after that, and near midnight; two spans that share no response id and come in
// two batches otherwise stay two calls.
//
// # What callers may rely on
//
// A [Store] is safe for concurrent use, by several collectors on one database too. An error that [IsRetryable] reports
// as such means that nothing of the batch was stored. Bad values never fail a batch: they are repaired or set aside, and
// counted in [WriteResult]. Every time is UTC.
package storage
