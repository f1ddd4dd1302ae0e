# CostKey for OpenTelemetry. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BUILDER_VERSION  := v0.165.0
GOLANGCI_VERSION := v2.15.0

# Where `make lint` keeps its program, outside the checkout so that `make clean` doesn't cost a rebuild.
TOOLS    := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/costkey-tools
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)

# The checkout may belong to another user than the one who builds, and then git refuses to stamp the
# programs; their version is given in builder-config.yaml instead.
BUILDFLAGS := -trimpath -buildvcs=false

# Further flags for go test, as in: make test TESTFLAGS='-v -run TestPrice'
TESTFLAGS ?=
# The race detector, which needs a C compiler; without it: make test RACE=
RACE ?= -race

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 17

.PHONY: run
run: ## build the collector and run it: embedded PostgreSQL, data in .costkey/, Ctrl-C stops it
	@scripts/run.sh

.PHONY: demo
demo: ## against a running `make run`: an example shop calls AI providers (played back) and shows its costs
	@go run $(BUILDFLAGS) ./examples/go-shop

.PHONY: build
build: bin/otelcol-costkey bin/costkey ## build bin/otelcol-costkey and bin/costkey

# Generated anew only when the manifest or our dependencies change.
_build/.generated: builder-config.yaml go.mod
	go run go.opentelemetry.io/collector/cmd/builder@$(BUILDER_VERSION) --config builder-config.yaml --skip-compilation
	@touch $@

# Always handed to the Go tool, which knows better than make whether anything changed. -mod=mod: an import new to
# our packages may need a line in the generated go.mod.
.PHONY: bin/otelcol-costkey
bin/otelcol-costkey: _build/.generated
	@mkdir -p bin
	cd _build && go build -mod=mod $(BUILDFLAGS) -ldflags '-s -w' -o ../bin/otelcol-costkey .

.PHONY: bin/costkey
bin/costkey:
	@mkdir -p bin
	go build $(BUILDFLAGS) -o bin/costkey ./cmd/costkey

.PHONY: test
test: ## run every test with the race detector (RACE= without); PostgreSQL is started by the tests themselves
	@RACE='$(RACE)' scripts/test.sh $(TESTFLAGS) ./...

.PHONY: test-postgres
test-postgres: ## run the tests of what speaks to PostgreSQL on the oldest and the newest that it may be
	@scripts/test-postgres.sh $(TESTFLAGS)

.PHONY: e2e
e2e: build ## run the built collector and check it from outside, with faults
	go run $(BUILDFLAGS) ./e2e $(E2EFLAGS)

.PHONY: bench
bench: build ## run the benchmarks, each printed as a ratio
	@scripts/bench.sh

.PHONY: lint
lint: $(GOLANGCI) ## run the linters
	$(GOLANGCI) run ./...

.PHONY: fmt
fmt: $(GOLANGCI) ## format the sources as the linters want them
	$(GOLANGCI) fmt ./...

$(GOLANGCI):
	@scripts/install-tool.sh github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION) $@

.PHONY: generate
generate: ## write again what is generated
	go generate ./...

.PHONY: verify
verify: ## generate, and fail if that changes anything
	@scripts/verify.sh

.PHONY: clean
clean: ## remove what was built; the data in .costkey/ stays
	rm -rf bin _build
