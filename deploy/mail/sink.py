#!/usr/bin/python3
"""SMTP sink of a machine without a mail server: takes every mail and keeps it as an .eml file.

    sink.py HOST:PORT FOLDER

A file appears complete (written beside, then renamed), named by arrival. Three recipients behave
like difficult mail servers, for tests: refused@… is answered 550, deferred@… 451 twice and then
taken, unreachable@… 451 always.
"""
import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from aiosmtpd.smtp import SMTP

MAIL_MAX = 1 << 20
DEFERRALS = 2


class Sink:
    """aiosmtpd handler: one instance for all connections."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.deferred = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.partition("@")[0].lower()
        tries = self.deferred.get(address, 0)
        if name == "refused":
            return "550 5.1.1 no such mailbox"
        if name == "unreachable" or (name == "deferred" and tries < DEFERRALS):
            self.deferred[address] = tries + 1
            return "451 4.2.1 mailbox busy, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = f"{time.time_ns()}-{os.getpid()}-{self.count}.eml"
        partial = self.folder / f".{name}.part"
        head = f"X-Sink-Recipients: {', '.join(envelope.rcpt_tos)}\r\n".encode()
        partial.write_bytes(head + envelope.content)
        partial.rename(self.folder / name)
        return "250 kept"


async def serve(host, port, folder):
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    sink = Sink(folder)
    server = await loop.create_server(
        lambda: SMTP(sink, data_size_limit=MAIL_MAX, enable_SMTPUTF8=True, hostname="sink"), host, port)
    print(f"listening on {host}:{port}, keeping mail in {folder}", flush=True)
    await stop.wait()
    server.close()
    await server.wait_closed()


def main():
    host, _, port = sys.argv[1].rpartition(":")
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(serve(host, int(port), folder))


if __name__ == "__main__":
    main()
