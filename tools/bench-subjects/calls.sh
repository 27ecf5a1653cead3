# Sourced by tools/bench: unary and streamed calls of bench.Echo, ours beside peers.

grpc_header=(-H 'content-type: application/grpc' -H 'te: trailers' -H 'grpc-timeout: 30S' -H 'x-request-id: 5f1b6a52-0f3c')

frame() { # frame BYTES: a length-prefixed EchoRequest with a payload of that size, on standard output.
    python3 - "$1" <<'PYTHON'
import struct, sys
size = int(sys.argv[1])
length, rest = b"", size
while rest > 127:
    length += bytes([rest & 127 | 128])
    rest >>= 7
message = b"\x0a" + length + bytes([rest]) + b"a" * size
sys.stdout.buffer.write(b"\0" + struct.pack(">I", len(message)) + message)
PYTHON
}

# load RESULT PID CALLS BYTES-AT-LEAST H2LOAD-ARGUMENT...: one run; keeps the server's CPU us per call in
# $work/RESULT.cpu. Every call must be answered with at least so many bytes, so a refusal does not count as success.
load() {
    local result=$1 pid=$2 calls=$3 bytes=$4 before after
    shift 4
    mkdir -p "$work/$(dirname "$result")"
    before=$(cpu_ns "$pid")
    (on 1 h2load -n "$calls" "$@") >"$work/h2load.txt" 2>&1 || { cat "$work/h2load.txt" >&2; exit 1; }
    after=$(cpu_ns "$pid")
    grep -q " $calls succeeded" "$work/h2load.txt" || { cat "$work/h2load.txt" >&2; say "not every call was answered"; exit 1; }
    sed -n 's/.*(\([0-9]*\)) data.*/\1/p' "$work/h2load.txt" | awk -v n="$calls" -v least="$bytes" '$1 < n * least { exit 1 }' \
        || { cat "$work/h2load.txt" >&2; say "$result: answers are too short to be replies"; exit 1; }
    awk -v a="$before" -v b="$after" -v n="$calls" 'BEGIN { printf "%.2f\n", (b - a) / 1000 / n }' >>"$work/$result.cpu"
    note_once "${result#*/}" "taskset -c 1 h2load -n $calls$(quoted "$@" | sed "s|$(quoted "${grpc_header[@]}")| \$HEADERS|")"
}
quoted() { # quoted WORD...: as a shell would take them.
    local word
    for word; do
        case $word in *[!A-Za-z0-9_./:=%+-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
    done
}
note_once() {
    grep -qF "  $1 " "$work/commands" 2>/dev/null || note "$1" "$2"
}

start_nghttpd() { # start_nghttpd [ENV...] [FLAG...]: sets $pid and $port; it cannot choose a port by itself.
    local prefix=()
    while [ $# -gt 0 ] && [ "${1:0:1}" != - ]; do prefix+=("$1") && shift; done
    for _ in $(seq 20); do
        port=$((20000 + RANDOM % 12000))
        (on 0 "${prefix[@]}" nghttpd --address=127.0.0.1 -n 1 -d "$work/www" "$@" "$port" "${nghttpd_tls[@]}") >"$work/nghttpd.txt" 2>&1 &
        pid=$!
        sleep 0.5
        if kill -0 "$pid" 2>/dev/null; then
            started+=("$pid")
            return
        fi
    done
    cat "$work/nghttpd.txt" >&2
    exit 1
}

grpc_cpp() { # builds the gRPC C++ echo once; fails when its libraries are not there.
    [ "$cache/grpc_echo" -nt tools/bench-peers/grpc_echo.cc ] && return
    pkg-config --exists grpc++ protobuf 2>/dev/null && command -v grpc_cpp_plugin g++ >/dev/null || return 1
    say "Building the gRPC C++ echo server…"
    mkdir -p "$cache/gen"
    protoc -Itools/bench-peers --cpp_out="$cache/gen" --grpc_out="$cache/gen" \
        --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" echo.proto
    # shellcheck disable=SC2046
    g++ -std=c++17 -O2 -I"$cache/gen" tools/bench-peers/grpc_echo.cc "$cache"/gen/echo.pb.cc "$cache"/gen/echo.grpc.pb.cc \
        -o "$cache/grpc_echo" $(pkg-config --cflags --libs grpc++ protobuf) -lpthread
}

grpc_go() { # builds the grpc-go echo once, from Debian's packages alone.
    [ "$cache/grpc_go_echo" -nt tools/bench-peers/grpc-go/main.go ] && return
    command -v go >/dev/null && [ -d /usr/share/gocode/src/google.golang.org/grpc ] || return 1
    say "Building the grpc-go echo server…"
    mkdir -p "$cache"
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$PWD/$cache/go go build -o "$cache/grpc_go_echo" tools/bench-peers/grpc-go/main.go \
        >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; return 1; }
}

declare -A pid_of url_of

make_certificate() {
    [ -f "$work/cert.pem" ] && return
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
}

# listen NAME SCHEME COMMAND...: starts a server that prints its address.
listen() {
    local name=$1 scheme=$2 out="$work/$1.txt"
    shift 2
    : >"$out"
    (on 0 "$@") >"$out" 2>&1 &
    pid_of[$name]=$! && started+=($!)
    url_of[$name]="$scheme://$(address_in "$out" "${pid_of[$name]}")"
}

make_small_file() {
    mkdir -p "$work/www"
    head -c 100 /dev/zero | tr '\0' a >"$work/www/100"
}

start_echo_servers() {
    make_small_file
    frame 100 >"$work/100"
    frame 1048576 >"$work/1M"
    make_certificate
    listen ours http "$bin/rpc-bench" server
    note "ours" "taskset -c 0 rpc-bench server"
    listen ours-tls https "$bin/rpc-bench" server --cert "$work/cert.pem" --key "$work/key.pem"
    note "ours-tls" "taskset -c 0 rpc-bench server --cert cert.pem --key key.pem"
    nghttpd_tls=()
    start_nghttpd --no-tls
    pid_of[nghttpd]=$pid url_of[nghttpd]="http://127.0.0.1:$port"
    note "nghttpd" "taskset -c 0 nghttpd -n 1 --no-tls"
    nghttpd_tls=("$work/key.pem" "$work/cert.pem")
    start_nghttpd
    pid_of[nghttpd-tls]=$pid url_of[nghttpd-tls]="https://127.0.0.1:$port"
    note "nghttpd-tls" "taskset -c 0 nghttpd -n 1 PORT key.pem cert.pem"
    servers=(ours ours-tls nghttpd nghttpd-tls)
    if grpc_cpp; then
        listen grpc-c++ http "$cache/grpc_echo"
        servers+=(grpc-c++)
        note "grpc-c++" "taskset -c 0 grpc_echo   # tools/bench-peers/grpc_echo.cc, g++ -O2, $(pkg-config --modversion grpc++)"
    else
        echo "gRPC C++ is left out: its packages are not installed (tools/install-packages bench)."
    fi
    if grpc_go; then
        listen grpc-go http "$cache/grpc_go_echo"
        servers+=(grpc-go)
        note "grpc-go" "taskset -c 0 grpc_go_echo   # tools/bench-peers/grpc-go, $(dpkg-query -W -f '${Version}' golang-google-grpc-dev 2>/dev/null)"
    else
        echo "grpc-go is left out: its packages are not installed (tools/install-packages bench)."
    fi
}

# drive NAME CALLS COMMAND...: one run of a client on our server, beside it as h2load is; keeps its calls a second, and
# the CPU us per call of both sides.
drive() {
    local name=$1 calls=$2 before after TIMEFORMAT='%3U %3S'
    shift 2
    before=$(cpu_ns "${pid_of[ours]}")
    { time { (on 1 "$@") >"$work/drive.txt" 2>&1; }; } 2>"$work/time.txt" || { cat "$work/drive.txt" >&2; exit 1; }
    after=$(cpu_ns "${pid_of[ours]}")
    sed -n 's/.*: \([0-9]*\) a second.*/\1/p' "$work/drive.txt" >>"$work/calls/$name"
    awk -v n="$calls" '{ printf "%.2f\n", ($1 + $2) * 1e6 / n }' "$work/time.txt" >>"$work/calls/$name.cpu"
    awk -v a="$before" -v b="$after" -v n="$calls" 'BEGIN { printf "%.2f\n", (b - a) / 1000 / n }' \
        >>"$work/calls/$name.server.cpu"
}

# The clients take turns, so that a change of the machine's pace meets all of them.
drive_clients() {
    local target=${url_of[ours]#http://}
    local ours=("$bin/rpc-bench" client --target "$target" --channels 2 --concurrency 100 --calls 200000)
    drive client 200000 "${ours[@]}"
    drive client-on-channel 200000 "${ours[@]}" --on-channel
    [ -z "${url_of[grpc-c++]:-}" ] || drive client-c++ 50000 "$cache/grpc_echo" "$target" 2 100 50000
}

# Allocations of each server per call, counted in processes of their own: counting costs time. Go has its own heap.
count_allocations() {
    allocation_counter || { echo "Allocations are not counted: there is no C compiler."; return; }
    local server file before request
    for server in "${servers[@]}"; do
        file="$work/allocations/$server"
        mkdir -p "$work/allocations"
        counting "$file"
        request=("${grpc_header[@]}" -d "$work/100")
        case $server in
        ours) listen counted http "${counting[@]}" "$bin/rpc-bench" server ;;
        ours-tls) listen counted https "${counting[@]}" "$bin/rpc-bench" server --cert "$work/cert.pem" --key "$work/key.pem" ;;
        nghttpd) nghttpd_tls=() && start_nghttpd "${counting[@]}" --no-tls ;;
        nghttpd-tls) nghttpd_tls=("$work/key.pem" "$work/cert.pem") && start_nghttpd "${counting[@]}" ;;
        grpc-c++) listen counted http "${counting[@]}" "$cache/grpc_echo" ;;
        *) continue ;;
        esac
        case $server in
        nghttpd*) pid_of[counted]=$pid && url_of[counted]="${url_of[$server]%:*}:$port/100" && request=() ;;
        *) url_of[counted]+=/bench.Echo/Unary ;;
        esac
        h2load -n 10000 -c 10 -m 100 "${request[@]}" "${url_of[counted]}" >/dev/null
        before=$(allocations_in "$file")
        h2load -n 20000 -c 10 -m 100 "${request[@]}" "${url_of[counted]}" >/dev/null
        per "$(($(allocations_in "$file") - before))" 20000 >"$work/allocations/$server.per"
        stop "${pid_of[counted]}"
    done
    counting "$work/allocations/client"
    ("${counting[@]}" "$bin/rpc-bench" client --target "${url_of[ours]#http://}" --channels 2 \
        --concurrency 100 --calls 100000) >/dev/null
    per "$(allocations_in "$work/allocations/client")" 100000 >"$work/allocations/client.per"
}
allocations() { cat "$work/allocations/$1.per" 2>/dev/null || echo -; }

