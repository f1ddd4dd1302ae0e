#!/usr/bin/env bash
# Builds the collector and the costkey command, looks whether the collector can start, says where to send spans
# and how to look at them, and becomes the collector. Settings: config/quickstart.yaml.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly config=config/quickstart.yaml

# An empty variable means the default; the collector takes only an unset one for that.
for name in COSTKEY_DATABASE_URL COSTKEY_DATA_DIR COSTKEY_OTLP_GRPC_ENDPOINT COSTKEY_OTLP_HTTP_ENDPOINT \
	COSTKEY_RECEIVER_ENDPOINT COSTKEY_HEALTH_ENDPOINT COSTKEY_METRICS_PORT COSTKEY_CATALOGUE_FILE COSTKEY_PRICES_FILE \
	COSTKEY_POSTGRES_BIN; do
	[[ -n ${!name:-} ]] || unset "$name"
done

readonly data_dir=${COSTKEY_DATA_DIR:-.costkey}
readonly grpc=${COSTKEY_OTLP_GRPC_ENDPOINT:-localhost:4317}
readonly http=${COSTKEY_OTLP_HTTP_ENDPOINT:-localhost:4318}
readonly sdk=${COSTKEY_RECEIVER_ENDPOINT:-localhost:4319}
readonly health=${COSTKEY_HEALTH_ENDPOINT:-localhost:13133}
readonly metrics=localhost:${COSTKEY_METRICS_PORT:-8888}

problems=0
complain() {
	printf 'make run: %s\n' "$@" >&2
	problems=$((problems + 1))
}

# listening HOST:PORT succeeds when something answers there.
listening() {
	local host=${1%:*} port=${1##*:}
	host=${host#[}
	host=${host%]}
	case $host in '' | 0.0.0.0 | ::) host=localhost ;; esac
	(exec 3<>"/dev/tcp/$host/$port") 2>/dev/null
}

# check_port ADDRESS SETTING VARIABLE EXAMPLE
check_port() {
	! listening "$1" || complain \
		"$1 is in use by another program; it is \`$2\` in $config. Stop that program, or move ours: $3=$4 make run"
}

check_data_dir() {
	local probe=$data_dir/.writable.$$
	# In a subshell, since a redirection that can't be made would end this one.
	if ! mkdir -p -- "$data_dir" 2>/dev/null || ! (: >"$probe") 2>/dev/null; then
		complain "the data directory $data_dir can't be written to by user $(id -un); it is \`extensions::costkey_storage::data_dir\` in $config. Choose another: COSTKEY_DATA_DIR=/path/you/own make run"
		return
	fi
	rm -f -- "$probe"
}

check_port "$grpc" receivers::otlp::protocols::grpc::endpoint COSTKEY_OTLP_GRPC_ENDPOINT localhost:14317
check_port "$http" receivers::otlp::protocols::http::endpoint COSTKEY_OTLP_HTTP_ENDPOINT localhost:14318
check_port "$sdk" receivers::costkey::endpoint COSTKEY_RECEIVER_ENDPOINT localhost:14319
check_port "$health" extensions::healthcheckv2::http::endpoint COSTKEY_HEALTH_ENDPOINT localhost:23133
check_port "$metrics" service::telemetry::metrics::readers COSTKEY_METRICS_PORT 18888
check_data_dir
command -v go >/dev/null || complain 'Go is missing; see https://go.dev/doc/install'
((problems == 0)) || exit 1

# Before the build, which takes a minute the first time.
if [[ -z ${COSTKEY_DATABASE_URL:-} ]] && ! scripts/postgres.sh -data-dir "$data_dir" >/dev/null; then
	complain 'there are no PostgreSQL programs; the line above says why, and the way out'
	exit 1
fi

make --no-print-directory build

if [[ -n ${COSTKEY_DATABASE_URL:-} ]]; then
	where='the database of COSTKEY_DATABASE_URL'
	dsn='$COSTKEY_DATABASE_URL'
else
	where="an embedded PostgreSQL under $data_dir"
	dsn='$(bin/costkey dsn)'
	[[ $data_dir == .costkey ]] || dsn="\$(bin/costkey dsn --data-dir $(printf %q "$data_dir"))"
fi
cat <<TEXT

  CostKey runs with $config, on $where.

  Send spans to   http://$grpc   (OTLP/gRPC)
                  http://$http   (OTLP/HTTP, protobuf or JSON, path /v1/traces)
  CostKey SDKs    COSTKEY_DSN=http://any@$sdk/my-project
  Health          http://$health
  Own metrics     http://$metrics/metrics

  See something   make demo
  Look at it      psql "$dsn" -c 'select function_name, sum(cost_usd) from costkey.calls group by 1 order by 2 desc'
  Stop            Ctrl-C

TEXT
# Under load a quarter of the collector's time is the garbage collector's; twice the heap halves that. See docs/operations.md.
export GOGC=${GOGC:-200}
exec bin/otelcol-costkey --config "$config"
