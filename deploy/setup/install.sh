#!/bin/bash
# Installs what is missing of the Debian packages named in packages-*.txt, and Node for the console.
# Says nothing when nothing is missing, so every make target may call it.
#
#   install.sh build|agent|run|test|kafka|compose|fuzz|bench [...]
#
# Needs root only when something is missing. Exit 1: a package could not be had; the message says which.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
node_wanted=18

say() { echo "install: $*" >&2; }
die() {
    say "$*"
    exit 1
}

wanted_packages() { # group...
    local group
    for group in "$@"; do
        [ -f "$here/packages-$group.txt" ] || die "unknown group '$group' (there is no packages-$group.txt)"
        sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$here/packages-$group.txt"
    done
}

is_installed() { dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'; }

# Debian renamed a few packages between 12 and 13; either name will do.
alternatives() {
    case $1 in
    libjpeg62-turbo-dev) echo libjpeg62-turbo-dev libjpeg-dev ;;
    *) echo "$1" ;;
    esac
}

missing_packages() {
    local package name found
    for package in "$@"; do
        found=
        for name in $(alternatives "$package"); do
            is_installed "$name" && found=yes
        done
        [ -n "$found" ] || echo "$package"
    done
}

node_major() { node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p'; }

needs_node() {
    local major
    major=$(node_major)
    [ -z "$major" ] || [ "$major" -lt "$node_wanted" ] || ! command -v npm >/dev/null
}

needs_java() { ! command -v java >/dev/null; }

# Mirrors that are being updated fail for a moment, so each step is tried three times.
apt_try() {
    local try log
    log=$(mktemp)
    for try in 1 2 3; do
        if DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 "$@" >"$log" 2>&1; then
            rm -f "$log"
            return 0
        fi
        sleep $((try * 2))
    done
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
}

install() {
    [ "$(id -u)" = 0 ] || die "missing: $* — run as root: apt-get install $*"
    say "installing: $*"
    apt_try update || die "Debian's package index is out of reach; missing: $*"
    apt_try install --no-install-recommends "$@" || die "could not install: $*"
}

main() {
    [ $# -gt 0 ] || die "usage: install.sh build|agent|run|test|kafka|compose|fuzz|bench ..."
    local missing=() group
    mapfile -t missing < <(missing_packages $(wanted_packages "$@"))
    for group in "$@"; do
        case $group in
        build | run) if needs_node; then missing+=(nodejs npm); fi ;;
        kafka) if needs_java; then missing+=(default-jre-headless); fi ;;
        esac
    done
    if [ ${#missing[@]} -gt 0 ]; then
        mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
        install "${missing[@]}"
    fi
    case " $* " in *" build "*) if needs_node; then
        die "the console needs Node $node_wanted or newer with npm; found: $(node --version 2>/dev/null || echo none)"
    fi ;; esac
}

main "$@"
