"""One Redis command without any library: running needs fewer packages than testing."""
import socket
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 2


def read_reply(stream):
    line = stream.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind == b"$":
        size = int(rest)
        return None if size < 0 else stream.read(size + 2)[:-2].decode()
    if kind == b":":
        return int(rest)
    if kind == b"+":
        return rest.decode()
    raise OSError(f"redis: {line.decode(errors='replace') or 'closed'}")


def redis_command(url, *words):
    """Simple replies only (status, integer, bulk). Raises OSError."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port or 6379), TIMEOUT_S) as s:
        with s.makefile("rwb") as stream:
            login = [w for w in (parts.username, parts.password) if w]
            for command in ([["AUTH", *map(unquote, login)]] if login else []) + [list(words)]:
                encoded = [str(w).encode() for w in command]
                stream.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded))
                stream.flush()
                reply = read_reply(stream)
            return reply


def redis_answers(url):
    try:
        return redis_command(url, "PING") == "PONG"
    except (OSError, ValueError):
        return False
