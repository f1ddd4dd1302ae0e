// Package bench holds the benchmarks that need more than one room: the exporter against bare COPY under loads that look
// like life, the built collector under requests of programs, bytes on disk. `make bench` runs them; README.md beside this
// file lists the rows, what each figure is, and how to run one row alone.
//
//	size_test       how large a measurement is, and the variables that change it
//	server_test     the PostgreSQL they run on, whose data stays for other runs
//	slow_test       the slowest statement, from the server's log
//	past_test       a database that has been written to for 30 days
//	writer_test     an exporter on a store of its own
//	workload_test   what the calls of a row are like
//	exporter_test   BenchmarkExporter
//	bytes_test      BenchmarkBytesPerCall
//	programs_test   what sends OTLP requests
//	requests_test   BenchmarkRequests
//	collector_test  BenchmarkCollectorAgainstExporter, and the built collector as a process
//	receiver_test   BenchmarkEventsAgainstOTLPJSON
//	smoke_test      the rows of the exporter at a size for `go test`
package bench
