"""What channel.md rests on, written down a second time and slowly, so that the golden vectors do not come from the
code they check: Crockford base32, link tokens, Damm, ristretto255 (RFC 9496) and CPace (draft-irtf-cfrg-cpace). AES-GCM,
Ed25519 and X25519 are python3-cryptography's."""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
# H. Michael Damm's thesis, page 106.
DAMM = [
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
]


def crockford(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(CROCKFORD[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


def link_token(data):
    check = int.from_bytes(data, "big") % 1021
    return (crockford(data) + CROCKFORD[check >> 5] + CROCKFORD[check & 31]).upper()


def damm_digit(digits):
    interim = 0
    for digit in digits:
        interim = int(DAMM[interim][int(digit)])
    return str(interim)


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def expand(prk, info):
    """HKDF-Expand of one block."""
    return mac(prk, info.encode(), b"\x01")


def pbkdf2(password, salt, iterations):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations, 32)


def seal(key, counter, plain):
    """A record: type byte, ciphertext, tag."""
    return b"\x10" + AESGCM(key).encrypt(bytes(4) + counter.to_bytes(8, "big"), plain, b"\x10")


def ed25519_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def ed25519_sign(seed, message):
    return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def x25519_public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def x25519(secret, peer):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(peer))


# ---- ristretto255 over edwards25519, extended coordinates (RFC 9496 section 4) ----

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def is_negative(x):
    return x % P & 1


def absolute(x):
    return P - x % P if is_negative(x) else x % P


def sqrt_ratio(u, v):
    """(was square, |sqrt(u/v)| or |sqrt(SQRT_M1·u/v)|)."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, absolute(r)


INVSQRT_A_MINUS_D = sqrt_ratio(1, (-1 - D) % P)[1]
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) ** 2 % P
# The root whose sign RFC 9496 names.
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
NEUTRAL = (0, 1, 1, 0)


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    p, q = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = q - p, d - c, d + c, q + p
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(point, scalar):
    result = NEUTRAL
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def encode(point):
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    _, root = sqrt_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = root * u1 % P, root * u2 % P
    z_inv = den1 * den2 * t0 % P
    x, y, den = x0, y0, den2
    if is_negative(t0 * z_inv):
        x, y, den = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    if is_negative(x * z_inv):
        y = -y % P
    return absolute(den * (z0 - y)).to_bytes(32, "little")


def decode(data):
    """None when data encodes no point."""
    s = int.from_bytes(data, "little")
    if s >= P or is_negative(s):
        return None
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    square, root = sqrt_ratio(1, v * u2 * u2 % P)
    den_x = root * u2 % P
    den_y = root * den_x * v % P
    x, y = absolute(2 * s * den_x), u1 * den_y % P
    if not square or is_negative(x * y) or y == 0:
        return None
    return x, y, 1, x * y % P


def one_way_map(half):
    r = SQRT_M1 * half * half % P
    u, v = (r + 1) * ONE_MINUS_D_SQ % P, (-1 - r * D) * (r + D) % P
    square, s = sqrt_ratio(u, v)
    c = -1
    if not square:
        s, c = -absolute(s * half) % P, r
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def from_uniform(data):
    halves = [int.from_bytes(data[i : i + 32], "little") % 2**255 for i in (0, 32)]
    return add(one_way_map(halves[0]), one_way_map(halves[1]))


# ---- CPace ----

DSI = b"CPaceRistretto255"


def lv(data):
    assert len(data) < 128
    return bytes([len(data)]) + data


def cpace_generator(prs, ci, sid):
    padding = bytes(max(0, 128 - len(lv(DSI)) - len(lv(prs)) - 1))
    return from_uniform(hashlib.sha512(lv(DSI) + lv(prs) + lv(padding) + lv(ci) + lv(sid)).digest())


def cpace_message(generator, scalar):
    return encode(multiply(generator, scalar))


def cpace_isk(sid, scalar, peer, ya, ada, yb, adb):
    k = encode(multiply(decode(peer), scalar))
    return hashlib.sha512(lv(DSI + b"_ISK") + lv(sid) + lv(k) + lv(ya) + lv(ada) + lv(yb) + lv(adb)).digest()
