"""Fuzzer for trainers: every input is a trainer file, which is parsed and matched with the data of a request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources

from fuzzing import Picks, bounded_memory, refusals

from facestream.discover.requests.descriptions import parse_descriptions
from facestream.discover.requests.matching import match_descriptions
from facestream.discover.trainer import parse_trainer

__all__ = ["SEEDS", "one_input"]

TREE_ALLOWANCE_BYTES = 2_000_000
MAX_TREE_FACTOR = 100
"""An empty element has four characters, but its object takes a few hundred bytes."""

TIMES = ("100ms", "40", "2s", "0.5", ".5s", "0", "", "-1", "1e9", "9" * 400 + "s", "9" * 5000, "٣")
FLAGS = ("True", "false", "1", "")
KINDS = ("stream:Video", "stream:SSIStream:feature;face;boundingbox", "anno:Discrete", "image", "stream::", "x", "")
ENCODINGS = ("", "utf-8", "utf-16", "latin-1", "idna", "base64", "cp037", "utf-7", "none")

ATTRIBUTES: dict[str, dict[str, Sequence[str]]] = {
    "meta": {
        "leftContext": TIMES,
        "rightContext": TIMES,
        "frameStep": TIMES,
        "description": ("a &lt;test&gt;", "&#10;", "&x;", "<"),
        "is_iterable": FLAGS,
        "enable_post_process": FLAGS,
    },
    "io": {
        "type": ("input", "Output", "input", ""),
        "id": ("video", "bb", "landmarks", ""),
        "data": KINDS,
        "default_active": FLAGS,
    },
    "uri": {"id": ("weights", ""), "url": ("https://example.org/w.pth", "file:///etc/passwd"), "tar": FLAGS},
    "item": {"path": ("a", "..", "")},
    "model": {"script": ("facemesh.py", "..\\x.py", ""), "create": ("FaceMesh", ""), "optstr": ("{a:STRING:1}", "")},
}

REQUEST = parse_descriptions(
    json.dumps(
        [
            {"src": "file:stream:video", "type": "input", "id": "film", "uri": "clip.mp4"},
            {"src": "file:stream:ssistream", "type": "input", "id": "bb", "uri": "boxes.stream"},
            {"src": "file:stream:ssistream", "type": "output", "id": "x", "uri": "mesh.stream"},
        ]
    )
)
ALIASES = {"video": ("film",), "landmarks": ("output_stream",)}

OWN_TRAINERS = resources.files("facestream.discover") / "trainers"

SEEDS = [
    *(b"\0" + (OWN_TRAINERS / name / f"{name}.trainer").read_bytes() for name in ("facemesh", "blazeface")),
    *(bytes([1, *picks]) for picks in ((), (0, 1, 2, 3), (1,) * 24, (2,) * 40, (3, 0, 4) * 12, range(60))),
]
"""facestream's own trainers, and templates."""


def compose(data: bytes) -> bytes:
    """Make a trainer. The first byte decides whether the rest is the raw file, or selects the values of a template."""
    picks = Picks(data)
    if picks.number(4) == 0:
        return picks.rest()
    encoding = picks.one_of(ENCODINGS)
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else ""
    children = [_element(picks, picks.one_of(("io", "io", "uri"))) for _ in range(picks.number(5))]
    lists = [f"<{name}>{_element(picks, 'item')}</{name}>" for name in ("streams", "classes") if picks.number(2)]
    text = (
        f'{declaration}<trainer ssi-v="5"><info trained="{picks.one_of(FLAGS)}"/>'
        f"{_element(picks, 'meta', ''.join(children))}{''.join(lists)}{_element(picks, 'model')}</trainer>"
    )
    return text.encode("utf-16" if encoding == "utf-16" and picks.number(2) else "utf-8", "surrogatepass")


def _element(picks: Picks, tag: str, content: str = "") -> str:
    """Make an element, sometimes with an attribute missing."""
    chosen = {name: picks.text(known) for name, known in ATTRIBUTES[tag].items() if picks.number(8) < 7}
    attributes = " ".join(f'{name}="{value}"' for name, value in chosen.items())
    return f"<{tag} {attributes}>{content}</{tag}>"


def one_input(data: bytes) -> None:
    """Check that a parsed trainer has all required fields and can be matched with a request."""
    content = compose(data)
    with bounded_memory(MAX_TREE_FACTOR * len(content) + TREE_ALLOWANCE_BYTES), refusals():
        trainer = parse_trainer(content, "t.trainer")
        assert trainer.script
        assert min(trainer.left_context_ms, trainer.right_context_ms, trainer.frame_step_ms) >= 0
        assert all(io.direction and io.id and io.data for io in trainer.ios)
        matched = match_descriptions(REQUEST, trainer, ALIASES).descriptions
        assert set(matched) <= {io.id for io in trainer.ios}