calls() {
    command -v h2load >/dev/null && command -v nghttpd >/dev/null \
        || { say "h2load and nghttpd are missing: tools/install-packages bench"; exit 1; }
    build rpc-bench
    : >"$work/commands"
    start_echo_servers
    local round server shape n
    mkdir -p "$work/unit"
    for round in $(seq 0 "$rounds"); do
        say "calls: round $round of $rounds"
        for shape in 1x1:5000:1:1 10x10:100000:10:10 10x100:200000:10:100; do
            IFS=: read -r name n c m <<<"$shape"
            for server in "${servers[@]}"; do
                local count=$n request=("${grpc_header[@]}" -d "$work/100" "${url_of[$server]}/bench.Echo/Unary")
                case $server in
                nghttpd*) request=("${url_of[$server]}/100") ;;
                grpc-*) [ "$n" -gt 10000 ] && count=$((n / 4)) ;;
                esac
                local log=()
                [ "$name" = 1x1 ] && log=("--log-file=$work/times")
                rm -f "$work/times"
                load "calls/$server.$name" "${pid_of[$server]}" "$count" 100 -c "$c" -m "$m" "${log[@]}" "${request[@]}"
                [ -f "$work/times" ] && cut -f3 "$work/times" >"$work/t" && median "$work/t" >>"$work/calls/$server.latency"
            done
        done
        load calls/async.10x100 "${pid_of[ours]}" 200000 100 -c 10 -m 100 "${grpc_header[@]}" -d "$work/100" \
            "${url_of[ours]}/bench.Echo/UnaryTask"
        for server in ours grpc-c++ grpc-go; do
            [ -n "${url_of[$server]:-}" ] || continue
            n=20000
            [ "$server" = ours ] || n=2000
            load "calls/$server.stream" "${pid_of[$server]}" "$n" 10000 -c 10 -m 10 "${grpc_header[@]}" -d "$work/100" \
                "${url_of[$server]}/bench.Echo/ServerStream"
            load "calls/$server.1MiB" "${pid_of[$server]}" 400 1048576 -c 2 -m 2 -w 20 -W 20 "${grpc_header[@]}" -d "$work/1M" \
                "${url_of[$server]}/bench.Echo/Unary"
        done
        drive_clients
        cp "$work/calls/nghttpd.10x100.cpu" "$work/unit/U.cpu"
        # The first round warms caches and allocators up and does not count.
        if [ "$round" = 0 ]; then rm -f "$work"/calls/*; fi
    done
    note '$HEADERS' "${grpc_header[*]@Q}"
    note "our client" "taskset -c 1 rpc-bench client --channels 2 --concurrency 100 --calls 200000"
    note "our client, on channel" "taskset -c 1 rpc-bench client --channels 2 --concurrency 100 --calls 200000 --on-channel"
    [ -z "${url_of[grpc-c++]:-}" ] || note "gRPC C++ client" "taskset -c 1 grpc_echo TARGET 2 100 50000"
    count_allocations
    note "allocations" "BENCH_ALLOCATIONS=FILE LD_PRELOAD=allocations.so SERVER; the second of two h2load -c 10 -m 100"
    print_calls
    for server in "${servers[@]}"; do stop "${pid_of[$server]}"; done
    commands
}

cell() { median "$work/calls/$1.cpu"; }

print_calls() {
    echo "── unary echo of 100 bytes with an interceptor: CPU us per call on the server's core, connections x streams; median of $rounds rounds"
    printf '%-34s %8s %8s %8s %14s %12s %18s\n' server 1x1 10x10 10x100 "1x1 p50 us" "peak MiB" "allocations/call"
    for server in "${servers[@]}"; do
        printf '%-34s %8s %8s %8s %14s %12s %18s\n' "$server" "$(cell "$server.1x1")" "$(cell "$server.10x10")" \
            "$(cell "$server.10x100")" "$(median "$work/calls/$server.latency")" \
            "$(resident "${pid_of[$server]}" VmHWM)" "$(allocations "$server")"
    done
    printf '%-34s %8s %8s %8s\n' "  ours, asynchronous handler" "" "" "$(cell async.10x100)"
    compare "ours / nghttpd" ours nghttpd
    compare "ours / nghttpd, both TLS 1.3" ours-tls nghttpd-tls
    compare "ours: TLS 1.3 / plain" ours-tls ours
    compare "gRPC C++ / ours" grpc-c++ ours
    compare "grpc-go / ours" grpc-go ours
    echo
    echo "── streams and large messages; median of $rounds rounds"
    for server in ours grpc-c++ grpc-go; do
        [ -n "${url_of[$server]:-}" ] || continue
        printf '%-34s %s million messages of 100 bytes per CPU-second (100 a call, 10 x 10)\n' "$server" "$(streamed "$server")"
        printf '%-34s %s GiB echoed per CPU-second in messages of 1 MiB (%s us each, in and out)\n' "$server" \
            "$(echoed "$server")" "$(cell "$server.1MiB")"
    done
    echo
    echo "── unary echo of 100 bytes on our server: calls a second, 2 connections x 100 callers, a core for each side"
    printf '%-34s %8s %10s %10s %10s %10s %18s\n' client median slowest fastest "CPU us" "server's" allocations/call
    driven "our client" client
    driven "  callers on the channel's thread" client-on-channel
    if [ -n "${url_of[grpc-c++]:-}" ]; then
        driven "gRPC C++ client" client-c++
        printf '%-34s %8s\n' "ours / gRPC C++" "$(ratio "$(median "$work/calls/client")" "$(median "$work/calls/client-c++")")"
    fi
    echo
    say_unit
    aim_calls
}
driven() { # driven TITLE NAME: medians, and the slowest and fastest of the rounds.
    printf '%-34s %8s %10s %10s %10s %10s %18s\n' "$1" "$(median "$work/calls/$2")" "$(sort -n "$work/calls/$2" | head -1)" \
        "$(sort -n "$work/calls/$2" | tail -1)" "$(cell "$2")" "$(cell "$2.server")" "$(allocations "$2")"
}
driving_costs() { # driving_costs NAME: why it is not faster.
    echo "each side has a core, and used $(cell "$1") us (client) and $(cell "$1.server") us (server) of it per call;" \
        "what is left of the time it waited for the other, or for other programs"
}
streamed() { awk -v cpu="$(cell "$1.stream")" 'BEGIN { printf "%.2f", 100 / cpu }'; }
echoed() { awk -v cpu="$(cell "$1.1MiB")" 'BEGIN { printf "%.2f", 1e6 / cpu / 1024 }'; }

compare() { # compare TITLE A B
    [ -n "${url_of[$2]:-}" ] && [ -n "${url_of[$3]:-}" ] || return 0
    printf '%-34s %8s %8s %8s %14s\n' "$1" "$(cells "$2" "$3" 1x1)" "$(cells "$2" "$3" 10x10)" "$(cells "$2" "$3" 10x100)" \
        "$(ratio "$(median "$work/calls/$2.latency")" "$(median "$work/calls/$3.latency")")"
}
cells() { ratio "$(cell "$1.$3")" "$(cell "$2.$3")"; } # cells A B SHAPE: A's CPU for each of B's.

# Where a call's time goes, by a profile (perf record -g) of an echo at 10 x 100.
echo_parts="by a profile: nghttp2 a quarter, allocation a sixth, reference counts a tenth, the kernel a twentieth"
large_parts="of a reply's copies, the one into the stream's queue could go, but then glibc trims its heap after each \
call and 240 pages are faulted in anew"

aim_calls() {
    aim "unary echo 10 x 100 with an interceptor, CPU" "$(in_units "$(cell ours.10x100)")" "<=" 1.45 U "$echo_parts"
    aim "  of an asynchronous handler that does not suspend" "$(in_units "$(cell async.10x100)")" "<=" 1.6 U
    aim "  gRPC C++ / ours" "$(cells grpc-c++ ours 10x100)" ">=" 4 x
    aim "  grpc-go / ours" "$(cells grpc-go ours 10x100)" ">=" 3 x
    aim "  TLS 1.3 / plain" "$(cells ours-tls ours 10x100)" "<=" 1.25 x
    aim "unary echo 1 x 1, median latency: ours / nghttpd" \
        "$(ratio "$(median "$work/calls/ours.latency")" "$(median "$work/calls/nghttpd.latency")")" "<=" 1.3 x
    aim "streamed messages of 100 bytes per CPU-second" "$(streamed ours)" ">=" 5 million
    aim "messages of 1 MiB, echoed per CPU-second" "$(echoed ours)" ">=" 1 GiB
    aim "  ours / gRPC C++" "$(ratio "$(cell grpc-c++.1MiB)" "$(cell ours.1MiB)")" ">=" 2 x "$large_parts"
    aim "our client on our server, two cores" "$(median "$work/calls/client")" ">=" 150000 "calls/s" \
        "$(driving_costs client)"
    aim "  callers on the channel's thread" "$(median "$work/calls/client-on-channel")" ">=" 150000 "calls/s" \
        "$(driving_costs client-on-channel)"
    aim "  our client / gRPC C++'s, calls a second" \
        "$(ratio "$(median "$work/calls/client")" "$(median "$work/calls/client-c++")")" ">=" 5 x "$(driving_costs client)"
}
