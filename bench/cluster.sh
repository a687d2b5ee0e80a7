# Sourced by the scripts that measure: a Kafka and a gateway of their own, ended with the script.
#
#   start_kafka PORT            sets `dir`, a directory for what the run writes
#   topic NAME [PARTITIONS]
#   start_gateway PORT CONFIG   sets `gateway` (its process), `gateway_at`
#   stop_gateway
build=$PWD/build/release
gateway=

clean_up() {
  stop_gateway
  scripts/kafka stop --dir "$dir/kafka" >&2 || true
  rm -rf "$dir"
}

start_kafka() {
  kafka_port=$1
  dir=$(mktemp -d)
  trap clean_up EXIT
  # The tests' flags are for a start in seconds; a broker that works for long is compiled in full.
  export TIDEMARK_KAFKA_JVM="${TIDEMARK_KAFKA_JVM:--Xms1g -Xmx1g}"
  scripts/kafka start --port "$kafka_port" --dir "$dir/kafka" --watch $$ >&2
}

topic() { scripts/kafka topic create "$1" --port "$kafka_port" --partitions "${2:-1}" >/dev/null; }

start_gateway() {
  gateway_at=127.0.0.1:$1
  "$build/src/cli/tidemark" serve --kafka "127.0.0.1:$kafka_port" --listen "$gateway_at" --config "$2" \
    >"$dir/gateway.log" 2>&1 &
  gateway=$!
  local i
  for ((i = 0; i < 300; i++)); do
    curl -sf "http://$gateway_at/health/ready" >/dev/null && return
    sleep 0.1
  done
  cat "$dir/gateway.log" >&2
  printf 'the gateway did not become ready\n' >&2
  return 1
}

stop_gateway() {
  [[ -n $gateway ]] || return 0
  kill "$gateway" 2>/dev/null && wait "$gateway" 2>/dev/null || true
  gateway=
}
