// Package bench holds the benchmarks that need more than one room: the exporter against bare COPY, and the built collector
// against the exporter alone. `make bench` runs them; each prints a ratio of things measured in one run.
package bench
