"""What a stack must know and nobody else: made at its first start with openssl, mode 0600, kept.

CA and server certificate of the edge, the key ring that link tokens and codes are derived from, the
key that seals the directory's secrets, the Ed25519 key that signs offers, the operator's key, and program.json (public: what the program is stamped
with before it is signed).
"""
import base64
import hashlib
import json
import os
import secrets
import subprocess

CA_DAYS, SERVER_DAYS = "3650", "825"
ED25519_SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")

CERTIFICATE_CONFIG = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {alternatives}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def openssl(*args, data=None):
    result = subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout


def write_private(path, content):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as f:
        f.write(content.encode() if isinstance(content, str) else content)


def make_key(path, *algorithm):
    write_private(path, b"")
    openssl("genpkey", "-algorithm", *algorithm, "-out", path)


def make_authority(folder):
    """ca.key, ca.pem: P-256, because SChannel of old Windows knows no Ed25519 certificates."""
    make_key(folder / "ca.key", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    config = folder / "ca.cnf"
    config.write_text(CERTIFICATE_CONFIG.format(name="Beistand local CA", alternatives="DNS:localhost"))
    openssl("req", "-x509", "-new", "-key", folder / "ca.key", "-days", CA_DAYS, "-config", config,
            "-extensions", "ca", "-out", folder / "ca.pem")
    config.unlink()


def make_server_certificate(folder, hosts):
    """server.pem (certificate, CA, key: HAProxy's form), server.crt alone."""
    make_key(folder / "server.key", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    kinds = [("IP:" if h.replace(".", "").isdigit() or ":" in h else "DNS:") + h for h in hosts]
    config = folder / "server.cnf"
    config.write_text(CERTIFICATE_CONFIG.format(name=hosts[0], alternatives=",".join(kinds)))
    openssl("req", "-new", "-key", folder / "server.key", "-config", config, "-out", folder / "server.csr")
    openssl("x509", "-req", "-in", folder / "server.csr", "-CA", folder / "ca.pem", "-CAkey",
            folder / "ca.key", "-set_serial", str(secrets.randbits(120)), "-days", SERVER_DAYS,
            "-extfile", config, "-extensions", "server", "-out", folder / "server.crt")
    parts = [(folder / name).read_bytes() for name in ("server.crt", "ca.pem", "server.key")]
    write_private(folder / "server.pem", b"".join(parts))
    for name in ("server.cnf", "server.csr"):
        (folder / name).unlink()


def public_ed25519(path):
    """b64u of the 32-byte public key."""
    der = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
    if not der.startswith(ED25519_SPKI_PREFIX) or len(der) != len(ED25519_SPKI_PREFIX) + 32:
        raise RuntimeError(f"{path} is not an Ed25519 key")
    return base64.urlsafe_b64encode(der[-32:]).rstrip(b"=").decode()


def server_spki(folder):
    """base64 of SHA-256 of the server's public key: what Chromium can be told to trust, and nothing else."""
    public = openssl("x509", "-in", folder / "server.crt", "-noout", "-pubkey")
    der = openssl("pkey", "-pubin", "-outform", "DER", data=public)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def make_all(folder, hosts=("127.0.0.1", "localhost")):
    """Makes what is missing in folder (var/secrets); keeps what is there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / "ca.pem").exists():
        make_authority(folder)
    if not (folder / "server.pem").exists():
        make_server_certificate(folder, list(hosts))
    if not (folder / "keys").exists():
        write_private(folder / "keys", f"k1:{secrets.token_hex(32)}\n")
    if not (folder / "directory.key").exists():
        write_private(folder / "directory.key", f"d1:{secrets.token_hex(32)}\n")
    if not (folder / "signing.pem").exists():
        make_key(folder / "signing.pem", "ED25519")
    if not (folder / "operator.key").exists():
        write_private(folder / "operator.key", secrets.token_urlsafe(32) + "\n")


def write_program_json(path, secrets_folder, origin):
    """What is stamped into the program: the same for every customer of this origin. Only rewritten on change."""
    program = {"origin": origin, "ca_pem": (secrets_folder / "ca.pem").read_text(),
               "offer_keys": [public_ed25519(secrets_folder / "signing.pem")], "help": f"{origin}/help"}
    text = json.dumps(program, indent=1) + "\n"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
