// Package costkeystorage is the collector extension costkey_storage: it owns the process's one PostgreSQL store, which
// exporters and other extensions find through the host, and runs a private PostgreSQL where no database is named.
package costkeystorage
