"""Certificates made for tests, signed by themselves."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BEGAN = datetime(2026, 3, 5, 8, tzinfo=UTC)
ENDS = datetime(2026, 6, 3, 8, tzinfo=UTC)


def make(
    *names: str,
    organisation: str = "Let's Test",
    common_name: str = "R1",
    began: datetime = BEGAN,
    ends: datetime = ENDS,
) -> tuple[bytes, bytes]:
    """(DER certificate, PEM of its key and of itself)."""
    key = ec.generate_private_key(ec.SECP256R1())
    parts = [(NameOID.COUNTRY_NAME, "XX"), (NameOID.ORGANIZATION_NAME, organisation)]
    parts.append((NameOID.COMMON_NAME, common_name))
    issuer = x509.Name([x509.NameAttribute(oid, text) for oid, text in parts if text])
    builder = (
        x509.CertificateBuilder()
        .subject_name(issuer)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(began)
        .not_valid_after(ends)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(alternatives, critical=False)
    made = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.DER), private + made.public_bytes(
        serialization.Encoding.PEM
    )
