# Sourced by tools/bench: how long a stranger waits before tools/run serves.

clean_build() {
    local began seconds product
    : >"$work/commands"
    began=$(date +%s)
    for product in telehealthd telehealth-probe chime-simulator; do
        say "Building $product…"
        swift build --manifest-cache none -c release --disable-local-rpath --scratch-path "$work/build" --product "$product" \
            >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
    done
    seconds=$(($(date +%s) - began))
    echo "── a clean release build of telehealthd, telehealth-probe and chime-simulator: $seconds s"
    note "build" "swift build -c release --scratch-path EMPTY --product PRODUCT"
    commands
    aim "clean release build of what tools/run needs" \
        "$(awk -v s="$seconds" 'BEGIN { printf "%.1f", s / 60 }')" "<=" 5 "minutes"
}
