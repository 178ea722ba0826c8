"""Writes alignment.json: faces cut out of a computed picture by PyTorch and NumPy.

Enlarged: torch.nn.functional.grid_sample. Made smaller upright: torch's interpolate with antialias, of
which only pixels off the edge are kept. Made smaller and turned: the sums written out in NumPy.
Run: python make_alignment_goldens.py (PyTorch, NumPy).
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

WIDTH, HEIGHT = 48, 40
EYE_DISTANCE, EYE_HEIGHT, MARGIN = 0.35, 0.4, 1.25


def picture():
    """[3, HEIGHT, WIDTH], 0 to 1; the tests compute the same."""
    y, x, c = np.meshgrid(range(HEIGHT), range(WIDTH), range(3), indexing="ij")
    return (((x * 37 + y * 91 + c * 53 + (x * y) % 29 * 5) % 256) / 255).transpose(2, 0, 1)


def places(size, eyes):
    """Where the centre of each output pixel comes from, [size, size, 2]: solves for a, b, tx, ty."""
    left = ((0.5 - EYE_DISTANCE / 2) * size, EYE_HEIGHT * size)
    right = ((0.5 + EYE_DISTANCE / 2) * size, EYE_HEIGHT * size)
    rows, values = [], []
    for (x, y), (u, v) in zip((left, right), eyes):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        values += [u, v]
    a, b, tx, ty = np.linalg.solve(np.array(rows), np.array(values))
    y, x = np.mgrid[0:size, 0:size] + 0.5
    return np.stack([a * x - b * y + tx, b * x + a * y + ty], -1), np.hypot(a, b)


def enlarged(size, eyes, border):
    points, scale = places(size, eyes)
    assert scale <= 1
    grid = torch.tensor(2 * points / [WIDTH, HEIGHT] - 1)[None]
    mode = {"black": "zeros", "edge": "border"}[border]
    image = torch.tensor(picture())[None]
    return F.grid_sample(image, grid, padding_mode=mode, align_corners=False)[0].numpy()


def written_out(size, eyes, border):
    points, scale = places(size, eyes)
    assert scale > 1
    pad = 64
    padded = np.pad(
        picture(), ((0, 0), (pad, pad), (pad, pad)), mode={"black": "constant", "edge": "edge"}[border]
    )
    centres = [np.arange(-pad, n + pad) + 0.5 for n in (WIDTH, HEIGHT)]
    result = np.zeros((3, size, size))
    for row in range(size):
        for column in range(size):
            weights = [
                np.maximum(0, 1 - abs(c - p) / scale) for c, p in zip(centres, points[row, column])
            ]
            horizontal, vertical = (w / w.sum() for w in weights)
            result[:, row, column] = np.einsum("cyx,y,x->c", padded, vertical, horizontal)
    return result


def with_eyes(function, size, eyes, border):
    output = function(size, eyes, border)
    return {"size": size, "eyes": [*eyes[0], *eyes[1]], "border": border, "ring": 0} | flat(output)


def upright(size):
    """The whole height of the picture, as the square around a box without eyes."""
    left = (WIDTH - HEIGHT) // 2
    crop = torch.tensor(picture()[:, :, left : left + HEIGHT])[None]
    output = F.interpolate(crop, (size, size), mode="bilinear", antialias=True)[0].numpy()
    side = HEIGHT / MARGIN
    box = [WIDTH / 2 - side / 2, HEIGHT / 2 - side / 4, side, side / 2]
    return {"size": size, "box": box, "border": "black", "ring": 1} | flat(output)


def flat(image):
    return {"output": [round(float(v), 6) for v in image.transpose(1, 2, 0).ravel()]}


def main():
    goldens = [
        with_eyes(enlarged, 12, ((20.3, 17.1), (23.1, 18.4)), "black"),
        with_eyes(enlarged, 12, ((1.5, 2.25), (4.5, 1.0)), "black"),
        with_eyes(enlarged, 12, ((44.0, 36.5), (47.2, 38.6)), "edge"),
        with_eyes(written_out, 10, ((17.2, 15.0), (29.9, 18.7)), "black"),
        with_eyes(written_out, 10, ((17.2, 15.0), (29.9, 18.7)), "edge"),
        with_eyes(written_out, 9, ((40.0, 30.0), (20.0, 38.0)), "edge"),
        upright(8),
        upright(15),
    ]
    path = pathlib.Path(__file__).parent / "alignment.json"
    path.write_text(json.dumps(goldens) + "\n")


main()
