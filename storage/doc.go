// Package storage keeps priced calls in PostgreSQL: it opens, migrates, writes, maintains, reads and administrates. With the
// rooms below it is the only package that knows SQL or pgx.
//
// # Rooms
//
// Each room may import those below it, and the architecture test holds them to it:
//
//	storage                      the public face
//	  maintenance                what writers leave to be done later; retention
//	  reprice   report           other prices for stored calls; what commands ask
//	  write                      batches of calls, each call once
//	  peers     deadletters      stored spans that may be one call; calls that can't be written
//	  rollup    admin            hourly sums; API keys, source maps, call graphs
//	  dedup     rows   projects  what to keep of spans that are one call (pure); a call as a row; projects
//	  schema                     migrations, partitions, privileges
//	  database                   pool, transactions, identity and clock of the server, errors
//	  calls                      a call, its row, its keys (pure)
//
// # What callers may rely on
//
// A [Store] is safe for concurrent use, by several collectors on one database too. After an error that [IsRetryable] reports
// as such the batch can be written again, whatever of it was stored. Bad values never fail a batch: they are repaired, or
// their calls are set aside or become dead letters, and counted in [WriteResult]. Every time is UTC, and what hangs on the
// time of day hangs on the database's clock.
//
// How a batch is written: package write. How spans of one call become one row: docs/deduplication.md. What the tables are:
// the first migration.
package storage
