"""Cuts of videos, and the frames that are found from them."""

from __future__ import annotations

import hashlib
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from looping import loop_clip

from facestream.errors import SourceError
from facestream.media.container.media_file import MediaFile
from facestream.media.video import survey as video_survey
from facestream.media.video.reader import VideoSource
from facestream.media.video.span import SpanError, SpanSource, VideoSpan
from facestream.media.video.survey import Cut, NotDivisible, VideoSurvey, survey_video
from facestream.storage.packed_numbers import pack_numbers
from tests.media.clips import Image, cut, numbered_frames, remux, write_clip


def noisy_frames(count: int) -> list[Image]:
    """Frames that no two are alike of, so that a wrong one is seen."""
    generator = np.random.default_rng(468)
    return [generator.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(count)]


def frames_of(source: VideoSource | SpanSource) -> list[tuple[int, float, str]]:
    with closing(source):
        return [(frame.index, frame.timestamp_s, hashlib.md5(frame.image.tobytes()).hexdigest()) for frame in source]  # noqa: S324


def span_of(survey: VideoSurvey, first: int, count: int) -> VideoSpan:
    return VideoSpan(first, count, survey.cut_before(first), pack_numbers(survey.ticks[first : first + count]))


@pytest.fixture(scope="module")
def looped(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """H.264 with B-frames and a keyframe every 150."""
    return loop_clip(sample, tmp_path_factory.mktemp("looped") / "looped.mp4", 600)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"g": "20", "bf": "2"}),
        ("a.mkv", "libx264", {"g": "20", "bf": "2"}),
        ("a.ts", "libx264", {"g": "20", "bf": "2"}),
        ("a.mp4", "mpeg4", {"g": "20"}),
        ("a.webm", "libvpx", {"g": "20", "auto-alt-ref": "0"}),
        ("a.avi", "mjpeg", {}),
        ("a.mkv", "ffv1", {}),
        ("a.mov", "libx265", {"g": "20", "x265-params": "open-gop=0:log-level=none"}),
    ],
)
@pytest.mark.parametrize("num_threads", [1, 4])
def test_spans_have_the_frames_of_the_whole(
    name: str, codec: str, options: dict[str, str], num_threads: int, tmp_path: Path
) -> None:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    clip = write_clip(
        tmp_path / name,
        noisy_frames(90),
        rate=Fraction(30000, 1001),
        codec=codec,
        pix_fmt=pix_fmt,
        codec_options=options,
    )
    whole = frames_of(VideoSource(clip, num_threads))
    survey = survey_video(clip)
    assert len(survey.ticks) == len(whole) == 90
    assert len(survey.cuts) > 3
    for first, count in ((0, 90), (7, 3), (40, 21), (59, 2), (60, 30), (89, 1)):
        span = span_of(survey, first, count)
        assert frames_of(SpanSource(clip, span, num_threads)) == whole[first : first + count]


def test_uneven_time_stamps(tmp_path: Path) -> None:
    times_s = np.cumsum(np.tile([0.04, 0.02, 0.11], 20)).tolist()
    clip = write_clip(
        tmp_path / "a.mp4",
        noisy_frames(60),
        timestamps_s=times_s,
        codec="libx264",
        codec_options={"g": "10", "bf": "2"},
    )
    survey = survey_video(clip)
    whole = frames_of(VideoSource(clip))
    assert frames_of(SpanSource(clip, span_of(survey, 33, 20))) == whole[33:53]


def test_the_cut_before_a_frame(looped: Path) -> None:
    survey = survey_video(looped)
    assert [cut.index for cut in survey.cuts] == [0, 150, 300, 450]
    assert [survey.cut_before(index).index for index in (0, 149, 150, 599)] == [0, 0, 150, 450]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"g": "20", "bf": "3", "x264-params": "open-gop=1"}, "it has open groups of pictures"),
        ({"g": "20", "x264-params": "intra-refresh=1:scenecut=0"}, "it has open groups of pictures"),
        ({"g": "500"}, "it has one keyframe only"),
    ],
)
def test_videos_that_must_be_read_from_their_start(options: dict[str, str], reason: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mkv", noisy_frames(90), codec="libx264", codec_options=options)
    with pytest.raises(NotDivisible, match=reason):
        survey_video(clip)


def test_hevc_with_open_groups(tmp_path: Path) -> None:
    options = {"x265-params": "keyint=20:min-keyint=20:scenecut=0:log-level=none"}
    clip = write_clip(tmp_path / "a.mp4", noisy_frames(90), codec="libx265", codec_options=options)
    with pytest.raises(NotDivisible, match="open groups of pictures"):
        survey_video(clip)


def test_files_without_time_stamps_or_index(looped: Path, tmp_path: Path) -> None:
    raw = write_clip(tmp_path / "a.h264", numbered_frames(30), codec="libx264", codec_options={"g": "10"})
    with pytest.raises(NotDivisible, match="no usable timestamps"):
        survey_video(raw)
    with pytest.raises(NotDivisible, match="cut short"):
        survey_video(cut(remux(looped, tmp_path / "a.mkv"), tmp_path / "b.mkv", 0.7))


def test_a_file_that_nothing_is_found_in_has_no_index(looped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MediaFile, "seek", lambda *_: None)
    with pytest.raises(NotDivisible, match="it has no index"):
        survey_video(looped)


def test_time_stamps_that_begin_again_part_nothing(tmp_path: Path) -> None:
    packets = video_survey._Packets(
        pts=np.array([10, 11, 12, 0, 1, 2]), dts=np.arange(6), fresh=np.array([0, 3]), num_keys=2, tick=(1, 25)
    )
    assert video_survey._find_cuts(packets) == ()
    joined = packets._replace(pts=np.array([0, 2, 1, 5, 4, 3]), fresh=np.array([0, 3, 5]))
    assert video_survey._find_cuts(joined) == (Cut(0, 0, 0),)


def test_a_seek_that_misses_is_made_good(looped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that goes to a later keyframe is read from its start."""
    survey = survey_video(looped)
    whole = frames_of(VideoSource(looped))
    seek = MediaFile.seek
    far = survey.cuts[-1]
    monkeypatch.setattr(MediaFile, "seek", lambda self, stream, *_: seek(self, stream, far.pts, far.dts))
    assert frames_of(SpanSource(looped, span_of(survey, 160, 30))) == whole[160:190]


@pytest.mark.parametrize("change", [1, -1])
def test_other_frames_than_promised_are_refused(looped: Path, change: int) -> None:
    survey = survey_video(looped)
    ticks = survey.ticks[200:230].copy()
    ticks[10] += change
    span = VideoSpan(200, 30, survey.cut_before(200), pack_numbers(ticks))
    with closing(SpanSource(looped, span)) as source, pytest.raises(SpanError, match="frame 210 cannot be reached"):
        list(source)


def test_a_cut_that_is_not_there(looped: Path) -> None:
    survey = survey_video(looped)
    span = VideoSpan(200, 3, Cut(150, 7, 7), pack_numbers(survey.ticks[200:203]))
    with closing(SpanSource(looped, span)) as source, pytest.raises(SpanError):
        list(source)
    span = VideoSpan(599, 2, survey.cut_before(599), pack_numbers(np.array([survey.ticks[599], 10**9])))
    with closing(SpanSource(looped, span)) as source, pytest.raises(SpanError, match="frame 600"):
        list(source)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x" * 100)
    with pytest.raises(SourceError):
        survey_video(tmp_path / "a.mp4")
