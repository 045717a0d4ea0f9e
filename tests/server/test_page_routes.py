"""The page is made of files of the package, and of nothing else."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from tests.server.running import RunningServer

PAGE = Path(str(resources.files("facestream.server") / "page"))
NAMES = sorted(path.name for path in PAGE.iterdir() if path.is_file())


def test_every_file_of_the_page(server: RunningServer) -> None:
    assert "index.html" in NAMES
    for path in ("/", *(f"/page/{name}" for name in NAMES)):
        answer = server.get(path)
        assert answer.status_code == 200
        assert "default-src 'none'; script-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ("/page/absent.js", "/page/../app.py", "/page/%2e%2e%2fapp.py", "/page/"):
        assert server.get(path).status_code == 404


def test_nothing_comes_from_elsewhere_and_no_text_becomes_html() -> None:
    for name in NAMES:
        text = (PAGE / name).read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.", text.replace("// ", "")), name
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "onclick=", "<style"):
            assert word not in text, f"{name}: {word}"
    for name in re.findall(r'"\./([a-z_]+\.js)"', "".join((PAGE / n).read_text("utf-8") for n in NAMES)):
        assert name in NAMES


def test_every_text_is_used_and_there() -> None:
    texts = set(re.findall(r"^  (\w+):", (PAGE / "texts.js").read_text("utf-8"), re.MULTILINE))
    code = "".join((PAGE / name).read_text("utf-8") for name in NAMES if name.endswith(".js") and name != "texts.js")
    used = set(re.findall(r"TEXTS\.(\w+)", code))
    assert used <= texts, used - texts
    by_name = {
        "waiting",
        "running",
        "finished",
        "error",
        "canceled",
        "confidence",
        "eyes",
        "mouth",
        "roll",
        "stream",
        "video",
    }
    assert texts - used <= by_name, texts - used - by_name
