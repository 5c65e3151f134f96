#!/bin/bash
# Builds what compose would pull, for a machine without an image registry: the Debian base (base.sh), and stand-ins for
# the official Redis, HAProxy and Kafka images (local.Dockerfile). Prints the settings that make compose use them:
#
#   deploy/images/local.sh >> .env
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kafka=$(cd "$here/../kafka" && PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 kafka.py fetch)
export DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0}

base=beistand-local/base:bookworm

build() { # name context
    docker build -q --build-arg "BASE_IMAGE=$base" --network "${BUILD_NETWORK:-host}" -f "$here/local.Dockerfile" \
        --target "$1" -t "beistand-local/$1:bookworm" "$2" >&2
}

"$here/base.sh" "$base" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Without BuildKit every stage above the wanted one is built too: kafka is the last, and the only one with a context.
build redis "$work"
build haproxy "$work"
build kafka "$kafka"
cat <<END
BASE_IMAGE=$base
REDIS_IMAGE=beistand-local/redis:bookworm
HAPROXY_IMAGE=beistand-local/haproxy:bookworm
KAFKA_IMAGE=beistand-local/kafka:bookworm
BUILD_NETWORK=${BUILD_NETWORK:-host}
END
