"""A client of GET /v1/events: parses the stream as WHATWG HTML 9.2.6 says and keeps what came, in order."""
import http.client
import json
import threading

from processes import wait_for


class Events:
    """events: [(id, event, data)] as dispatched; last_id also follows ids without data (heartbeats)."""

    def __init__(self, client, gateway=0, last_id=None):
        host, port = client.gateways[gateway].listen.split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)
        headers = {"Authorization": f"Bearer {client.key}", **({"Last-Event-ID": last_id} if last_id else {})}
        self.connection.request("GET", "/v1/events", headers=headers)
        self.response = self.connection.getresponse()
        self.status, self.events, self.last_id, self.beats, self.ended = self.response.status, [], last_id, 0, False
        self.clean = None
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event, data, new_id = "message", [], self.last_id
        try:
            while line := self.response.readline():
                text = line.decode().rstrip("\r\n")
                name, _, value = text.partition(":")
                value = value.removeprefix(" ")
                if not text:
                    self.last_id = new_id
                    if data:
                        self.events.append((new_id, event, json.loads("\n".join(data))))
                    event, data = "message", []
                elif not name:
                    self.beats += 1
                elif name == "id":
                    new_id = value
                elif name == "event":
                    event = value
                elif name == "data":
                    data.append(value)
            self.clean = True
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            self.clean = False
        self.ended = True

    def of(self, *names):
        return [e for e in list(self.events) if e[1] in names]

    def wait(self, condition, seconds=15):
        return wait_for(lambda: condition(list(self.events)), seconds, lambda: f"events: {self.events[-5:]}, ended {self.ended}")

    def wait_session(self, sid, condition, seconds=15):
        """The first event about that session for which condition(session) holds."""
        return self.wait(lambda all_: next((e for e in all_ if e[1] == "session" and e[2]["id"] == sid and condition(e[2])), None),
                         seconds)

    def close(self):
        sock = self.connection.sock
        if sock:
            sock.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
