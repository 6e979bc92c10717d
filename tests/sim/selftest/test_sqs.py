# SPDX-License-Identifier: MIT
"""The queue and its protocol."""
from __future__ import annotations

import hashlib
import json
import threading
import time
import unittest
from typing import Any

from simulator.aws.queue import Queue

from .sqs_client import SqsCase
from .support import BUSY_S, wait_for


class PureQueue(unittest.TestCase):
    """The rules, with the moment as an argument."""

    def setUp(self) -> None:
        self.queue = Queue("q")

    def take(self, now: float, most: int = 10) -> list[Any]:
        return self.queue.receive(most, None, now)[0]

    def test_a_message_is_invisible_until_its_time_out_and_then_has_a_new_handle(self) -> None:
        self.queue.send("a", 0)
        first = self.take(1)[0].handle
        self.assertEqual(self.take(30.9), [])
        second = self.take(31)[0]
        self.assertNotEqual(second.handle, first)
        self.assertEqual(second.receives, 2)
        self.queue.delete(first, 32)
        self.assertEqual(self.queue.as_json(32)["deletes_in_vain"], 1)
        self.queue.delete(second.handle, 32)
        self.assertEqual(self.queue.as_json(32)["left"], 0)
        self.assertEqual(self.take(1000), [])

    def test_a_late_delete_counts_until_the_next_receive(self) -> None:
        self.queue.send("a", 0)
        handle = self.take(0)[0].handle
        self.queue.advance(40)
        self.queue.delete(handle, 40)
        self.assertEqual((self.take(41), self.queue.as_json(41)["left"]), ([], 0))

    def test_visibility_can_be_prolonged_and_ended(self) -> None:
        self.queue.send("a", 0)
        handle = self.take(0)[0].handle
        self.assertTrue(self.queue.change_visibility(handle, 60, 20))
        self.assertEqual(self.take(79), [])
        again = self.take(80)[0]
        self.assertFalse(self.queue.change_visibility(handle, 10, 80))
        self.assertTrue(self.queue.change_visibility(again.handle, 0, 81))
        self.assertEqual(self.take(81)[0].receives, 3)

    def test_a_message_becomes_a_dead_letter_after_its_receives(self) -> None:
        self.queue.rules.change({"max_receive_count": 2, "visibility_s": 1})
        self.queue.send("a", 0)
        self.assertEqual([len(self.take(at)) for at in (0, 2, 4)], [1, 1, 0])
        self.assertEqual((self.queue.as_json(5)["dead"], self.queue.as_json(5)["left"]), (1, 0))

    def test_order_is_random_and_no_message_is_lost(self) -> None:
        for number in range(500):
            self.queue.send(str(number), 0)
        got = [int(m.body) for _ in range(50) for m in self.take(1)]
        self.assertEqual(sorted(got), list(range(500)))
        self.assertGreater(sum(a > b for a, b in zip(got, got[1:])), 100)

    def test_messages_are_delivered_again_by_the_rules(self) -> None:
        self.queue.rules.change({"redeliver_percent": 100, "redeliver_s": 0})
        self.queue.send("a", 0)
        self.queue.delete(self.take(0)[0].handle, 0)
        self.assertEqual(len(self.take(5)), 1)
        self.queue.rules.change({"redeliver_percent": 0, "twice_percent": 100})
        self.queue.send("b", 6)
        self.assertEqual([m.body for m in self.take(6, 1) + self.take(6, 1)], ["b", "b"])

    def test_a_delayed_message_is_visible_after_its_delay(self) -> None:
        self.queue.send("a", 0, delay_s=5)
        self.assertEqual((self.take(4.9), self.queue.as_json(4.9)["delayed"]), ([], 1))
        self.assertEqual(len(self.take(5)), 1)


