# Sourced by tools/bench: telehealthd and a Chime simulator.

start_simulator() { # start_simulator [FLAG...]: without flags, one without limits.
    local flags=("$@")
    [ $# -gt 0 ] || flags=(--no-throttle --max-meetings 2000 --max-pipelines 2000 --pipeline-step-milliseconds 50)
    export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_ENDPOINT_URL AWS_REGION=us-east-1 AWS_S3_RECORDINGS_BUCKET=recordings
    # Throw-away credentials: only this simulator knows them.
    AWS_ACCESS_KEY_ID="AKIA$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n' | tr a-f A-F)"
    AWS_SECRET_ACCESS_KEY="$(od -An -N20 -tx1 /dev/urandom | tr -d ' \n')"
    unset AWS_SESSION_TOKEN
    CHIME_SIMULATOR_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID CHIME_SIMULATOR_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY \
        "$bin/chime-simulator" --port 0 --bucket recordings "${flags[@]}" >"$work/simulator.txt" 2>"$work/simulator.log" &
    simulator=$! && started+=($!)
    AWS_ENDPOINT_URL="http://$(address_in "$work/simulator.txt" "$simulator")"
    note "chime-simulator" "${flags[*]}"
}

start_daemon() { # start_daemon DATA CORES [LOG-LEVEL [ALLOCATIONS-FILE]]: sets $daemon and $address.
    local loops=0 began
    [ "$2" = 0 ] && loops=1
    : >"$work/daemon.txt"
    began=$(date +%s%N)
    (
        export TELEHEALTH_DATA_DIR="$1" TELEHEALTH_LISTEN=127.0.0.1:0 TELEHEALTH_LOOPS=$loops
        export TELEHEALTH_CHIME_CALLS_PER_SECOND=${chime_calls:-10000} TELEHEALTH_LOG_LEVEL=${3:-info}
        export TELEHEALTH_AUDIT_READS=${audit_reads:-true}
        # One identity stands for a thousand here.
        [ "${rate_limits:-none}" = default ] || export TELEHEALTH_RATE_LIMITS=none
        counting=()
        [ -z "${4:-}" ] || counting "$4"
        on "$2" "${counting[@]}" "$bin/telehealthd"
    ) >"$work/daemon.txt" 2>>"$1.log" &
    daemon=$! && started+=($!)
    until grep -q address "$work/daemon.txt" || ! kill -0 "$daemon" 2>/dev/null; do sleep 0.005; done
    milliseconds=$((($(date +%s%N) - began) / 1000000))
    address=$(address_in "$work/daemon.txt" "$daemon")
    note_once "telehealthd" "taskset -c $2 telehealthd   # TELEHEALTH_LOOPS=$loops TELEHEALTH_CHIME_CALLS_PER_SECOND=${chime_calls:-10000} TELEHEALTH_RATE_LIMITS=${rate_limits:-none}"
}

stopped_figure() { # stopped_figure LOG NAME: from the daemon's last line.
    grep -a '"message":"stopped"' "$1" | tail -1 | sed -n "s/.*\"$2\":\"\([0-9]*\)\".*/\1/p"
}

# resident_parts PID: what the process holds, in MiB; the parts add up to VmRSS.
resident_parts() {
    awk '/^[0-9a-f]+-/ { file = $6 } /^Rss:/ { rss = $2 }
        /^Anonymous:/ {
            own += $2
            if (file ~ /telehealthd$/) program += rss - $2; else rest += rss - $2
        }
        END {
            printf "%.1f the process'"'"'s own, %.1f pages of the program'"'"'s file, %.1f of libraries'"'"' and the database'"'"'s", \
                own / 1024, program / 1024, rest / 1024
        }' "/proc/$1/smaps"
}

service() {
    command -v h2load >/dev/null || { say "h2load is missing: tools/install-packages bench"; exit 1; }
    build telehealthd chime-simulator telehealth-bench rpc-bench telehealth-probe
    : >"$work/commands"
    start_simulator
    local allocations_each round data="$work/data" before after
    mkdir -p "$data" "$work/service"
    start_daemon "$data" 0
    sleep 1
    local idle parts started_cpu
    started_cpu=$(($(cpu_ns "$daemon") / 1000000))
    idle=$(resident "$daemon")
    parts=$(resident_parts "$daemon")
    echo "── telehealthd: serving $milliseconds ms after its first start, $idle MiB resident when idle ($parts)"
    aim "telehealthd: from its first start to serving" "$milliseconds" "<=" 100 ms \
        "$started_cpu ms are CPU of the start and of the following second; the rest was waiting for the disk or a core"
    aim "  resident when idle" "$idle" "<=" 30 MiB "$parts"
    local answer
    answer=$("$bin/telehealth-bench" read-request --target "$address" --data-dir "$data" --directory "$work/service")
    local request=("${grpc_header[@]}" -H "authorization: Bearer $(cat "$work/service/token")" -d "$work/service/body"
        "http://$address/telehealth.v1.TelehealthService/GetSession")
    for round in $(seq 0 "$rounds"); do
        say "GetSession: round $round of $rounds"
        load service/GetSession-10x10 "$daemon" 50000 "$answer" -c 10 -m 10 "${request[@]}"
        load service/GetSession-10x100 "$daemon" 50000 "$answer" -c 10 -m 100 "${request[@]}"
        unit_round
        if [ "$round" = 0 ]; then rm -f "$work"/service/*.cpu; fi
    done
    stop "$daemon"
    local level
    for level in info notice; do
        audit_reads=false start_daemon "$data" 0 "$level"
        request[-1]="http://$address/telehealth.v1.TelehealthService/GetSession"
        for round in $(seq "$rounds"); do
            load "service/GetSession-$level" "$daemon" 50000 "$answer" -c 10 -m 100 "${request[@]}"
            unit_round
        done
        [ "$level" != notice ] || health_probes
        stop "$daemon"
    done
    watches "$data"
    sed -i "s/Bearer [^ ']*/Bearer TOKEN/" "$work/commands"

    for round in 1 2 3; do
        say "JoinSession: round $round of 3"
        start_daemon "$data" 0
        "$bin/telehealth-bench" joins --prepare --tag "$round" --target "$address" --data-dir "$data" >/dev/null
        stop "$daemon"
        # A fresh start: its last line then counts the commits of the joins alone.
        start_daemon "$data" 0
        before=$(cpu_ns "$daemon")
        (on 1 "$bin/telehealth-bench" joins --tag "$round" --target "$address" --data-dir "$data") >"$work/joins.txt" \
            || { cat "$work/joins.txt" >&2; exit 1; }
        after=$(cpu_ns "$daemon")
        stop "$daemon"
        unit_round
        awk -v a="$before" -v b="$after" 'BEGIN { printf "%.1f\n", (b - a) / 1000 / 8000 }' >>"$work/service/join.cpu"
        awk -v c="$(stopped_figure "$data.log" commits)" 'BEGIN { printf "%.1f\n", 8000 / c }' >>"$work/service/join.batch"
        awk '/^join / { print $3, $4 }' "$work/joins.txt" >"$work/t"
        cut -d' ' -f1 "$work/t" >>"$work/service/join.p50"
        cut -d' ' -f2 "$work/t" >>"$work/service/join.p99"
        sed -n 's/.* \([0-9]*\) a second.*/\1/p' "$work/joins.txt" >>"$work/service/join.rate"
    done
    note "JoinSession" "taskset -c 1 telehealth-bench joins --callers 200 --sessions 40   # behind joins --prepare and a restart"
    stop "$simulator"
    printf '%-54s %10s\n' "GetSession of $answer bytes, CPU, 10x10" "$(median "$work/service/GetSession-10x10.cpu") us"
    printf '%-54s %10s\n' "GetSession of $answer bytes, CPU, 10x100" "$(median "$work/service/GetSession-10x100.cpu") us"
    printf '%-54s %10s\n' "  the same without its audit row" "$(median "$work/service/GetSession-info.cpu") us"
    printf '%-54s %10s\n' "  and without its log line" "$(median "$work/service/GetSession-notice.cpu") us"
    printf '%-54s %10s\n' "  allocations per call" "$allocations_each"
    printf '%-54s %10s\n' "open WatchSession stream, of $(held_figure watches streams 2)" "$(held_figure watches streams 3) KiB"
    printf '%-54s %10s\n' "  with the audit row of its opening and its cached pages" "$(held_figure audited streams 3) KiB"
    printf '%-54s %10s\n' "durable first JoinSession, CPU, 200 callers" "$(median "$work/service/join.cpu") us"
    printf '%-54s %10s\n' "  joins per commit" "$(median "$work/service/join.batch")"
    printf '%-54s %10s\n' "  latency p50, p99" "$(median "$work/service/join.p50"), $(median "$work/service/join.p99") ms"
    printf '%-54s %10s\n' "  joins a second" "$(median "$work/service/join.rate")"
    printf '%-54s %10s\n' "telehealth-probe health, CPU from start to end" "$(median "$work/service/probe") ms"
    printf '%-54s %10s\n' "  curl --http2-prior-knowledge" "$(median "$work/service/curl") ms"
    say_unit
    aim "GetSession of $answer bytes, 10 x 100, not audited, CPU" \
        "$(in_units "$(median "$work/service/GetSession-info.cpu")")" "<=" 5.5 U \
        "$(ratio "$(median "$work/service/GetSession-notice.cpu")" "$(unit)") U without the call's log line"
    aim "  with its audit row" "$(in_units "$(median "$work/service/GetSession-10x100.cpu")")" "<=" 11 U
    aim "idle WatchSession stream, resident" "$(held_figure watches streams 3)" "<=" 1 KiB \
        "$watch_parts"
    aim "durable first JoinSession, CPU, 200 callers" "$(in_units "$(median "$work/service/join.cpu")")" "<=" 60 U \
        "half is the writer's (24 kB in 10 writes a join, and sync), half the loop's (the session is loaded cold)"
    aim "  joins per commit" "$(median "$work/service/join.batch")" ">=" 20
    aim "telehealth-probe health, CPU from start to end" "$(median "$work/service/probe")" "<=" "$(probe_bound)" ms \
        "10 ms, or twice what curl takes"
    commands
}

probe_bound() { median "$work/service/curl" | awk '{ print ($1 * 2 > 10 ? $1 * 2 : 10) }'; }

# cpu_of RUNS COMMAND...: milliseconds of CPU of one run.
cpu_of() {
    local runs=$1 TIMEFORMAT='%3U %3S'
    shift
    { time for _ in $(seq "$runs"); do "$@" >/dev/null; done; } 2>&1 |
        awk -v n="$runs" '{ ms = ($1 + $2) * 1000 / n } END { printf "%.1f\n", ms }'
}

health_probes() {
    local round
    for round in $(seq "$rounds"); do
        cpu_of 10 "$bin/telehealth-probe" health --target "$address" >>"$work/service/probe"
        ! command -v curl >/dev/null || cpu_of 10 curl -s --http2-prior-knowledge "http://$address/" >>"$work/service/curl"
    done
    note "telehealth-probe" "telehealth-probe health --target $address   # 10 of them, beside 10 curl --http2-prior-knowledge"
}

# By size, with the allocator's word for each; tables are the session's slots, nghttp2's map and the hub's seats.
watch_parts="as once counted: 1.08 objects in use (stream of nghttp2 0.23, call 0.20, CallStream 0.25, context 0.16, SessionWatch 0.17, \
WatchRelay 0.06), 0.07 tables; the rest is free between them, where calls were that opened watches"

# watches DATA: what an open WatchSession costs, and how often GetSession allocates, each in a daemon of its own.
watches() {
    local before prefix
    mkdir -p "$work/held"
    # Without the audit row of its opening, whose pages are the database's; and with it.
    audit_reads=false hold_watches watches "$1"
    hold_watches audited "$1"
    note "WatchSession" "taskset -c 1 rpc-bench hold --connections 100 --streams 100 --path /telehealth.v1.TelehealthService/WatchSession   # behind 10000 GetSession and 100 watches; TELEHEALTH_AUDIT_READS=false"
    allocations_each=-
    allocation_counter || return 0
    start_daemon "$1" 0 notice "$work/service/allocations"
    prefix=${request[-1]#http://*/}
    request[-1]="http://$address/$prefix"
    h2load -n 5000 -c 10 -m 100 "${request[@]}" >/dev/null
    before=$(allocations_in "$work/service/allocations")
    h2load -n 10000 -c 10 -m 100 "${request[@]}" >/dev/null
    allocations_each=$(per "$(($(allocations_in "$work/service/allocations") - before))" 10000)
    stop "$daemon"
}

# hold_watches NAME DATA: 10,000 open watches in a daemon of their own; what they cost is in $work/held/NAME.
hold_watches() {
    local flags prefix=${request[-1]#http://*/}
    start_daemon "$2" 0 notice
    request[-1]="http://$address/$prefix"
    flags=(--target "$address" --server-pid "$daemon" --path /telehealth.v1.TelehealthService/WatchSession
        --header "authorization: Bearer $(cat "$work/service/token")" --body "$work/service/watch")
    # What the first calls and watches allocate, and the code they load, does not belong to watches.
    h2load -n 10000 -c 10 -m 10 "${request[@]}" >/dev/null
    "$bin/rpc-bench" hold --connections 10 --streams 10 "${flags[@]}" >/dev/null
    (on 1 "$bin/rpc-bench" hold --connections 100 --streams 100 "${flags[@]}") >"$work/held/$1" ||
        say "the watches were not held to their end"
    stop "$daemon"
}
