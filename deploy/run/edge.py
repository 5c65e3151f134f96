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


def compose_config():
    """For compose: replicas come and go, Docker's DNS knows them."""
    ports = {"gateway": (8081, 9101), "activation": (8082, 9103), "relay": (8083, 9106)}
    servers = {name: f"    server-template {name}- 10 {name}:{port} check port {health}"
               for name, (port, health) in ports.items()}
    resolvers = "\n\nresolvers docker\n    nameserver dns 127.0.0.11:53\n    hold valid 2s\n    resolve_retries 3\n"
    return render(listen="*:8443", certificate="/run/secrets/edge_certificate", maxconn=20000, log="stdout",
                  server="resolvers docker init-addr none", **{"global": resolvers}, **servers)
