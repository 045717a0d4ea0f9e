#!/usr/bin/env python3
"""Measure FaceMesh alone with LiteRT and XNNPACK, in a separate environment.

    python benchmarks/peers/litert_mesh.py MODEL.tflite NUM_IMAGES NUM_THREADS

Prints one line of JSON: images per second, for the faster of single images and batches of 32.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main() -> None:
    model, num_images, num_threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rates = {batch: measure(model, num_images, num_threads, batch) for batch in (1, 32)}
    print(json.dumps({"images_per_second": max(rates.values()), "by_batch": rates}))


def measure(model: str, num_images: int, num_threads: int, batch: int) -> float:
    interpreter = Interpreter(model_path=model, num_threads=num_threads)
    entry = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(entry["index"], [batch, 192, 192, 3])
    interpreter.allocate_tensors()
    images = np.random.default_rng(0).random((batch, 192, 192, 3), dtype=np.float32)
    outputs = [output["index"] for output in interpreter.get_output_details()]

    def run() -> None:
        interpreter.set_tensor(entry["index"], images)
        interpreter.invoke()
        for output in outputs:
            interpreter.get_tensor(output)

    run()
    started = time.perf_counter()
    for _ in range(num_images // batch):
        run()
    return num_images // batch * batch / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
