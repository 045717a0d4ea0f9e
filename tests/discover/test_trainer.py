from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.discover.trainer import MAX_BYTES, TrainerIo, TrainerUri, milliseconds, parse_trainer, read_trainer
from facestream.errors import TrainerError

FULL = b"""<trainer ssi-v="5">
    <info trained="True" seed="1234" />
    <meta leftContext="100ms" rightContext="2s" frameStep="40" balance="under" backend="nova-server" category="Face"
          description="a &lt;test&gt;" is_iterable="1" enable_post_process="False">
        <io type="input" id="video" data="stream:Video" default_value="video" />
        <io type="Output" id="bb" data="stream:SSIStream:feature;face;boundingbox" default_active="False" />
        <uri id="weights" url="https://example.org/w.pth" hash="ab" tar="true" />
    </meta>
    <streams><item path="a" /></streams>
    <classes><item name="yes" /><item name="no" /></classes>
    <model create="Thing" script="sub\\thing.py" optstr="{a:STRING:1}" option="opts" path="weights" stream="1"
           multi_role_input="true" />
</trainer>"""


def test_everything_that_a_trainer_says() -> None:
    trainer = parse_trainer(FULL, "t")
    assert trainer.is_trained
    assert (trainer.left_context_ms, trainer.right_context_ms, trainer.frame_step_ms) == (100, 2000, 40)
    assert (trainer.balance, trainer.backend, trainer.category) == ("under", "nova-server", "Face")
    assert trainer.description == "a <test>"
    assert (trainer.is_iterable, trainer.enables_post_process, trainer.is_multi_role) == (True, False, True)
    assert trainer.ios == (
        TrainerIo("input", "video", "stream:Video", "video", True),
        TrainerIo("output", "bb", "stream:SSIStream:feature;face;boundingbox", "", False),
    )
    assert trainer.ios_of("output") == trainer.ios[1:]
    assert trainer.uris == (TrainerUri("weights", "https://example.org/w.pth", "ab", True),)
    assert (trainer.streams, trainer.classes, trainer.users) == (
        ({"path": "a"},),
        ({"name": "yes"}, {"name": "no"}),
        (),
    )
    assert (trainer.create, trainer.script, trainer.option_string) == ("Thing", "sub\\thing.py", "{a:STRING:1}")
    assert (trainer.option_path, trainer.weights_path, trainer.stream) == ("opts", "weights", "1")


def test_what_is_left_out() -> None:
    trainer = parse_trainer(b'<trainer><model script="a.py"/></trainer>', "t")
    assert not trainer.is_trained
    assert (trainer.left_context_ms, trainer.balance, trainer.backend, trainer.stream) == (0, "none", "unknown", "0")
    assert (trainer.create, trainer.is_iterable, trainer.enables_post_process) == ("PythonModel", False, True)
    assert (trainer.ios, trainer.uris, trainer.register) == ((), (), ())


BOMB = b'<!DOCTYPE t [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;">]><trainer><model script="&b;"/></trainer>'
FILE = b'<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><trainer><model script="&a;"/></trainer>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "t: not a trainer"),
        (b"<stream/>", "t: not a trainer: the root is <stream>, not <trainer>"),
        (b"<trainer/>", 't: the trainer has no "script" in its <model>'),
        (b'<trainer><model script=""/></trainer>', 't: the trainer has no "script" in its <model>'),
        (
            b'<trainer><meta><io type="input" data="stream"/></meta><model script="a"/></trainer>',
            "t: an <io> has no id",
        ),
        (b'<trainer><meta leftContext="soon"/><model script="a"/></trainer>', "t: 'soon' is not a time; expected one"),
        (BOMB, "t: not a trainer"),
        (FILE, "t: not a trainer"),
        (b" " * (MAX_BYTES + 1), "t: more than 1000 kB, which no trainer has"),
    ],
)
def test_what_is_no_trainer(content: bytes, message: str) -> None:
    with pytest.raises(TrainerError) as caught:
        parse_trainer(content, "t")
    assert str(caught.value).startswith(message)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"absent\.trainer: the trainer cannot be read \(No such file"):
        read_trainer(tmp_path / "absent.trainer")


@given(st.binary(max_size=60), st.integers(0, len(FULL)), st.integers(0, 40))
def test_a_damaged_file_is_read_or_refused(inserted: bytes, place: int, removed: int) -> None:
    with contextlib.suppress(TrainerError):
        parse_trainer(FULL[:place] + inserted + FULL[place + removed :], "t")


@pytest.mark.parametrize(
    ("text", "ms"),
    [(None, 0), ("0", 0), ("40", 40), ("100ms", 100), ("2s", 2000), ("0.5", 500), ("0.5s", 500), (".04", 40)],
)
def test_times(text: str | None, ms: int) -> None:
    assert milliseconds(text) == ms


@pytest.mark.parametrize(
    "text", ["", "-1", "None", "1m", "1e3", "٣", "s", ".", f"{'9' * 400}s", f"{'9' * 400}.", "9" * 5000]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        milliseconds(text)
