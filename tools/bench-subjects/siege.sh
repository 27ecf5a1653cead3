# Sourced by tools/bench: a good client, alone and while others besiege the service from its own and another address.

siege_kinds=(bad-tokens forged-grants slow-readers rapid-resets admin-reads)

siege() {
    build telehealthd chime-simulator telehealth-bench
    : >"$work/commands"
    start_simulator
    printf '── siege: a good client of %s calls and 2 new connections a second for %s s; the attacker may use %s %% of its core\n' \
        60 "$siege_seconds" "$siege_cpu"
    siege_row_of_heads
    local rate_limits=default data="$work/siege" kind
    mkdir -p "$data"
    start_daemon "$data" 0 notice
    besieged "plain" "" "${siege_kinds[@]}"
    stop "$daemon"

    siege_certificate
    export TELEHEALTH_TLS_CERTIFICATE="$work/siege.pem" TELEHEALTH_TLS_KEY="$work/siege.key"
    start_daemon "$data" 0 notice
    besieged "TLS" "$work/siege.pem" silent-connections
    stop "$daemon"
    unset TELEHEALTH_TLS_CERTIFICATE TELEHEALTH_TLS_KEY
    stop "$simulator"
    note "good client" "taskset -c 1 telehealth-bench siege --seconds $siege_seconds"
    note "attacker" "taskset -c 1 telehealth-bench attack --kind KIND --source ADDRESS --cpu $siege_cpu   # its share of the core is in the table"
    commands
}

siege_seconds=${BENCH_SIEGE_SECONDS:-10}
siege_cpu=${BENCH_SIEGE_CPU:-40}

siege_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$work/siege.key" -out "$work/siege.pem" 2>/dev/null
}

siege_row_of_heads() {
    printf '%-20s %-11s %7s %8s %8s %12s %8s %9s %11s %11s\n' \
        attack from calls "p50 ms" "p99 ms" "connect p99" refused "attack %" "attacks/s" "server %"
}

# besieged NAME AUTHORITY KIND...: the good client alone, then under each attack from another and from its own address.
besieged() {
    local name=$1 kind source alone
    local flags=(--target "$address" --data-dir "$data" --connections 1 --seconds "$siege_seconds")
    [ -z "$2" ] || flags+=(--authority "$2")
    shift 2
    # Once unmeasured: what the first calls load does not belong to an attack.
    (on 1 "$bin/telehealth-bench" siege "${flags[@]}" --seconds 2) >/dev/null
    siege_round "nobody ($name)" "" ""
    alone=$good_p99
    for kind in "$@"; do
        for source in 127.0.0.2 127.0.0.1; do
            siege_round "$kind" "$source" "$alone"
        done
    done
}

siege_round() { # siege_round KIND SOURCE ALONE: prints a row and sets $good_p99.
    local attacker="" made=- requests=- answers=- share=- cpu calls p50 connects connect_p99 refused reasons bound
    if [ -n "$2" ]; then
        (on 1 "$bin/telehealth-bench" attack --kind "$1" --source "$2" --cpu "$siege_cpu" "${flags[@]}" \
            --seconds $((siege_seconds + 2))) >"$work/attack.txt" &
        attacker=$! && started+=($!)
        sleep 1
    fi
    cpu=$(cpu_ns "$daemon")
    (on 1 "$bin/telehealth-bench" siege "${flags[@]}") >"$work/good.txt" || echo "0 - - 0 - 1 ended" >"$work/good.txt"
    cpu=$((($(cpu_ns "$daemon") - cpu) / 10000000 / siege_seconds))
    if [ -n "$attacker" ]; then
        wait "$attacker" || true
        read -r made requests answers share <"$work/attack.txt" || true
        [ "$1" != silent-connections ] || requests=$made
    fi
    read -r calls p50 good_p99 connects connect_p99 refused reasons <"$work/good.txt"
    printf '%-20s %-11s %7s %8s %8s %12s %8s %9s %11s %11s%s\n' "$1" "${2:--}" "$calls" "$p50" "$good_p99" "$connect_p99" \
        "$refused" "$share" "$([ "$requests" = - ] && echo - || echo $((requests / (siege_seconds + 2))))" "$cpu" \
        "$([ "$reasons" = - ] || echo "   $reasons")"
    [ -n "$2" ] || return 0
    bound=$(awk -v a="$3" 'BEGIN { b = 3 * a; print (b > 20 ? b : 20) }')
    aim "p99 beside $1 from $2" "$good_p99" "<=" "$bound" "ms"
    aim "  refused" "$refused" "<=" 0 "calls" "$reasons"
}
