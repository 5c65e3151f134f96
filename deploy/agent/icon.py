#!/usr/bin/python3
"""Draws the program's icon: a white life-ring on blue, in the sizes Windows asks for.

    icon.py OUT.ico
"""
import struct
import sys
import zlib

SIZES = (16, 32, 48, 256)
BLUE, WHITE = (11, 92, 173), (255, 255, 255)
OVERSAMPLE = 4


def covered(x, y):
    """Colour at a point of the unit square, or None outside the disc."""
    dx, dy = x - 0.5, y - 0.5
    r = (dx * dx + dy * dy) ** 0.5
    if r > 0.5:
        return None
    ring = 0.2 < r < 0.4
    gap = abs(abs(dx) - abs(dy)) < 0.07
    return WHITE if ring and not gap else BLUE


def pixel(size, px, py):
    hits = [covered((px + (i + 0.5) / OVERSAMPLE) / size, (py + (j + 0.5) / OVERSAMPLE) / size)
            for i in range(OVERSAMPLE) for j in range(OVERSAMPLE)]
    inside = [h for h in hits if h]
    if not inside:
        return b"\0\0\0\0"
    mean = [sum(h[c] for h in inside) // len(inside) for c in range(3)]
    return bytes((*mean, 255 * len(inside) // len(hits)))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size):
    rows = b"".join(b"\0" + b"".join(pixel(size, x, y) for x in range(size)) for y in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def main():
    images = [png(size) for size in SIZES]
    offset = 6 + 16 * len(images)
    directory = b""
    for size, image in zip(SIZES, images):
        directory += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(image), offset)
        offset += len(image)
    with open(sys.argv[1], "wb") as f:
        f.write(struct.pack("<HHH", 0, 1, len(images)) + directory + b"".join(images))


if __name__ == "__main__":
    main()
