# SPDX-License-Identifier: MIT
"""Signatures: AWS's published test vectors, and libcurl's signer."""
from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

from simulator.aws import sigv4
from simulator.aws.sigv4 import Key

from .sqs_client import KEY, SqsCase

# The key, the moment and the signatures of AWS's Signature Version 4 test suite.
SUITE = Key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
STAMP = "20150830T123600Z"
SCOPE = "20150830/us-east-1/service/aws4_request"
NOW = 1440938160.0
STS = ("AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YU"
       "uwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8Y"
       "QcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICC"
       "R/oLxBA==")
VECTORS = (
    ("get-vanilla", "GET", "/", {}, b"",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", {}, b"",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("get-header-value-trim", "GET", "/", {"my-header1": " value1", "my-header2": "\"a   b   c\""}, b"",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    ("post-vanilla", "POST", "/", {}, b"",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("post-header-key-sort", "POST", "/", {"my-header1": "value1"}, b"",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    ("post-x-www-form-urlencoded", "POST", "/", {"content-type": "application/x-www-form-urlencoded"}, b"Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ("post-sts-header-before", "POST", "/", {"x-amz-security-token": STS}, b"",
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
)


class Vectors(unittest.TestCase):
    def test_signatures_equal_the_published_ones(self) -> None:
        for name, method, target, more, body, expected in VECTORS:
            headers = {"host": "example.amazonaws.com", "x-amz-date": STAMP, **more}
            with self.subTest(name):
                made = sigv4.sign(SUITE, method, target, headers, body, STAMP, "us-east-1", "service")
                self.assertEqual(made.rpartition("=")[2], expected)

    def test_the_canonical_request_is_the_published_one(self) -> None:
        headers = {"host": "example.amazonaws.com", "x-amz-date": STAMP}
        text = sigv4.canonical("GET", "/", headers, sorted(headers), hashlib.sha256(b"").hexdigest())
        self.assertEqual(text, "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\n\nhost;x-amz-date\n"
                         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

    def test_the_check_accepts_only_unchanged_vectors(self) -> None:
        for name, method, target, more, body, expected in VECTORS:
            signed = {"host": "example.amazonaws.com", "x-amz-date": STAMP, **more}
            signed["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/%s, SignedHeaders=%s, Signature=%s" % (
                SCOPE, ";".join(sorted(signed)), expected)
            key = Key(SUITE.id, SUITE.secret, more.get("x-amz-security-token"))

            def check(headers: dict[str, str], sent: bytes, now: float = NOW) -> Key:
                return sigv4.check(method, target, headers, sent, "us-east-1", "service", now, lambda _: key)
            with self.subTest(name):
                self.assertEqual(check(signed, body), key)
                for wrong in ({**signed, "host": "example.org"}, {**signed, "x-amz-date": "20150830T123601Z"}):
                    self.assertRaises(sigv4.Refused, check, wrong, body)
                self.assertRaises(sigv4.Refused, check, signed, body + b" ")
                self.assertRaises(sigv4.Refused, check, {**signed, "x-amz-target": "unsigned"}, body)
                check(signed, body, NOW + 899)
                self.assertRaises(sigv4.Refused, check, signed, body, NOW + 901)
                self.assertRaises(sigv4.Refused, check, signed, body, NOW - 901)


class Checked(SqsCase):
    def test_a_wrong_secret_and_a_wrong_key_have_different_errors(self) -> None:
        self.refused(self.sqs.ask("ReceiveMessage", Key(KEY.id, "wrong")), 403, "InvalidSignatureException")
        answer = self.sqs.ask("ReceiveMessage", Key("AKIANOBODY", "wrong"))
        self.refused(answer, 403, "UnrecognizedClientException")
        self.assertEqual(answer.headers["x-amzn-query-error"], "InvalidClientTokenId;Sender")

    def test_a_request_of_a_wrong_clock_is_refused(self) -> None:
        answer = self.sqs.ask("ReceiveMessage", ahead_s=-1000)
        self.refused(answer, 403, "InvalidSignatureException")
        self.assertIn("Signature expired", answer.json["message"])
        self.sqs.sim("aws", {"clock_ahead_s": -1000})
        self.assertEqual(self.sqs.ask("ReceiveMessage", ahead_s=-1000).status, 200)
        self.assertIn("not yet current", self.sqs.ask("ReceiveMessage").json["message"])

    def test_a_request_without_a_signature_is_refused(self) -> None:
        answer = self.sqs.http("POST", "/", b"{}", {"X-Amz-Target": "AmazonSQS.ReceiveMessage"})
        self.refused(answer, 403, "MissingAuthenticationTokenException")

    def test_temporary_keys_need_their_token_and_end(self) -> None:
        made = self.sqs.sim("aws", {"op": "temporary", "life_s": 3600})
        key = Key(made["AccessKeyId"], made["SecretAccessKey"], made["Token"])
        self.assertEqual(self.sqs.ask("ReceiveMessage", key).status, 200)
        self.refused(self.sqs.ask("ReceiveMessage", Key(key.id, key.secret)), 403, "UnrecognizedClientException")
        self.refused(self.sqs.ask("ReceiveMessage", Key(key.id, key.secret, "other")), 403, "UnrecognizedClientException")
        self.refused(self.sqs.ask("ReceiveMessage", Key(KEY.id, KEY.secret, "x")), 403, "UnrecognizedClientException")
        self.assertGreaterEqual(self.sqs.sim("aws", {"op": "revoke"})["revoked"], 1)
        self.refused(self.sqs.ask("ReceiveMessage", key), 403, "ExpiredTokenException")

    @unittest.skipUnless(shutil.which("curl"), "there is no curl")
    def test_curls_own_signature_is_accepted(self) -> None:
        made = self.sqs.sim("aws", {"op": "temporary", "life_s": 3600})
        for key in (KEY, Key(made["AccessKeyId"], made["SecretAccessKey"], made["Token"])):
            self.assertEqual(self._curl(key, key.secret), "200")
            self.assertEqual(self._curl(key, key.secret[::-1]), "403")

    def _curl(self, key: Key, secret: str) -> str:
        """Passes the keys to curl in a file, as a secret requires."""
        with tempfile.TemporaryDirectory() as where:
            config = Path(where) / "config"
            config.write_text("user = \"%s:%s\"\n" % (key.id, secret)
                              + ("header = \"X-Amz-Security-Token: %s\"\n" % key.token if key.token else ""))
            done = subprocess.run(
                ["curl", "-s", "-K", str(config), "-o", "/dev/null", "-w", "%{http_code}",
                 "--aws-sigv4", "aws:amz:eu-west-1:sqs", "-H", "Content-Type: application/x-amz-json-1.0",
                 "-H", "X-Amz-Target: AmazonSQS.ReceiveMessage", "-d", "{\"QueueUrl\":\"%s\"}" % self.sqs.url,
                 "http://127.0.0.1:%d/" % self.sqs.port], capture_output=True, text=True, timeout=20, check=True)
        return done.stdout


class Endpoints(SqsCase):
    """The endpoints of temporary keys."""

    def _good(self, record: dict[str, str]) -> None:
        key = Key(record["AccessKeyId"], record["SecretAccessKey"], record["Token"])
        self.assertEqual(self.sqs.ask("ReceiveMessage", key).status, 200)
        left = time.mktime(time.strptime(record["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())
        self.assertTrue(3500 < left <= 3601, left)

    def test_the_container_endpoint_requires_its_token(self) -> None:
        path = self.sqs.ready["aws_container_url"].partition("://")[2].partition("/")[2]
        self.assertEqual(self.sqs.http("GET", "/" + path).status, 401)
        head = {"Authorization": self.sqs.ready["aws_container_token"]}
        first = self.sqs.http("GET", "/" + path, None, head)
        self._good(first.json)
        self.assertEqual(self.sqs.http("GET", "/" + path, None, head).json, first.json)
        self.sqs.sim("aws", {"keep_s": 3601})
        self.assertNotEqual(self.sqs.http("GET", "/" + path, None, head).json["AccessKeyId"], first.json["AccessKeyId"])

    def _assume(self, **changed: str) -> "tuple[int, dict[str, str]]":
        form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleSessionName": "collectd",
                "RoleArn": self.sqs.ready["aws_role_arn"], "WebIdentityToken": self.sqs.ready["aws_web_identity_token"]}
        got = self.sqs.http("POST", "/", urlencode({**form, **changed}).encode(),
                            {"Content-Type": "application/x-www-form-urlencoded"})
        return got.status, {e.tag.rpartition("}")[2]: e.text or "" for e in ElementTree.fromstring(got.raw).iter()}

    def test_sts_requires_the_web_identity_token(self) -> None:
        status, found = self._assume()
        self.assertEqual(status, 200)
        self._good({**found, "Token": found["SessionToken"]})
        for changed, refused in (({"WebIdentityToken": "x"}, (400, "InvalidIdentityToken")),
                                 ({"RoleArn": "arn:aws:iam::1:role/other"}, (403, "AccessDenied")),
                                 ({"RoleSessionName": "x"}, (400, "ValidationError")),
                                 ({"Action": "AssumeRole"}, (400, "InvalidAction"))):
            status, found = self._assume(**changed)
            self.assertEqual((status, found["Code"]), refused)
        self.sqs.sim("aws", {"web_identity_token": "second"})
        self.assertEqual(self._assume()[0], 400)
        self.assertEqual(self._assume(WebIdentityToken="second")[0], 200)

    def test_instance_metadata_requires_a_session(self) -> None:
        roles, ttl = "/latest/meta-data/iam/security-credentials/", "X-aws-ec2-metadata-token-ttl-seconds"
        self.assertEqual(self.sqs.http("GET", roles).status, 401)
        self.assertEqual(self.sqs.http("PUT", "/latest/api/token").status, 400)
        self.assertEqual(self.sqs.http("PUT", "/latest/api/token", None, {ttl: "21601"}).status, 400)
        token = self.sqs.http("PUT", "/latest/api/token", None, {ttl: "60"}).raw.decode()
        head = {"X-aws-ec2-metadata-token": token}
        role = self.sqs.http("GET", roles, None, head).raw.decode()
        self.assertEqual(self.sqs.http("GET", roles + "other", None, head).status, 404)
        record = self.sqs.http("GET", roles + role, None, head).json
        self.assertEqual((record["Code"], record["Type"]), ("Success", "AWS-HMAC"))
        self._good(record)
        self.assertEqual(self.sqs.http("GET", roles + role, None, {"X-aws-ec2-metadata-token": token + "x"}).status, 401)
        self.sqs.sim("aws", {"imds_off": True})
        self.assertEqual(self.sqs.http("PUT", "/latest/api/token", None, {ttl: "60"}).status, 403)
