"""A webhook receiver: an HTTP server on loopback that keeps what it gets and answers as it is told."""
import base64
import hashlib
import hmac
import http.server
import json
import socketserver
import ssl
import threading
import time

from processes import wait_for


class Got:
    """One request."""

    def __init__(self, path, headers, body):
        self.path, self.headers, self.body, self.at = path, headers, body, time.monotonic()
        self.json = json.loads(body)
        self.id, self.type = headers["webhook-id"], self.json["type"]
        self.session = self.json["data"].get("session", {}).get("id")

    def signed_by(self, secret):
        """Is one of the signatures made with that secret? RFC 2104 by hand, as the specification has it."""
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        text = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


class Receiver:
    """answer(got) → status, (status, body) or (status, body, headers); default 204. hold: requests wait until it is set."""

    def __init__(self, answer=None, certificate=None):
        self.got, self.answer, self.lock, self.hold = [], answer or (lambda got: 204), threading.Lock(), None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                got = Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                with receiver.lock:
                    receiver.got.append(got)
                    answer = receiver.answer(got)
                if receiver.hold:
                    receiver.hold.wait(30)
                answer = answer if isinstance(answer, tuple) else (answer,)
                status, text, headers = answer + (b"", {})[len(answer) - 1:]
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass

            do_GET = do_POST

            def log_message(self, *args):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *args):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}/hook"

    def of(self, kind):
        return [g for g in list(self.got) if g.type == kind]

    def wait(self, count, seconds=15, kind=None):
        """Once there are so many requests (of that type)."""
        def enough():
            found = self.of(kind) if kind else list(self.got)
            return found if len(found) >= count else None
        return wait_for(enough, seconds, lambda: f"have {[(g.type, g.id) for g in self.got]}")

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.hold:
            self.hold.set()
        self.close()
