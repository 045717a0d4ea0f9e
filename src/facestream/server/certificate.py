"""A self-signed certificate, made once and kept, for clients that accept https only."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Certificate", "own_certificate"]

VALID_DAYS = 800
"""Browsers reject certificates that are valid for more than 825 days."""

RENEW_DAYS = 30

Certificate = tuple[Path, Path]
"""Return the files of the certificate and its key."""


def own_certificate(folder: Path, names: Iterable[str]) -> Certificate:
    """Return the self-signed certificate in a folder. It is made again if it is missing, expires, or lacks a name.

    Raises:
        OSError: it cannot be kept there.
    """
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    everywhere = {"0.0.0.0", "::", ""}  # noqa: S104 - no names of this machine
    wanted = sorted({"localhost", "127.0.0.1", "::1", socket.gethostname(), *names} - everywhere)
    if not _is_good(certificate_path, key_path, wanted):
        key = ec.generate_private_key(ec.SECP256R1())
        _write(key_path, _key_bytes(key))
        _write(certificate_path, _sign(key, wanted).public_bytes(serialization.Encoding.PEM))
    return certificate_path, key_path


def _is_good(certificate_path: Path, key_path: Path, names: list[str]) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return (
        left > datetime.timedelta(days=RENEW_DAYS)
        and key.public_key() == certificate.public_key()
        and set(map(_general_name, names)) <= set(known)
    )


def _sign(key: ec.EllipticCurvePrivateKey, names: list[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "facestream")])
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode("ascii"))


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that appears complete, and that only its owner may read."""
    hidden = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    hidden.replace(path)
