// Package costkeyexporter prices GenAI spans and stores one row for each call to a provider in PostgreSQL.
package costkeyexporter
