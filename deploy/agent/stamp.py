#!/usr/bin/python3
"""Writes program.json (origin, CA, signing keys) into the Windows program, before it is signed: the same bytes for every
customer of this origin. agent/win/config.h says what the resource looks like.

    stamp.py PROGRAM program.json OUT     stamp.py --empty FILE
"""
import json
import os
import struct
import sys
from pathlib import Path

MAGIC = b"BEISTAND-PROGRAM-CONFIG-1\0"
SIZE = 24576


def block(text):
    if len(text) > SIZE - len(MAGIC) - 4:
        raise ValueError(f"the configuration has {len(text)} bytes, there is room for {SIZE - len(MAGIC) - 4}")
    return (MAGIC + struct.pack("<I", len(text)) + text).ljust(SIZE, b"\0")


def stamp(program, text):
    json.loads(text)
    at = program.find(MAGIC)
    # The program itself knows the magic too, as the text that it compares with; the resource is followed by its length and zeros.
    while at >= 0 and not is_resource(program, at):
        at = program.find(MAGIC, at + 1)
    if at < 0:
        raise ValueError("this is no Beistand program, or it is signed already")
    return program[:at] + block(text) + program[at + SIZE:]


def is_resource(program, at):
    head = at + len(MAGIC)
    length = struct.unpack_from("<I", program, head)[0] if head + 4 <= len(program) else SIZE
    used = head + 4 + length
    return used <= at + SIZE <= len(program) and not program[used:at + SIZE].strip(b"\0")


def write(path, data):
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    os.replace(partial, path)


def main():
    try:
        if len(sys.argv) == 3 and sys.argv[1] == "--empty":
            write(Path(sys.argv[2]), block(b""))
        elif len(sys.argv) == 4:
            write(Path(sys.argv[3]), stamp(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes()))
        else:
            print(__doc__, file=sys.stderr)
            return 2
    except (OSError, ValueError) as e:
        print(f"stamp: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
