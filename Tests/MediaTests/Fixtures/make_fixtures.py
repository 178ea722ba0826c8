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


def write_png(name, samples, depth, colour_type, expected):
    """samples: [height, bytes of a row], big-endian; what PIL cannot write."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (HERE / name).write_bytes(b"\x89PNG\r\n\x1a\n" + content)
    (HERE / (name + ".rgb")).write_bytes(expected.astype(np.uint8).tobytes())


def png_of_16_bits(name, samples, colour_type, colours):
    """samples: [height, width, channels]; colours: which channels are red, green and blue."""
    rounded = (samples[:, :, colours].astype(float) * 255 / 65535).round()
    write_png(name, samples.astype(">u2"), 16, colour_type, rounded)


def store_unusual_pngs(pixels):
    deep = pixels.astype(np.uint16) * 251 + 17
    png_of_16_bits("deep.png", deep, 2, [0, 1, 2])
    png_of_16_bits("deep_alpha.png", np.dstack([deep, deep[:, :, 1]]), 6, [0, 1, 2])
    png_of_16_bits("deep_grey.png", deep[:, :, :1], 0, [0, 0, 0])
    png_of_16_bits("deep_grey_alpha.png", deep[:, :, :2], 4, [0, 0, 0])
    grey = pixels[:, :, :1]
    write_png("grey_alpha.png", pixels[:, :, :2], 8, 4, grey.repeat(3, 2))
    bits = grey[:, :, 0] > 127
    write_png("bits.png", np.packbits(bits, axis=1), 1, 0, 255 * np.dstack([bits] * 3))


def store_other_formats(colour, with_alpha, pixels):
    # Little chroma: libwebp and FFmpeg interpolate it in different ways.
    store("lossy.webp", Image.blend(colour.convert("L").convert("RGB"), colour, 0.2), quality=90)
    store("lossless.webp", colour, lossless=True)
    store("alpha.webp", with_alpha, expected=pixels, lossless=True, exact=True)
    store("colour.bmp", colour)
    store("palette.bmp", colour.quantize(16))
    store("colour.gif", colour.quantize(64))
    store("plain.tiff", colour)
    store("deflated.tiff", colour, compression="tiff_adobe_deflate")
    store("grey.tiff", colour.convert("L"))


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
    store_unusual_pngs(pixels)
    store_other_formats(colour, with_alpha, pixels)


main()
