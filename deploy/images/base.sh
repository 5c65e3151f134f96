#!/bin/bash
# Makes the Debian base image on a machine without an image registry: debootstrap from the mirror this machine's apt
# uses, its apt settings (proxy, mirror) copied in so that apt works in builds, `docker import`.
#
#   base.sh IMAGE            needs root, debootstrap and docker
#
# The archive is kept in ~/.cache/beistand (BEISTAND_CACHE), because it takes a minute and never changes its meaning.
set -euo pipefail
image=${1:?base.sh IMAGE}
suite=bookworm
cache=${BEISTAND_CACHE:-$HOME/.cache/beistand}
archive=$cache/compose-base-$suite.tar

# The index targets that apt downloaded or would: main of this suite, from wherever this machine takes it.
mirror() {
    apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v s="$suite" '$2 == s && $3 == "main" { print $1; exit }'
}

# What a slim image leaves out, the same as Debian's own slim variant: documentation, translations.
make_slim() { # root
    cat > "$1/etc/dpkg/dpkg.cfg.d/slim" <<-'END'
	path-exclude /usr/share/doc/*
	path-include /usr/share/doc/*/copyright
	path-exclude /usr/share/man/*
	path-exclude /usr/share/locale/*
	END
    rm -rf "$1"/usr/share/{man,locale,info}/* "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*
    mkdir -p "$1"/usr/share/man/man{1..8} # update-alternatives of some packages links into them
    rm -f "$1/etc/apt/sources.list"
    find "$1/usr/share/doc" -type f ! -name copyright -delete
    cat > "$1/etc/apt/apt.conf.d/80slim" <<-'END'
	APT::Install-Recommends "false";
	Dir::Cache::pkgcache "";
	Dir::Cache::srcpkgcache "";
	DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
	END
}

# How this machine's apt and TLS clients reach what they reach; not kept in the archive, because it may change.
copy_settings() { # root
    mkdir -p "$1"/etc/apt/apt.conf.d "$1"/usr/share/keyrings "$1"/usr/local/share
    local part
    for part in sources.list sources.list.d auth.conf.d; do
        if [ -e "/etc/apt/$part" ]; then cp -r "/etc/apt/$part" "$1/etc/apt/"; fi
    done
    cp /usr/share/keyrings/debian-archive-*.gpg "$1/usr/share/keyrings/"
    apt-config dump Acquire | grep -E '^Acquire::(http|https|Check|Max|Retries)' > "$1/etc/apt/apt.conf.d/90acquire" || true
    if [ -d /usr/local/share/ca-certificates ]; then cp -r /usr/local/share/ca-certificates "$1/usr/local/share/"; fi
    if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
        mkdir -p "$1/etc/ssl/certs"
        cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
    fi
}

build_archive() {
    local from root=$work/root
    from=$(mirror)
    [ -n "$from" ] || { echo "base: apt on this machine knows no mirror with $suite" >&2; exit 1; }
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$from" > "$work/log" 2>&1 ||
        { tail -n 20 "$work/log" >&2; exit 1; }
    make_slim "$root"
    mkdir -p "$cache"
    tar -C "$root" --numeric-owner -cf "$archive.part" .
    mv "$archive.part" "$archive"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -f "$archive" ] || build_archive
mkdir -p "$work/image"
tar -C "$work/image" --numeric-owner -xpf "$archive"
copy_settings "$work/image"
tar -C "$work/image" --numeric-owner -c . | docker import --change 'CMD ["bash"]' - "$image" > /dev/null
echo "$image"
