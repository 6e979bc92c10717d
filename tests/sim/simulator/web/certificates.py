# SPDX-License-Identifier: MIT
"""Certificates of the simulator's own authority, made by the openssl command."""
from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

KEY_PASSPHRASE = "sim-passphrase"
SAN = "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1"


def _openssl(where: Path, *words: str) -> None:
    done = subprocess.run(["openssl", *words], cwd=where, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (words[0], done.stderr.strip()))


def _authority(where: Path, name: str, subject: str) -> None:
    _openssl(where, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", name + ".key", "-out", name + ".pem", "-days", "3650", "-subj", "/CN=" + subject,
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def _leaf(where: Path, authority: str, name: str, subject: str, san: str, usage: str,
          expired: bool = False, days: int = 825) -> None:
    """Uses `openssl ca`, the only command that accepts an end date in the past in all versions."""
    _openssl(where, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + subject)
    (where / (name + ".db")).write_text("")
    (where / (name + ".cnf")).write_text(
        "[ca]\ndefault_ca=it\n[it]\ndatabase=%s.db\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n"
        "policy=any\nx509_extensions=ext\nunique_subject=no\n[any]\ncommonName=supplied\n"
        "[ext]\nbasicConstraints=CA:FALSE\nextendedKeyUsage=%s\n%s\n"
        % (name, usage, "subjectAltName=" + san if san else ""))
    dates = (("-startdate", "20200101000000Z", "-enddate", "20200201000000Z") if expired
             else ("-days", str(days)))
    _openssl(where, "ca", "-batch", "-notext", "-config", name + ".cnf", "-cert", authority + ".pem",
             "-keyfile", authority + ".key", "-in", name + ".csr", "-out", name + ".pem", *dates)


def make(where: Path) -> dict[str, str]:
    """Creates the files in the directory; returns their paths for clients."""
    where.mkdir(parents=True, exist_ok=True)
    _authority(where, "ca", "Simulator CA")
    _authority(where, "client-ca", "Simulator Client CA")
    _leaf(where, "ca", "server", "localhost", SAN, "serverAuth")
    _leaf(where, "ca", "server-expired", "localhost", SAN, "serverAuth", expired=True)
    _leaf(where, "ca", "server-soon", "localhost", SAN, "serverAuth", days=5)
    _leaf(where, "ca", "server-other", "other.example", "DNS:other.example", "serverAuth")
    _leaf(where, "client-ca", "client", "collectd test client", "", "clientAuth")
    _openssl(where, "ec", "-in", "client.key", "-aes256", "-passout", "pass:" + KEY_PASSPHRASE,
             "-out", "client-protected.key")
    for key in where.glob("*.key"):
        key.chmod(0o600)
    return {"ca": str(where / "ca.pem"), "wrong_ca": str(where / "client-ca.pem"),
            "client_ca": str(where / "client-ca.pem"), "client_cert": str(where / "client.pem"),
            "client_key": str(where / "client.key"),
            "client_key_protected": str(where / "client-protected.key"),
            "client_key_passphrase": KEY_PASSPHRASE}


def context(where: Path, name: str, client_ca: str = "") -> ssl.SSLContext:
    """`client_ca`: requires a client certificate of this authority."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2  # Genesys docs: TLS 1.2 or newer
    made.load_cert_chain(where / (name + ".pem"), where / (name + ".key"))
    made.set_alpn_protocols(["http/1.1"])
    if client_ca:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(client_ca)
    return made
