from __future__ import annotations

import datetime
import json
import ssl
import stat
import warnings
from pathlib import Path

import pytest
from cryptography import x509

from facestream.server import certificate
from facestream.server.certificate import own_certificate
from tests.server.running import RunningServer


def names_in(path: Path) -> set[str]:
    read = x509.load_pem_x509_certificate(path.read_bytes())
    known = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in known}


def test_a_certificate_is_made_once_and_kept(tmp_path: Path) -> None:
    paths = own_certificate(tmp_path, ["0.0.0.0", "lab.example"])
    assert {"localhost", "127.0.0.1", "::1", "lab.example"} <= names_in(paths[0])
    assert "0.0.0.0" not in names_in(paths[0])
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*paths)
    before = [path.read_bytes() for path in paths]
    assert own_certificate(tmp_path, ["lab.example"]) == paths
    assert [path.read_bytes() for path in paths] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["certificate.pem", "key.pem"]


def test_it_is_made_anew_where_it_does_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed() -> bool:
        before = (tmp_path / "certificate.pem").read_bytes()
        own_certificate(tmp_path, ["lab.example"])
        return (tmp_path / "certificate.pem").read_bytes() != before

    with monkeypatch.context() as patch:
        patch.setattr(certificate, "VALID_DAYS", certificate.RENEW_DAYS - 1)
        own_certificate(tmp_path, ["lab.example"])
    assert changed(), "it runs out soon"
    assert not changed()
    own_certificate(tmp_path, ["other.example"])
    assert changed(), "it lacks a name"
    (tmp_path / "key.pem").write_text("no key")
    assert changed()
    other, key = own_certificate(tmp_path / "..", [])
    (tmp_path / "key.pem").write_bytes(key.read_bytes())
    assert changed(), "the key is of another certificate"
    other.unlink()
    key.unlink()
    left = x509.load_pem_x509_certificate((tmp_path / "certificate.pem").read_bytes()).not_valid_after_utc
    assert left - datetime.datetime.now(datetime.UTC) > datetime.timedelta(days=700)


def test_nova_over_https_beside_http(data_folder: Path, tmp_path: Path) -> None:
    with RunningServer(data_folder, tmp_path / "state", "--tls-port", "0") as server:
        words = server.output[0].split()
        https = next(word for word in words if word.startswith("https://"))
        entries = [
            {"src": "file:stream:video", "type": "input", "id": "data", "uri": "clip.mp4"},
            {"src": "file:stream:ssistream", "type": "output", "id": "landmarks", "uri": "tls.stream"},
        ]
        fields = {"jobID": "1", "trainerFilePath": "facemesh/facemesh.trainer", "data": json.dumps(entries)}
        boundary = "0f3f"
        body = "".join(
            f"--{boundary}\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n"
            for name, value in fields.items()
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import requests

            answer = requests.post(
                f"{https}process",
                data=f"{body}--{boundary}--\r\n".encode(),
                headers={"Content-Type": f'multipart/form-data; boundary="{boundary}"'},
                timeout=60,
                verify=str(tmp_path / "state" / "certificate.pem"),
            )
        assert answer.text == '{"success":"True"}\n'
        assert server.wait("1") == 2, server.log("1")
