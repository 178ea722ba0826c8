"""Writes the small images of this folder, and beside each what PIL decodes it to.

NAME.rgb holds the whole image, NAME.half.rgb its decoding at half size, 3 bytes a pixel.
Run: python make_fixtures.py (Pillow, NumPy).
"""

import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 37, 29


def picture():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    red = 127 + 120 * np.sin(x / 5)
    green = 127 + 120 * np.cos(y / 4)
    blue = 255 * (x + y) / (WIDTH + HEIGHT)
    return np.stack([red, green, blue], -1).round().astype(np.uint8)


def store(name, image, expected=None, **options):
    image.save(HERE / name, **options)
    decoded = Image.open(HERE / name)
    pixels = np.asarray(decoded.convert("RGB")) if expected is None else expected
    (HERE / (name + ".rgb")).write_bytes(pixels.tobytes())


def store_half(name):
    image = Image.open(HERE / name)
    image.draft("RGB", (WIDTH // 2, HEIGHT // 2))
    (HERE / (name + ".half.rgb")).write_bytes(np.asarray(image.convert("RGB")).tobytes())


def png_of_16_bits(name, samples):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    rounded = (samples.astype(float) * 255 / 65535).round().astype(np.uint8)
    (HERE / (name + ".rgb")).write_bytes(rounded.tobytes())


def main():
    pixels = picture()
    colour = Image.fromarray(pixels)
    alpha = Image.fromarray((255 - pixels[:, :, 0] // 2).astype(np.uint8))
    store("colour.jpg", colour, quality=90)
    store_half("colour.jpg")
    store("progressive.jpg", colour, quality=90, progressive=True)
    store("grey.jpg", colour.convert("L"), quality=90)
    store("cmyk.jpg", colour.convert("CMYK"), quality=95)
    store("colour.png", colour)
    store("grey.png", colour.convert("L"))
    store("palette.png", colour.quantize(16))
    with_alpha = colour.convert("RGBA")
    with_alpha.putalpha(alpha)
    store("alpha.png", with_alpha, expected=pixels)
    png_of_16_bits("deep.png", pixels.astype(np.uint16) * 251 + 17)


main()
