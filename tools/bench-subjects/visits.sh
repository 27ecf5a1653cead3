# Sourced by tools/bench: whole visits, and many that start at once.

visits() {
    build telehealthd chime-simulator telehealth-bench
    : >"$work/commands"
    start_simulator
    local data="$work/visits" before after status=0
    mkdir -p "$data"
    start_daemon "$data" 0-1
    local round
    for round in 1 2; do unit_round; done
    before=$(cpu_ns "$daemon")
    echo "── $visits whole visits at once"
    "$bin/telehealth-bench" visits --visits "$visits" --connections 20 --target "$address" --data-dir "$data" || status=$?
    after=$(cpu_ns "$daemon")
    stop "$daemon"
    stop "$simulator"
    for round in 1 2 3; do unit_round; done
    say_unit
    aim "a whole visit, CPU of telehealthd" \
        "$(in_units "$(awk -v a="$before" -v b="$after" -v n="$visits" 'BEGIN { print (b - a) / 1e3 / n }')")" "<=" 1500 U
    echo "telehealthd: $(awk -v a="$before" -v b="$after" -v n="$visits" 'BEGIN { printf "%.2f", (b - a) / 1e6 / n }') ms of CPU per visit," \
        "$(stopped_figure "$data.log" commits) commits for $(stopped_figure "$data.log" decisions) decisions," \
        "at most $(stopped_figure "$data.log" batch_max) in one, $(stopped_figure "$data.log" conflicts) conflicts"
    note "visits" "telehealth-bench visits --visits $visits --connections 20"
    commands
    return "$status"
}

storm() {
    build telehealthd chime-simulator telehealth-bench
    : >"$work/commands"
    start_simulator --throttle --throttle-rate 10 --throttle-burst 20 --max-meetings 250
    local data="$work/storm" status=0 chime_calls=8
    mkdir -p "$data"
    start_daemon "$data" 0-1
    echo "── ${BENCH_STORM:-250} visits start in one second; Chime allows 10 calls a second with a burst of 20"
    "$bin/telehealth-bench" storm --visits "${BENCH_STORM:-250}" --attempts 1 --connections 20 --target "$address" --data-dir "$data" || status=$?
    stop "$daemon"
    stop "$simulator"
    note "storm" "telehealth-bench storm --visits ${BENCH_STORM:-250} --attempts 1 --connections 20"
    commands
    return "$status"
}
