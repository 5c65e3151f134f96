"""Records what passes between the edge and the services, in plain: every HTTP body, every WebSocket frame (also
unmasked), and finds a text in it, whatever its encoding."""
import asyncio
import base64
import re
import threading

CHUNK_SIZE = re.compile(rb"\r\n[0-9a-fA-F]{1,8}\r\n")


class Conversation:
    """One connection: the bytes of both directions."""

    def __init__(self, name):
        self.name = name
        self.to_service, self.to_client = bytearray(), bytearray()

    def frames(self, data, marker):
        """Payloads of the WebSocket frames after the upgrade, unmasked and joined; b"" when there was none."""
        upgrade = data.find(marker)
        at = data.find(b"\r\n\r\n", upgrade) + 4 if upgrade >= 0 else len(data)
        payloads = bytearray()
        while at + 2 <= len(data):
            size, masked, start = data[at + 1] & 127, data[at + 1] & 128, at + 2
            if size > 125:
                width = 2 if size == 126 else 8
                size = int.from_bytes(data[start:start + width], "big")
                start += width
            mask = data[start:start + 4] if masked else b""
            start += len(mask)
            body = data[start:start + size]
            payloads += bytes(b ^ mask[i & 3] for i, b in enumerate(body)) if mask else body
            at = start + size
        return bytes(payloads)

    def views(self):
        """Name and bytes of everything a text could be read from."""
        for name, data, marker in (("to the service", bytes(self.to_service), b"Sec-WebSocket-Key"),
                                   ("to the client", bytes(self.to_client), b"101 Switching")):
            lower = data.lower().find(marker.lower())
            yield f"{self.name} {name}", data
            yield f"{self.name} {name}, chunks joined", CHUNK_SIZE.sub(b"", data)
            yield f"{self.name} {name}, frames", self.frames(data, data[lower:lower + len(marker)]) if lower >= 0 else b""


class Recorder:
    """taps: {name: (port to listen on, port of the service)}"""

    def __init__(self, taps):
        self.conversations = []
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.servers = [asyncio.run_coroutine_threadsafe(self.listen(*tap), self.loop).result(10) for tap in
                        [(name, *ports) for name, ports in taps.items()]]

    async def listen(self, name, port, target):
        return await asyncio.start_server(lambda r, w: self.serve(name, target, r, w), "127.0.0.1", port)

    async def serve(self, name, target, reader, writer):
        made = Conversation(name)
        self.conversations.append(made)
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.pump(reader, up_writer, made.to_service), self.pump(up_reader, writer, made.to_client))

    async def pump(self, reader, writer, record):
        try:
            while data := await reader.read(65536):
                record += data
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def views(self):
        for conversation in list(self.conversations):
            yield from conversation.views()

    def close(self):
        async def end():
            for server in self.servers:
                server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


# ---- finding a text ----

def base64_forms(data):
    """What base64 shows of data inside of other data: three alignments, without what its neighbours decide."""
    for before, skip in ((0, 0), (1, 2), (2, 3)):
        text = base64.b64encode(b"\0" * before + data).rstrip(b"=")
        form = text[skip:(before + len(data)) * 8 // 6]
        yield form
        yield form.translate(bytes.maketrans(b"+/", b"-_"))


def key_events(text):
    """The text as RFB KeyEvents (RFC 6143 section 7.5.4), down and up."""
    return b"".join(bytes([4, down, 0, 0, 0, 0, 0, ord(c)]) for c in text for down in (1, 0))


def forms(text):
    data = text.encode()
    found = {data, text.encode("utf-16-le"), text.encode("utf-16-be"), data.hex().encode(), data.hex().upper().encode(),
             key_events(text), data[::-1], *base64_forms(data), *base64_forms(text.encode("utf-16-le"))}
    if text.isdigit():
        found |= {f"{text[:4]}{gap}{text[4:]}".encode() for gap in " -"}
    return found


def search(views, secrets):
    """(where, which secret) of each secret that occurs in any form. secrets: {name: text}"""
    wanted = [(name, form) for name, text in secrets.items() for form in forms(text)]
    return sorted({(where, name) for where, data in views for name, form in wanted if form in data})
