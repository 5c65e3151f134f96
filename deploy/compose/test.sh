#!/bin/bash
# `make test-compose`: docker-compose.yml for real. Builds the images here (no registry is needed), starts a Docker daemon
# of its own when none runs, brings everything up in a temporary folder, walks the main job through the edge, scales,
# kills, and takes everything down again. Closes with `N passed, N failed`.
#
# Where Docker cannot be started at all it says why and closes with `0 passed, 0 failed, 1 skipped`, exit 0.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
if ! deploy/setup/install.sh build kafka compose; then
    if ! command -v docker > /dev/null || ! command -v docker-compose > /dev/null; then
        echo "skipped: Docker is not installed and its packages cannot be had"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
    fi
    exit 1
fi
make -j"$(nproc)" all > /dev/null || exit 1
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 deploy/compose/smoke.py "$@"
