# SPDX-License-Identifier: MIT
"""Amazon's SDK as an independent client of protocol, signatures and errors.

AWS_SDK_DIR names a folder in which `npm install @aws-sdk/client-sqs` was run.
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from simulator.aws.credentials import ACCESS_KEY, SECRET_KEY

from .sqs_client import SqsCase

FOLDER = os.environ.get("AWS_SDK_DIR", "")


@unittest.skipUnless(FOLDER and shutil.which("node"), "AWS_SDK_DIR names no SDK, or there is no node")
class Sdk(SqsCase):
    def test_the_sdk_gets_the_expected_answers(self) -> None:
        done = subprocess.run(
            ["node", "--no-warnings", str(Path(__file__).with_name("sdk_client.mjs")), FOLDER, self.sqs.url, ACCESS_KEY,
             SECRET_KEY, self.sqs.ready["aws_imds"]], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), {
            "bodies": ["b", "grüße 📞"], "receives": ["1", "1"], "failed": ["y ReceiptHandleIsInvalid"], "left": "1",
            "wrong_secret": "SignatureDoesNotMatch 403", "unknown_key": "InvalidClientTokenId 403",
            "no_queue": "QueueDoesNotExist 400", "by_instance_keys": 1})
