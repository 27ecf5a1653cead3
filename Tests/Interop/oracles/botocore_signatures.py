"""Signs seeded random requests with botocore's four SigV4 signers and prints one JSON object per line.

    botocore_signatures.py SEED COUNT

The Swift tests read the lines, sign the same requests and compare. What botocore itself does not distinguish is left
out of the draw: repeated query keys in the presigned form (it keeps the first of them).
"""

import datetime
import json
import random
import sys
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ALPHABET = list("abcXYZ019-._~ +%/=&?#:@!$'()*,;[]\"<>\\^`{|}") + ["é", "ß", "日", "本", "😀", "\t", "%2F", "..", "."]
KINDS = {
    "standard-header": botocore.auth.SigV4Auth,
    "s3-header": botocore.auth.S3SigV4Auth,
    "standard-query": botocore.auth.SigV4QueryAuth,
    "s3-query": botocore.auth.S3SigV4QueryAuth,
}
NOW = datetime.datetime(2000, 1, 1)


def word(rng, longest=12, alphabet=ALPHABET):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, longest)))


def path(rng):
    segments = []
    for _ in range(rng.randint(0, 5)):
        segments.append(rng.choice([word(rng), "", ".", "..", "~", "meetings", "a b", "é"]).replace("/", rng.choice(["/", ""])))
    text = "/" + "/".join(segments) + rng.choice(["", "/"])
    # urlsplit takes a second slash at the start for a host only without one; the wire form is encoded once.
    return quote(text, safe="/~")


def query(rng, may_repeat):
    pairs = [(word(rng, 6) or "k", word(rng)) for _ in range(rng.randint(0, 5))]
    if pairs and rng.random() < 0.4:
        pairs.append((rng.choice(pairs)[0], word(rng)))
        pairs.append((pairs[0][0].upper(), ""))
    if not may_repeat:
        pairs = list(dict(pairs).items())
    return pairs


def headers(rng):
    names = ["Content-Type", "X-Amz-Target", "x-custom-B", "X-Custom-a", "User-Agent", "Range", "Expect", "X-Amzn-Trace-Id"]
    values = ["application/json", "  two   blanks\tand a tab ", "a,b", "", "x" * 40]
    return {name: rng.choice(values) for name in rng.sample(names, rng.randint(0, 4))}


def draw(rng):
    global NOW
    kind = rng.choice(list(KINDS))
    is_query = kind.endswith("query")
    NOW = datetime.datetime(2000, 1, 1) + datetime.timedelta(seconds=rng.randrange(0, 60 * 366 * 86400))
    scheme = rng.choice(["https", "https", "http"])
    host = rng.choice(["meetings-chime.us-east-1.amazonaws.com", "Bucket.s3.amazonaws.com", "localhost", "[::1]", "127.0.0.1"])
    if scheme == "http" and "amazonaws" in host:
        host = "127.0.0.1"
    port = rng.choice(["", "", ":443" if scheme == "https" else ":80", ":8443"])
    case = {
        "kind": kind,
        "method": rng.choice(["GET", "HEAD", "POST", "PUT", "DELETE"]),
        "endpoint": f"{scheme}://{host}{port}",
        "path": path(rng),
        "query": query(rng, may_repeat=not is_query),
        "headers": headers(rng),
        "body": word(rng, 60),
        "access_key": "AKIA" + word(rng, 12, list("ABCDEFGH234567")),
        "secret": word(rng, 40, list("abcdefghABCDEFGH0123+/=")) + "s",
        "token": rng.choice([None, None, word(rng, 200, list("abcABC019+/=")) + "t"]),
        "region": rng.choice(["us-east-1", "eu-central-1", "us-gov-west-1"]),
        "service": "s3" if kind.startswith("s3") else rng.choice(["chime", "sts"]),
        "unix": int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp()),
        "expires": rng.randint(1, 604800),
    }
    return case


def sign(case):
    is_query = case["kind"].endswith("query")
    url = case["endpoint"] + case["path"]
    if case["query"]:
        url += "?" + "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in case["query"])
    request = AWSRequest(method=case["method"], url=url, headers=case["headers"], data=case["body"].encode())
    if is_query:
        # A presigned address has no body of its own; form data would be moved into the query.
        request.data = b""
        case["body"] = ""
    credentials = Credentials(case["access_key"], case["secret"], case["token"])
    signer_class = KINDS[case["kind"]]
    arguments = {"expires": case["expires"]} if is_query else {}
    signer_class(credentials, case["service"], case["region"], **arguments).add_auth(request)
    if is_query:
        case["signature"] = request.url.rsplit("X-Amz-Signature=", 1)[1]
        case["signed_url"] = request.url
    else:
        case["authorization"] = request.headers["Authorization"]
        case["content_hash"] = request.headers.get("X-Amz-Content-SHA256")
    return case


def main():
    rng = random.Random(int(sys.argv[1]))
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: NOW
    for _ in range(int(sys.argv[2])):
        print(json.dumps(sign(draw(rng))))


if __name__ == "__main__":
    main()
