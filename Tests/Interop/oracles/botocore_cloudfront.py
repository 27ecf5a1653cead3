"""Signs seeded random addresses with botocore's CloudFrontSigner and prints one JSON object per line.

    botocore_cloudfront.py SEED COUNT

The first line holds the RSA key that signs, made for this run. The Swift tests sign the same addresses with it and compare.
"""

import datetime
import json
import random
import sys

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def url(rng):
    segments = ["".join(rng.choice("abcXYZ019-._~") for _ in range(rng.randint(1, 12))) for _ in range(rng.randint(1, 5))]
    query = rng.choice(["", "", "?size=1", "?a=b&c=%20d", "?q=%22quoted%22"])
    return f"https://d{rng.randint(1, 9)}111111abcdef8.cloudfront.net/{'/'.join(segments)}{query}"


def main(seed, count):
    rng = random.Random(seed)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = rng.choice([serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8])
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    print(json.dumps({"pem": pem}))
    for _ in range(count):
        key_id = "K" + "".join(rng.choice("ABCDEFGHJKLMNP0123456789") for _ in range(13))
        signer = CloudFrontSigner(key_id, lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA1()))
        address, ends = url(rng), rng.randint(1_600_000_000, 4_000_000_000)
        until = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc)
        case = {"url": address, "key_id": key_id, "expires": ends}
        if rng.random() < 0.5:
            case["kind"] = "canned"
            case["signed"] = signer.generate_presigned_url(address, date_less_than=until)
        else:
            case["kind"] = "custom"
            begins = rng.choice([None, ends - rng.randint(1, 100_000)])
            source = rng.choice([None, "192.0.2.7", "198.51.100.0/24"])
            policy = signer.build_policy(
                address, until, None if begins is None else datetime.datetime.fromtimestamp(begins, datetime.timezone.utc),
                source,
            )
            case |= {"not_before": begins, "source": source, "signed": signer.generate_presigned_url(address, policy=policy)}
        print(json.dumps(case))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
