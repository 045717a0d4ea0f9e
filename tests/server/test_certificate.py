from __future__ import annotations

import datetime
import json
import ssl
import stat
from pathlib import Path

import pytest
import requests
from cryptography import x509

from facestream import read_stream
from facestream.server import certificate
from facestream.server.certificate import own_certificate
from tests.server.nova import EMPTY_FORM, HEADERS, nova_form, process_fields
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
    """NOVA's window, from its first look at the modules to a stream of a dataset."""
    session = data_folder / "nova-study" / "s01"
    session.mkdir(parents=True)
    (session / "patient.video.mp4").write_bytes((data_folder / "clip.mp4").read_bytes())
    item = {"role": "patient", "active": True}
    entries = [
        {"id": "data", "type": "input", "src": "db:stream:Video", "name": "video", **item},
        {"id": "landmarks", "type": "output", "kind": "SSIStream:feature;face;landmarks", "name": "face_mesh",
         "src": "db:stream:SSIStream:feature;face;landmarks", **item},
    ]  # fmt: skip
    with RunningServer(data_folder, tmp_path / "state", "--tls-port", "0") as server:
        https = next(word for word in server.output[0].split() if word.startswith("https://"))

        def post(route: str, body: bytes) -> requests.Response:
            certificate = str(tmp_path / "state" / "certificate.pem")
            return requests.post(f"{https}{route}", data=body, headers=HEADERS, timeout=60, verify=certificate)

        modules = post("cml_info", EMPTY_FORM).json()["trainer_ok"]
        path = next(name for name in modules if "facemesh" in name)
        assert json.loads(modules[path])["info_trained"] is True
        fields = process_fields("12345678", entries, dataset="nova-study", sessions='["s01"]')
        assert post("process", nova_form({**fields, "trainerFilePath": path})).text == '{"success":"True"}\n'
        assert server.wait("12345678") == 2, server.log("12345678")
        assert post("job_status", nova_form({"jobID": "12345678"})).json() == {"status": 2}
        assert "Processing completed!" in post("log", nova_form({"jobID": "12345678"})).json()["message"]
    assert read_stream(session / "patient.face_mesh.stream").data.shape == (30, 937)
