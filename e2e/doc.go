// Command e2e checks the built collector from outside: it runs bin/otelcol-costkey with config/quickstart.yaml on
// free ports and a directory of its own, sends it real OTLP, reads the rows back with psql, and breaks things on the
// way. `make e2e` builds the programs and runs it; -run picks scenarios by name.
//
// It needs psql, and sees nothing of the collector but its ports, its files, its exit status and the database. The
// database server of the scenarios with a database of the user's own is started by internal/postgres.
//
// A scenario is a function that tells one story and returns an error where the story goes wrong. What it started ends
// with it. The logs of a failed scenario are kept and named.
package main
