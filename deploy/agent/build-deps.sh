#!/bin/bash
# Cross-builds the two libraries the Windows program links statically and Debian does not ship for
# mingw-w64: libsodium (ristretto255, Ed25519) and libjpeg-turbo (Tight JPEG). Their sources are Debian's
# source packages, fetched with a private apt configuration that copies this machine's own sources with
# deb-src switched on; nothing outside the cache is touched.
#
#   build-deps.sh           builds what is missing, then prints the prefix
#   build-deps.sh --prefix  prints the prefix only
#
# Results are kept by version in ${BEISTAND_CACHE:-$HOME/.cache/beistand}/mingw.
set -euo pipefail

cache=${BEISTAND_CACHE:-$HOME/.cache/beistand}
root=$cache/mingw
prefix=$root/prefix
host=x86_64-w64-mingw32
jobs=$(nproc)

say() { echo "build-deps: $*" >&2; }

if [ "${1:-}" = --prefix ]; then
    echo "$prefix"
    exit 0
fi

mkdir -p "$root"
exec 9>"$root/lock"
flock 9

apt_root=$root/apt

# The private configuration: same sources, same keys, other directories.
write_sources() {
    mkdir -p "$apt_root/sources.list.d" "$apt_root/lists/partial" "$apt_root/archives/partial"
    : >"$apt_root/sources.list"
    if [ -f /etc/apt/sources.list ]; then
        sed -n 's/^deb\([[:space:]]\)/deb-src\1/p' /etc/apt/sources.list >"$apt_root/sources.list"
    fi
    local file
    for file in /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] && sed -n 's/^deb\([[:space:]]\)/deb-src\1/p' "$file" >>"$apt_root/sources.list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] && grep -q debian-archive-keyring "$file" || continue
        sed 's/^Types:.*/Types: deb-src/' "$file" >"$apt_root/sources.list.d/$(basename "$file")"
    done
}

apt_private() {
    local tool=$1
    shift
    "$tool" -q -o Dir::Etc::sourcelist="$apt_root/sources.list" \
        -o Dir::Etc::sourceparts="$apt_root/sources.list.d" \
        -o Dir::State::lists="$apt_root/lists" -o Dir::Cache="$apt_root" \
        -o Dir::Cache::archives="$apt_root/archives" -o APT::Sandbox::User=root \
        -o Acquire::Retries=3 -o Acquire::Languages=none "$@"
}

# A mirror that is being updated serves an index that does not fit its hash: try again from empty lists.
update_index() {
    local try
    for try in 1 2 3 4 5; do
        if apt_private apt-get update >"$root/apt-update.log" 2>&1 &&
            ! grep -Eq 'Hash Sum mismatch|^E:' "$root/apt-update.log"; then
            return 0
        fi
        say "index could not be read (try $try)"
        rm -rf "$apt_root/lists"
        mkdir -p "$apt_root/lists/partial"
        sleep $((try * 3))
    done
    cat "$root/apt-update.log" >&2
    return 1
}

fetch_source() { # package directory
    local try
    mkdir -p "$2"
    for try in 1 2 3 4 5; do
        if (cd "$2" && apt_private apt-get source "$1" >"$root/source-$1.log" 2>&1); then
            return 0
        fi
        say "source of $1 could not be fetched (try $try)"
        update_index || true
        sleep $((try * 2))
    done
    cat "$root/source-$1.log" >&2
    return 1
}

source_dir() { find "$1" -mindepth 1 -maxdepth 1 -type d | head -n 1; }

build_libsodium() { # directory
    (cd "$1" && { [ -x configure ] || autoreconf -fi; } &&
        ./configure --host=$host --prefix="$prefix" --disable-shared --enable-static --disable-ssp \
            CFLAGS='-Os -ffunction-sections -fdata-sections' &&
        make -j"$jobs" && make install)
}

build_libjpeg() { # directory
    cmake -S "$1" -B "$1/build-mingw" -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64 \
        -DCMAKE_C_COMPILER=$host-gcc -DCMAKE_RC_COMPILER=$host-windres \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR="$prefix/lib" \
        -DENABLE_SHARED=OFF -DWITH_TURBOJPEG=OFF -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_FLAGS='-ffunction-sections -fdata-sections' &&
        cmake --build "$1/build-mingw" -j "$jobs" &&
        cmake --install "$1/build-mingw"
}

version_of() { apt_private apt-cache showsrc --only-source "$1" 2>/dev/null | sed -n 's/^Version: //p' | sort -V | tail -n 1; }

build() { # package function library
    if [ -f "$prefix/lib/$3" ] && ls "$root/built/$1"-* >/dev/null 2>&1; then
        return 0
    fi
    if [ ! -d "$apt_root/lists" ]; then
        write_sources
        update_index
    fi
    local version work
    version=$(version_of "$1")
    work=$root/work/$1
    rm -rf "$work"
    say "building $1 $version"
    fetch_source "$1" "$work"
    if ! "$2" "$(source_dir "$work")" >"$root/build-$1.log" 2>&1; then
        tail -n 40 "$root/build-$1.log" >&2
        return 1
    fi
    rm -rf "$work"
    mkdir -p "$root/built"
    touch "$root/built/$1-$version"
}

build libsodium build_libsodium libsodium.a
build libjpeg-turbo build_libjpeg libjpeg.a
echo "$prefix"
