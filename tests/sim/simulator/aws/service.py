# SPDX-License-Identifier: MIT
"""The queues of one account in one region, and the waits for their messages."""
from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Any, Optional
from urllib.parse import urlsplit

from .queue import Message, Queue

ACCOUNT = "123456789012"
QUEUE = "genesys"
DEAD_LETTER = "genesys-dead"

# Exceptions with another name in the old protocol; x-amzn-query-error has that name.
LEGACY = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "RequestThrottled": "RequestThrottled",
}


class SqsError(Exception):
    def __init__(self, kind: str, message: str, status: int = 400, fault: str = "Sender",
                 space: str = "com.amazonaws.sqs", legacy: str = "") -> None:
        super().__init__(message)
        self.kind, self.message, self.status, self.fault, self.space = kind, message, status, fault, space
        self.legacy = legacy or LEGACY.get(kind, kind)

    @property
    def type(self) -> str:
        return "%s#%s" % (self.space, self.kind)

    @property
    def query_error(self) -> str:
        return "%s;%s" % (self.legacy, self.fault)


class Service:
    """Thread-safe; `lock` guards the queues and is the condition on which receivers wait."""

    def __init__(self, region: str = "eu-west-1", seed: int = 1) -> None:
        self.region, self.seed = region, seed
        self.lock = threading.Condition()
        self.queues: dict[str, Queue] = {}
        self.polls: Counter[str] = Counter()
        self.stopping = False
        self.partial_percent = 0.0  # entries of a batch that fail, while the lock is held
        self._rng = random.Random(seed)
        self.create(DEAD_LETTER)
        self.create(QUEUE, {"dead_letter": DEAD_LETTER, "max_receive_count": 0})

    def now(self) -> float:
        return time.time()

    def arn(self, name: str) -> str:
        return "arn:aws:sqs:%s:%s:%s" % (self.region, ACCOUNT, name)

    def create(self, name: str, rules: Optional[dict[str, Any]] = None) -> Queue:
        with self.lock:
            queue = self.queues.setdefault(name, Queue(name, self.seed))
            queue.rules.change(rules or {})
            return queue

    def find(self, url: Any) -> Queue:
        """The queue of the URL in the request's body; its host may be any name of this server."""
        parts = urlsplit(url).path.strip("/").split("/") if isinstance(url, str) else []
        if len(parts) != 2:
            raise SqsError("InvalidAddress", "The address %s is not valid for this endpoint." % url, status=404)
        if parts[0] != ACCOUNT or parts[1] not in self.queues:
            raise SqsError("QueueDoesNotExist", "The specified queue does not exist.")
        return self.queues[parts[1]]

    def entry_fails(self) -> bool:
        return self.partial_percent > 0 and self._rng.random() * 100 < self.partial_percent

    def wake(self) -> None:
        self.lock.notify_all()

    def wait_for_messages(self, queue: Queue, most: int, visibility_s: Optional[float], wait_s: float
                          ) -> list[Message]:
        """Returns the first available messages, or none after `wait_s`."""
        end = time.monotonic() + wait_s
        self.polls["now"] += 1
        self.polls["most"] = max(self.polls["most"], self.polls["now"])
        try:
            while True:
                got, dead = queue.receive(most, visibility_s, self.now())
                for message in dead:
                    self.queues.get(queue.rules.dead_letter, self.queues[DEAD_LETTER]).take_dead(message)
                left = end - time.monotonic()
                if got or left <= 0 or self.stopping:
                    self.polls["answered" if got else "empty"] += 1
                    return got
                due = queue.next_due()
                self.lock.wait(left if due is None else max(0.001, min(left, due - self.now())))
        finally:
            self.polls["now"] -= 1

    def as_json(self) -> dict[str, Any]:
        with self.lock:
            return {"queues": {name: queue.as_json(self.now()) for name, queue in self.queues.items()},
                    "polls": dict(self.polls)}
