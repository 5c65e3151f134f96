"""Fills deploy/edge/haproxy.cfg. One template for one machine and for compose, so both have the same edge."""
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1] / "edge" / "haproxy.cfg"


def render(**values):
    text = TEMPLATE.read_text()
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", str(value))
    return text


def server_lines(name, addresses):
    """addresses: (host:port, health port) of each replica on this machine."""
    return "\n".join(f"    server {name}-{i} {address} check port {health}"
                     for i, (address, health) in enumerate(addresses, 1))


def local_config(listen, certificate, backends, maxconn=2000):
    """backends: {"gateway": [(address, health port), …], …}"""
    servers = {name: server_lines(name, addresses) for name, addresses in backends.items()}
    return render(listen=listen, certificate=certificate, maxconn=maxconn, log="stdout", server="", **{"global": ""},
                  **servers)


# Names that compose gives: service → (port behind the edge, health port). Also in docker-compose.yml.
COMPOSE_PORTS = {"gateway": (8081, 9101), "activation": (8082, 9103), "relay": (8083, 9106)}
COMPOSE_HEALTH_PORT = 8404
COMPOSE_REPLICAS_MAX = 10

# Connections that are still open when the edge is told to stop get this long (docker-compose.yml waits a little longer);
# Docker's DNS knows the replicas as they come and go.
COMPOSE_GLOBAL = """hard-stop-after 12s

resolvers docker
    nameserver dns 127.0.0.11:53
    accepted_payload_size 4096
    timeout resolve 1s
    timeout retry 500ms
    resolve_retries 3
    hold valid 1s
"""

# For the container's health check: ready while each kind of service has at least one replica that is.
COMPOSE_HEALTH = """
frontend health
    bind 127.0.0.1:{port}
    no log
    monitor-uri /readyz
{fails}
"""


def compose_config():
    """For compose. EDGE_CONNECTIONS is read from the environment when HAProxy starts."""
    servers = {name: f"    server-template {name}- {COMPOSE_REPLICAS_MAX} {name}:{port} check port {health}"
               for name, (port, health) in COMPOSE_PORTS.items()}
    fails = "\n".join(f"    monitor fail if {{ nbsrv({name}) lt 1 }}" for name in COMPOSE_PORTS)
    return render(listen="*:8443", certificate="/run/secrets/edge_certificate", maxconn='"${EDGE_CONNECTIONS}"',
                  log="stdout", server="resolvers docker init-addr none", **{"global": COMPOSE_GLOBAL},
                  **servers) + COMPOSE_HEALTH.format(port=COMPOSE_HEALTH_PORT, fails=fails)