class Protocol(SqsCase):
    def send(self, *bodies: str) -> None:
        self.sqs.sim("sqs/send", {"bodies": list(bodies)})

    def test_received_messages_equal_the_sent_ones(self) -> None:
        body = "{\"a\":\"ü\\u0041\\n\U0001f4de\"}"
        sent = self.sqs.good("SendMessage", MessageBody=body)
        got = self.sqs.receive(MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"])[0]
        self.assertEqual((got["Body"], got["MessageId"]), (body, sent["MessageId"]))
        self.assertEqual(got["MD5OfBody"], hashlib.md5(body.encode()).hexdigest())
        self.assertEqual(sent["MD5OfMessageBody"], got["MD5OfBody"])
        self.assertEqual(got["Attributes"]["ApproximateReceiveCount"], "1")
        self.assertLess(abs(int(got["Attributes"]["SentTimestamp"]) - time.time() * 1000), 5000)
        self.assertEqual(self.sqs.good("DeleteMessage", ReceiptHandle=got["ReceiptHandle"]), {})
        self.assertEqual(self.sqs.queue()["left"], 0)

    def test_an_empty_receive_answers_an_empty_object(self) -> None:
        self.assertEqual(self.sqs.ask("ReceiveMessage").raw, b"{}")

    def test_a_request_receives_one_message_by_default_and_ten_at_most(self) -> None:
        self.send(*"abcdefghijklmnop")
        self.assertEqual(len(self.sqs.good("ReceiveMessage")["Messages"]), 1)
        self.assertEqual(len(self.sqs.receive(10)), 10)
        self.refused(self.sqs.ask("ReceiveMessage", MaxNumberOfMessages=11), 400, "InvalidParameterValue")
        self.refused(self.sqs.ask("ReceiveMessage", WaitTimeSeconds=21), 400, "InvalidParameterValue")

    def test_a_long_poll_ends_with_the_first_message_or_its_time(self) -> None:
        started = time.monotonic()
        self.assertEqual(self.sqs.receive(WaitTimeSeconds=1), [])
        self.assertTrue(0.9 < time.monotonic() - started < 1 + BUSY_S)
        got: list[Any] = []
        poll = threading.Thread(target=lambda: got.extend(self.sqs.receive(WaitTimeSeconds=20)))
        poll.start()
        wait_for(lambda: self.sqs.sim("sqs")["polls"]["now"] == 1)
        started = time.monotonic()
        self.send("a")
        poll.join()
        self.assertEqual(len(got), 1)
        self.assertLess(time.monotonic() - started, BUSY_S)

    def test_a_long_poll_returns_a_message_after_its_time_out(self) -> None:
        self.send("a")
        self.assertEqual(len(self.sqs.receive(VisibilityTimeout=1)), 1)
        started = time.monotonic()
        self.assertEqual(len(self.sqs.receive(WaitTimeSeconds=20)), 1)
        self.assertLess(time.monotonic() - started, 1 + BUSY_S)

    def test_a_batch_can_fail_in_part_with_200(self) -> None:
        self.send("a", "b")
        handles = [m["ReceiptHandle"] for m in self.sqs.receive()]
        answer = self.sqs.good("DeleteMessageBatch", Entries=[
            {"Id": "x", "ReceiptHandle": handles[0]}, {"Id": "y", "ReceiptHandle": "nonsense"}])
        self.assertEqual(answer["Successful"], [{"Id": "x"}])
        self.assertEqual((answer["Failed"][0]["Id"], answer["Failed"][0]["Code"], answer["Failed"][0]["SenderFault"]),
                         ("y", "ReceiptHandleIsInvalid", True))
        self.assertEqual(self.sqs.queue()["left"], 1)

    def test_batches_are_checked(self) -> None:
        def entries(*names: str) -> list[dict[str, str]]:
            return [{"Id": name, "MessageBody": "b"} for name in names]
        for given, kind in ((entries(), "EmptyBatchRequest"), (entries("a", "a"), "BatchEntryIdsNotDistinct"),
                            (entries("a b"), "InvalidBatchEntryId"),
                            (entries(*"abcdefghijk"), "TooManyEntriesInBatchRequest")):
            answer = self.sqs.ask("SendMessageBatch", Entries=given)
            self.refused(answer, 400, kind)
            self.assertEqual(answer.headers["x-amzn-query-error"], "AWS.SimpleQueueService.%s;Sender" % kind)
        self.assertEqual(len(self.sqs.good("SendMessageBatch", Entries=entries("a", "b"))["Successful"]), 2)

    def test_visibility_changes_by_request(self) -> None:
        self.send("a", "b")
        got = self.sqs.receive()
        answer = self.sqs.good("ChangeMessageVisibilityBatch", Entries=[
            {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"], "VisibilityTimeout": 0} for i, m in enumerate(got)])
        self.assertEqual(len(answer["Successful"]), 2)
        self.assertEqual(len(self.sqs.receive()), 2)
        answer = self.sqs.ask("ChangeMessageVisibility", ReceiptHandle=got[0]["ReceiptHandle"], VisibilityTimeout=9)
        self.refused(answer, 400, "MessageNotInflight")

    def test_attributes_have_the_numbers_as_strings(self) -> None:
        self.send("a", "b", "c")
        self.sqs.receive(1)
        self.rules(max_receive_count=5)
        record = self.sqs.good("GetQueueAttributes", AttributeNames=["All"])["Attributes"]
        self.assertEqual((record["ApproximateNumberOfMessages"], record["ApproximateNumberOfMessagesNotVisible"]), ("2", "1"))
        self.assertEqual(json.loads(record["RedrivePolicy"])["maxReceiveCount"], 5)
        self.assertEqual(list(self.sqs.good("GetQueueAttributes", AttributeNames=["VisibilityTimeout"])["Attributes"]),
                         ["VisibilityTimeout"])

    def test_invalid_requests_are_refused(self) -> None:
        unknown = self.sqs.url.rpartition("/")[0] + "/other"
        answer = self.sqs.ask("ReceiveMessage", url=unknown)
        self.refused(answer, 400, "QueueDoesNotExist")
        self.assertEqual(answer.headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender")
        self.assertEqual(answer.json["__type"], "com.amazonaws.sqs#QueueDoesNotExist")
        self.refused(self.sqs.ask("FlyToTheMoon"), 404, "UnknownOperationException")

    def test_dead_letters_are_in_the_dead_letter_queue(self) -> None:
        self.rules(max_receive_count=1, visibility_s=0)
        self.send("poison")
        self.assertEqual([len(self.sqs.receive()), len(self.sqs.receive())], [1, 0])
        self.assertEqual(self.sqs.sim("sqs/messages?queue=genesys-dead")["bodies"], ["poison"])


class Troubles(SqsCase):
    def fault(self, **step: Any) -> None:
        self.sqs.sim("sqs/faults", [step])

    def test_a_fault_answers_with_the_error_that_it_names(self) -> None:
        for kind, status in (("ThrottlingException", 400), ("OverLimit", 403), ("InternalFailure", 500),
                             ("ServiceUnavailable", 503), ("AccessDeniedException", 403), ("RequestThrottled", 400)):
            self.fault(sqs="ReceiveMessage", answer=kind, count=1)
            self.refused(self.sqs.ask("ReceiveMessage"), status, kind)
        self.assertEqual(self.sqs.ask("ReceiveMessage").status, 200)

    def test_a_fault_hits_its_action_only_and_ends_with_its_count(self) -> None:
        self.fault(sqs="DeleteMessage*", answer=503, count=1)
        self.sqs.sim("sqs/send", {"bodies": ["a"]})
        got = self.sqs.receive()
        self.assertEqual(self.sqs.ask("DeleteMessage", ReceiptHandle=got[0]["ReceiptHandle"]).status, 503)
        self.assertEqual(self.sqs.queue()["left"], 1)
        self.assertEqual(self.sqs.ask("DeleteMessage", ReceiptHandle=got[0]["ReceiptHandle"]).status, 200)
        self.assertEqual(self.sqs.sim("sqs/faults")["steps"][0]["hits"], 1)

    def test_the_action_of_a_lost_answer_is_done(self) -> None:
        self.sqs.sim("sqs/send", {"bodies": ["a"]})
        self.fault(sqs="ReceiveMessage", answer="lost", count=1)
        self.assertRaises(OSError, self.sqs.ask, "ReceiveMessage")
        self.assertEqual(self.sqs.queue()["in_flight"], 1)

    def test_a_part_of_a_batch_fails(self) -> None:
        self.sqs.sim("sqs/send", {"bodies": list("abcdefghij")})
        self.fault(sqs="DeleteMessageBatch", answer="partial", percent=50, count=1)
        got = self.sqs.receive()
        answer = self.sqs.delete(got)
        failed = [entry["Id"] for entry in answer["Failed"]]
        self.assertTrue(0 < len(failed) < 10)
        self.assertEqual({(entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]}, {("InternalError", False)})
        self.assertEqual(self.sqs.queue()["left"], len(failed))
        self.assertNotIn("Failed", self.sqs.delete([got[int(name)] for name in failed]))
        self.assertEqual(self.sqs.queue()["left"], 0)

    def test_wrong_steps_are_refused(self) -> None:
        for step in ({"sqs": "*", "answer": "nonsense"}, {"sqs": "*", "answer": 503, "often": 1}):
            self.assertRaises(AssertionError, self.sqs.sim, "sqs/faults", [step])
