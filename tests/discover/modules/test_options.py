from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facestream.discover.modules.options import flag_of, number_of, parse_module_options
from facestream.errors import RequestError


@pytest.mark.parametrize(
    ("options", "opt_str", "values"),
    [
        ('{"batch_size": 128}', None, {"batch_size": 128}),
        ('{"batch_size": 128}', "batch_size=7", {"batch_size": 128}),
        ("null", "batch_size=7", {"batch_size": 7}),
        ("", "a=1;b=0.5;c=True;d=None;e=back", {"a": 1, "b": 0.5, "c": True, "d": None, "e": "back"}),
        (None, "a = 1 ; ", {"a": 1}),
        (None, "path=a=b", {"path": "a=b"}),
        (None, None, {}),
        ("{}", "a=1", {}),
    ],
)
def test_both_forms(options: str | None, opt_str: str | None, values: dict[str, object]) -> None:
    assert parse_module_options(options, opt_str) == values


@pytest.mark.parametrize(
    ("options", "opt_str", "message"),
    [
        ("{", None, "options is not valid JSON"),
        ("[1]", None, "options is a JSON list, where an object was expected"),
        (None, "batch_size", "optStr: 'batch_size' is no name=value"),
        (None, "=3", "optStr: '=3' is no name=value"),
    ],
)
def test_what_is_neither(options: str | None, opt_str: str | None, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse_module_options(options, opt_str)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for arguments in ((text, None), (None, text)):
        try:
            values = parse_module_options(*arguments)
        except RequestError:
            continue
        assert all(isinstance(name, str) for name in values)


def test_numbers() -> None:
    options = {"a": 3, "b": "0.5", "c": None, "d": "", "e": True, "f": "many", "g": float("inf"), "h": 10**400}
    assert [number_of(options, name, 7) for name in ("a", "b", "c", "d", "absent")] == [3, 0.5, 7, 7, 7]
    for name in "efgh":
        with pytest.raises(RequestError, match=f"option {name} is .*, where a number was expected"):
            number_of(options, name, 7)


def test_flags() -> None:
    options = {"a": True, "b": "true", "c": "1", "d": 1, "e": False, "f": "False", "g": 0, "h": None, "i": "yes"}
    assert [flag_of(options, name, default=False) for name in "abcd"] == [True] * 4
    assert [flag_of(options, name, default=True) for name in "efg"] == [False] * 3
    assert flag_of(options, "h", default=True) is True
    with pytest.raises(RequestError, match="option i is 'yes', where true or false was expected"):
        flag_of(options, "i", default=True)
