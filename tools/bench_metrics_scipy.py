"""The other side of bench_metrics.ts: the same surface metrics by scipy's erosion and distance transform.

Reads a JSON job per line; answers with a JSON line: milliseconds and a row of scores per class. With "crop" both masks are first cut to
the box around them, as some libraries do.
"""

import json
import sys
import time

import numpy as np
from scipy import ndimage

CROSS = ndimage.generate_binary_structure(3, 1)
# Bit of each corner of a cell: y + 2 z + 4 x, as in the table of areas; arrays are indexed z, y, x. correlate() reads a corner before.
CORNERS = np.array([[[1, 16], [2, 32]], [[4, 64], [8, 128]]])


def cropped(r, p):
    both = r | p
    box = []
    for others in ((1, 2), (0, 2), (0, 1)):
        inside = np.flatnonzero(both.any(axis=others))
        box.append(slice(inside[0], inside[-1] + 1))
    return r[tuple(box)], p[tuple(box)]


def edges(mask):
    return mask & ~ndimage.binary_erosion(mask, CROSS)


def by_voxels(r, p, spacing):
    er, ep = edges(r), edges(p)
    a = ndimage.distance_transform_edt(~ep, sampling=spacing)[er]
    b = ndimage.distance_transform_edt(~er, sampling=spacing)[ep]
    hd = max(a.max(), b.max())
    hd95 = max(np.percentile(a, 95), np.percentile(b, 95))
    assd = (a.sum() + b.sum()) / (a.size + b.size)
    masd = (a.mean() + b.mean()) / 2
    return [float(hd), float(hd95), float(assd), float(masd)]


def by_surfels(r, p, job, areas):
    codes = [ndimage.correlate(np.pad(m, 1).astype(np.uint8), CORNERS, mode="constant", output=np.uint8) for m in (r, p)]
    on = [(c != 0) & (c != 255) for c in codes]
    near = 0.0
    total = 0.0
    for here, there in ((0, 1), (1, 0)):
        distances = ndimage.distance_transform_edt(~on[there], sampling=job["spacing"][::-1])[on[here]]
        area = areas[codes[here][on[here]]]
        near += area[distances <= job["tolerance"] * (1 + 1e-6)].sum()
        total += area.sum()
    return [float(near / total)]


def score(r, p, job, areas):
    common = np.count_nonzero(r & p)
    dice = 2 * common / (np.count_nonzero(r) + np.count_nonzero(p))
    if job["crop"]:
        r, p = cropped(r, p)
    row = [float(dice), *by_voxels(r, p, job["spacing"][::-1])]
    return row + by_surfels(r, p, job, areas) if job["nsd"] else row


def mask_of(labels, values):
    return labels == values[0] if len(values) == 1 else np.isin(labels, values)


print("ready", flush=True)
for line in sys.stdin:
    job = json.loads(line)
    shape = job["shape"][::-1]
    reference = np.fromfile(job["reference"], np.uint8).reshape(shape)
    prediction = np.fromfile(job["prediction"], np.uint8).reshape(shape)
    areas = np.array(job["areas"])
    start = time.perf_counter()
    rows = [score(mask_of(reference, v), mask_of(prediction, v), job, areas) for v in job["values"]]
    milliseconds = 1000 * (time.perf_counter() - start)
    print(json.dumps({"milliseconds": milliseconds, "rows": rows}), flush=True)
