#!/bin/bash
# Makes what `docker compose up` needs and nobody else may know: .env, secrets/, the edge's configuration, the stamped
# program. Keeps what is there, so it may run as often as you like. See setup.py and README.md.
#
#   deploy/compose/setup.sh https://support.example.com --smtp smtps://user:password@mail.example.com:465
#   deploy/compose/setup.sh https://127.0.0.1:8443 --mail-sink            to try it out
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || { echo "setup: needs python3" >&2; exit 1; }
command -v openssl > /dev/null || { echo "setup: needs openssl" >&2; exit 1; }
PYTHONDONTWRITEBYTECODE=1 exec "$python" "$here/setup.py" "$@"
