"""hnswlib beside search/graph: the same vectors, one thread each, in turns.

    compare.py FOLDER PROGRAM [PASSES]

FOLDER is what scripts/vectors made, PROGRAM the Go program of this folder. Of
the passes at each breadth the shortest counts, in processor time; queries a
second are interpolated at the recall of the bars.
"""

import subprocess
import sys
import time

import hnswlib
import numpy as np

LINKS, CONSTRUCTION, K = 16, 200, 10
BREADTHS = (10, 20, 30, 40, 60, 80, 120, 160, 240)
RECALLS = (0.93, 0.96, 0.985)


class Library:
    """hnswlib over vectors of a width; at a multiple of 16 floats it takes its AVX-512 path."""

    def __init__(self, base, query, truth, width):
        self.name = f"hnswlib, {width} floats"
        self.query, self.truth = pad(query, width), truth
        self.index = hnswlib.Index(space="ip", dim=width)
        self.index.init_index(len(base), M=LINKS, ef_construction=CONSTRUCTION, random_seed=100)
        before = time.process_time()
        self.index.add_items(pad(base, width), num_threads=1)
        self.build = time.process_time() - before

    def search(self, breadth):
        self.index.set_ef(breadth)
        before = time.process_time()
        rows, _ = self.index.knn_query(self.query, k=K, num_threads=1)
        spent = time.process_time() - before
        hits = sum(len(np.intersect1d(r, t[:K])) for r, t in zip(rows, self.truth))
        return hits / K / len(rows), spent / len(rows)


class Ours:
    """The Go program, asked over its input."""

    name = "ours"

    def __init__(self, program, folder):
        self.child = subprocess.Popen([program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        kernel, build, size = self.child.stdout.readline().split()
        self.name, self.build, self.size = f"ours, {kernel}", float(build), float(size)

    def search(self, breadth):
        print(breadth, file=self.child.stdin, flush=True)
        recall, microseconds = map(float, self.child.stdout.readline().split())
        return recall, microseconds * 1e-6


def pad(vectors, width):
    return np.pad(vectors, ((0, 0), (0, width - vectors.shape[1])))


def load(folder):
    truth = np.fromfile(f"{folder}/truth.u32", "<u4").reshape(-1, 100)
    query = np.fromfile(f"{folder}/query.f32", "<f4").reshape(len(truth), -1)
    base = np.fromfile(f"{folder}/base.f32", "<f4").reshape(-1, query.shape[1])
    return base, query, truth


def at(recall, curve):
    """Queries a second at a recall, between two breadths of a curve."""
    curve = sorted(curve)
    return float(np.interp(recall, [r for r, _ in curve], [1 / s for _, s in curve]))


def main(folder, program, passes=9):
    base, query, truth = load(folder)
    ours = Ours(program, folder)
    widths = sorted({(query.shape[1] + 15) // 16 * 16, query.shape[1]}, reverse=True)
    engines = [ours] + [Library(base, query, truth, width) for width in widths]
    curves = {e.name: {} for e in engines}
    for _ in range(int(passes)):
        for breadth in BREADTHS:
            for e in engines:
                recall, spent = e.search(breadth)
                before = curves[e.name].get(breadth, (0, float("inf")))
                curves[e.name][breadth] = (recall, min(spent, before[1]))
    print(f"{len(base)} vectors of {query.shape[1]}, one thread, best of {passes} passes in turns; ours hot: {ours.size:.0f} bytes a row")
    print(f"{'':24}{'build':>9}" + "".join(f"{f'at {r}':>12}" for r in RECALLS) + "   queries/s")
    speeds = {}
    for e in engines:
        speeds[e.name] = [at(r, curves[e.name].values()) for r in RECALLS]
        print(f"{e.name:24}{e.build:7.1f} s" + "".join(f"{s:12,.0f}" for s in speeds[e.name]))
    for e in engines[1:]:
        ratios = [a / b for a, b in zip(speeds[ours.name], speeds[e.name])]
        print(f"ours to {e.name:16}{ours.build / e.build:7.2f} x" + "".join(f"{r:11.2f}x" for r in ratios))
    for e in engines:
        print(f"{e.name:24}" + "  ".join(f"{b}: {r:.3f} {1 / s:,.0f}/s" for b, (r, s) in curves[e.name].items()))


if __name__ == "__main__":
    main(*sys.argv[1:])
