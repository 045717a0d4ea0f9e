"""False meshes in pictures without a face."""

from __future__ import annotations

from bench import Bench
from faces import find_meshes, read_picture
from report import Answer, Figure

TEXT = "meshes in pictures without a face"

NUM_FACES = 20


def measure(bench: Bench) -> Answer:
    counts = {
        picture.name: len(find_meshes(read_picture(picture), NUM_FACES))
        for picture in bench.truth.pictures_without_face()
    }
    rows = [{"picture": name, "meshes": count} for name, count in counts.items()]
    unit = f"in {len(counts)} pictures"
    return Answer([Figure(label="meshes", value=sum(counts.values()), unit=unit, digits=0)], rows)
