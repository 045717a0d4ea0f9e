from __future__ import annotations

from itertools import pairwise

import numpy as np

from facestream.structures import FaceMeshes
from facestream.topology import CONTOURS, IBUG_68, NOSE_TIP, NUM_LANDMARKS, tessellation_edges


def test_the_tessellation_is_one_of_a_disc_with_holes() -> None:
    edges = tessellation_edges()
    assert len(edges) == 1322
    assert len({tuple(sorted(edge)) for edge in edges}) == 1322
    assert {index for edge in edges for index in edge} == set(range(NUM_LANDMARKS))


def test_contours_run_along_the_tessellation() -> None:
    edges = {tuple(sorted(edge)) for edge in tessellation_edges()}
    for name in ("face_oval", "lips_outer", "lips_inner", "left_eye", "right_eye"):
        path = CONTOURS[name]
        assert path[0] == path[-1], name
        assert all(tuple(sorted(pair)) in edges for pair in pairwise(path)), name


def test_groups_lie_where_their_names_say(astronaut_meshes: FaceMeshes) -> None:
    mesh = astronaut_meshes.landmarks[0]
    middle = {name: mesh[list(path), :2].mean(axis=0) for name, path in CONTOURS.items()}
    assert middle["right_eye"][0] < middle["nose_bridge"][0] < middle["left_eye"][0], (
        "the subject's right is at our left"
    )
    assert middle["left_eyebrow_upper"][1] < middle["left_eye"][1] < middle["nostrils"][1] < middle["lips_outer"][1]
    assert mesh[NOSE_TIP, 2] == mesh[:, 2].min() or mesh[NOSE_TIP, 2] < np.percentile(mesh[:, 2], 2), (
        "nearest the camera"
    )


def test_the_68_points_are_landmarks() -> None:
    assert len(IBUG_68) == 68 == len(set(IBUG_68))
    assert IBUG_68[36] == 33
    assert IBUG_68[45] == 263
