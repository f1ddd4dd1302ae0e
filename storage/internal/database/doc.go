// Package database is the connection to PostgreSQL: the pool, transactions that begin with a check of the server's
// identity, the server's clock, and the one place that tells errors apart. Everything in it is safe for concurrent use.
package database
