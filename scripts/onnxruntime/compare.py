"""Lets programs embed the same tokens in turns, each on one core, and prints the milliseconds.

usage: compare.py FLOAT32.onnx INT8.onnx ROUNDS COMMAND...

A COMMAND is a program that reads {"ids":[…],"texts":20} from a line and answers
a line of {"name":"…","ms":[…],"vector":[…]}. onnxruntime runs here.
"""

import json
import shlex
import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime

LENGTHS = 8, 16, 32, 128, 256
SECONDS = 0.25  # of a turn


class Onnxruntime:
    def __init__(self, name, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.name = f"onnxruntime {name}"
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def embed(self, ids, texts):
        ms = []
        for _ in range(texts):
            before = time.process_time_ns()
            states = self.session.run(None, {"ids": ids[None]})[0]
            ms.append((time.process_time_ns() - before) / 1e6)
        return ms, states[0].mean(axis=0)


class Child:
    def __init__(self, command):
        self.process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = command

    def embed(self, ids, texts):
        json.dump({"ids": ids.tolist(), "texts": texts}, self.process.stdin)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.name = answer["name"]
        return answer["ms"], np.array(answer["vector"], np.float32)


def tokens(length):
    """[CLS], words of the vocabulary, [SEP]."""
    return np.array([101] + [1996 + 977 * i % 20000 for i in range(length - 2)] + [102], np.int64)


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def main(single, quantised, rounds, *commands):
    contestants = [Onnxruntime("float32", single), Onnxruntime("int8", quantised)] + [Child(c) for c in commands]
    exact, baseline = contestants[:2]
    print(f"onnxruntime {onnxruntime.__version__}, {rounds} rounds; ms of one core a text: the least, and the median of the rounds' least")
    print("ratio: the median of onnxruntime int8's least by this one's, round by round; cosine: to float32")
    for length in LENGTHS:
        ids = tokens(length)
        ms, truth = {}, exact.embed(ids, 3)[1]
        vectors, texts = {}, {}
        for c in contestants:  # also warms up
            once, vectors[c] = c.embed(ids, 5)
            texts[c], ms[c] = max(3, int(SECONDS * 1e3 / min(once))), []
        for _ in range(int(rounds)):
            for c in contestants:
                ms[c].append(min(c.embed(ids, texts[c])[0]))
        for c in contestants:
            ratio = statistics.median(b / own for b, own in zip(ms[baseline], ms[c]))
            print(f"{length:4} tokens  {c.name:24} {min(ms[c]):7.3f} {statistics.median(ms[c]):7.3f} ms  ratio {ratio:5.2f}  cosine {cosine(vectors[c], truth):.4f}", flush=True)


main(*sys.argv[1:])
