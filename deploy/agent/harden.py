#!/usr/bin/python3
"""Enters the load configuration of agent/win/load_config.c in the data directory of a linked program, in place.

    harden.py PROGRAM.exe
"""
import struct
import sys
from pathlib import Path

MARK = b"BEISTAND-LOADCF\0"
SIZE, DIRECTORY_ENTRY, PE32_PLUS = 112, 10, 0x20B


def sections(pe, data):
    """(RVA, file offset, size) of each section."""
    count, optional = struct.unpack_from("<H", data, pe + 6)[0], struct.unpack_from("<H", data, pe + 20)[0]
    for i in range(count):
        rva, size, offset = struct.unpack_from("<III", data, pe + 24 + optional + 40 * i + 12)
        yield rva, offset, size


def harden(data):
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    if data[pe:pe + 4] != b"PE\0\0" or struct.unpack_from("<H", data, pe + 24)[0] != PE32_PLUS:
        raise ValueError("this is no 64-bit program")
    if data.count(MARK) != 1:
        raise ValueError("the load configuration is not there exactly once")
    at = data.index(MARK) + len(MARK)
    rva = next(r + at - o for r, o, n in sections(pe, data) if o <= at < o + n)
    struct.pack_into("<II", data, pe + 24 + 112 + 8 * DIRECTORY_ENTRY, rva, SIZE)


def main():
    path = Path(sys.argv[1])
    data = bytearray(path.read_bytes())
    try:
        harden(data)
    except (ValueError, StopIteration, struct.error) as e:
        print(f"harden: {path}: {e}", file=sys.stderr)
        return 1
    path.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
