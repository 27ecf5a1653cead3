# Sourced by tools/bench: what connections and calls that only wait cost the server.

# As many connections as a process may open here, with some descriptors to spare.
many_connections() {
    local limit
    limit=$(($(ulimit -Hn) - 100))
    echo $((limit < 20000 ? limit : 20000))
}

# hold NAME SCHEME [SERVER-FLAG...] -- HOLD-FLAG...: one server of its own; what it cost is in $work/held/NAME.
hold() {
    local name=$1 scheme=$2 server=(server --limit connections-max=30000 --limit connections-per-address-max=30000)
    shift 2
    while [ "$1" != -- ]; do server+=("$1") && shift; done
    shift
    listen held "$scheme" "$bin/rpc-bench" "${server[@]}"
    # What the first calls allocate does not belong to connections.
    h2load -n 2000 -c 10 -m 10 "${grpc_header[@]}" -d "$work/100" "${url_of[held]}/bench.Echo/Unary" >/dev/null
    (on 1 "$bin/rpc-bench" hold --target "${url_of[held]#*//}" --server-pid "${pid_of[held]}" "$@") >"$work/held/$name" ||
        echo "$name was not held to its end" >&2
    note "$name" "rpc-bench hold $*" | sed "s|$work|\$work|g"
    stop "${pid_of[held]}"
}

held_figure() { # held_figure NAME LINE COLUMN
    awk -v line="$2" -v column="$3" '$1 == line { found = $column } END { print found == "" ? "-" : found }' \
        "$work/held/$1" 2>/dev/null || echo -
}

held() {
    build rpc-bench
    : >"$work/commands"
    mkdir -p "$work/held"
    frame 100 >"$work/100"
    make_certificate
    local name many
    many=$(many_connections)
    say "held: idle connections and open streams"
    hold plain http -- --connections 5000
    hold tls https --cert "$work/cert.pem" --key "$work/key.pem" -- --connections 2000 --ca "$work/cert.pem"
    hold streams http -- --connections 1000 --streams 100 --events 10
    hold connections http -- --connections "$many" --streams 1 --events 10
    echo "── held: resident KiB that each costs the server, and one event to all, ms from the first write to each arrival"
    printf '%-34s %12s %12s %12s %12s %12s %12s\n' "" connections "KiB each" streams "KiB each" "event p50" "event p99"
    for name in plain tls streams connections; do
        printf '%-34s %12s %12s %12s %12s %12s %12s\n' "$name" "$(held_figure $name connections 2)" \
            "$(held_figure $name connections 3)" "$(held_figure $name streams 2)" "$(held_figure $name streams 3)" \
            "$(held_figure $name events 3)" "$(held_figure $name events 4)"
    done
    [ "$many" -ge 20000 ] || echo "This machine lets a process open no more than $(ulimit -Hn) descriptors: $many connections stand for 20000."
    aim "idle connection, plain, resident" "$(held_figure plain connections 3)" "<=" 16 KiB
    aim "idle connection, TLS 1.3, resident" "$(held_figure tls connections 3)" "<=" 44 KiB
    aim "idle server stream (rpc-bench), resident" "$(held_figure streams streams 3)" "<=" 1 KiB \
        "as once counted: nghttp2's stream 0.23, call 0.20, CallStream 0.25, context 0.16, and tables of the session and nghttp2"
    aim "streams held on 1,000 connections" "$(held_figure streams streams 2)" ">=" 100000
    aim "connections held with a stream each" "$(held_figure connections connections 2)" ">=" 20000 "" \
        "as many as the limit of open files ($(ulimit -Hn)) leaves room for"
    commands
}
