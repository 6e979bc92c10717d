# SPDX-License-Identifier: MIT
"""The actions of SQS in the AWS JSON protocol 1.0: POST /, X-Amz-Target, a JSON document."""
from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Callable, Optional

from .queue import IN_FLIGHT_MAX, Message, Queue
from .service import Service, SqsError

BODY_BYTES_MAX = 1024 * 1024
VISIBILITY_S_MAX = 43_200
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_quote = json.dumps


def _number(given: dict[str, Any], name: str, low: int, high: int, usual: Optional[float]) -> Optional[float]:
    value = given.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise SqsError("InvalidParameterValue", "Value %s for parameter %s is invalid. Reason: Must be >= %d and "
                       "<= %d, if provided." % (value, name, low, high))
    return value


def _handle(queue: Queue, given: dict[str, Any]) -> str:
    handle = given.get("ReceiptHandle")
    if not isinstance(handle, str) or not queue.known(handle):
        raise SqsError("ReceiptHandleIsInvalid", "The input receipt handle \"%s\" is not a valid receipt handle."
                       % str(handle)[:100])
    return handle


def _entries(given: dict[str, Any]) -> list[dict[str, Any]]:
    entries = given.get("Entries")
    if not isinstance(entries, list) or not entries:
        raise SqsError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > 10:
        raise SqsError("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent "
                       "%d." % len(entries))
    names = [str(entry.get("Id", "")) for entry in entries]
    if not all(_ENTRY_ID.fullmatch(name) for name in names):
        raise SqsError("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens "
                       "and underscores. It can be at most 80 letters long.")
    if len(set(names)) != len(names):
        raise SqsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    return entries


def _batch(service: Service, given: dict[str, Any], one: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """AWS docs: 200 even when all entries failed; the client must check Failed."""
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in _entries(given):
        try:
            if service.entry_fails():
                raise SqsError("InternalError", "We encountered an internal error. Please try again.", fault="Receiver")
            done.append({"Id": entry["Id"], **one(entry)})
        except SqsError as error:
            failed.append({"Id": entry["Id"], "SenderFault": error.fault == "Sender", "Code": error.kind,
                           "Message": error.message})
    answer: dict[str, Any] = {"Successful": done}
    if failed:  # an empty list is left out
        answer["Failed"] = failed
    return answer


# ---- receiving ----------------------------------------------------------------------------


def _attribute(message: Message, name: str) -> Optional[str]:
    values = {"ApproximateReceiveCount": message.receives, "SentTimestamp": message.sent_ms,
              "ApproximateFirstReceiveTimestamp": message.first_ms, "SenderId": "AIDASIMULATOR"}
    return str(values[name]) if name in values else None


def _shown(message: Message, names: list[str]) -> str:
    """Joins the text itself, so that each of 100,000 bodies is quoted only once."""
    if "All" in names:
        names = ["ApproximateReceiveCount", "SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId"]
    attributes = {name: _attribute(message, name) for name in names}
    record = {name: value for name, value in attributes.items() if value is not None}
    return '{"MessageId":"%s","ReceiptHandle":"%s","MD5OfBody":"%s","Body":%s%s}' % (
        message.id, message.handle, message.md5, _quote(message.body),
        ',"Attributes":' + _quote(record) if record else "")


def receive(service: Service, queue: Queue, given: dict[str, Any]) -> bytes:
    most = int(_number(given, "MaxNumberOfMessages", 1, 10, 1) or 1)
    wait_s = _number(given, "WaitTimeSeconds", 0, 20, queue.rules.wait_s) or 0
    visibility_s = _number(given, "VisibilityTimeout", 0, VISIBILITY_S_MAX, None)
    names = list(given.get("MessageSystemAttributeNames") or given.get("AttributeNames") or [])
    if queue.in_flight >= IN_FLIGHT_MAX:
        raise SqsError("OverLimit", "Too many messages are in flight.", status=403)
    got = service.wait_for_messages(queue, most, visibility_s, wait_s)
    if not got:
        return b"{}"  # without the member Messages
    return ('{"Messages":[%s]}' % ",".join(_shown(message, names) for message in got)).encode()


# ---- the rest -----------------------------------------------------------------------------


def delete(service: Service, queue: Queue, given: dict[str, Any]) -> dict[str, Any]:
    queue.delete(_handle(queue, given), service.now())
    return {}


def delete_batch(service: Service, queue: Queue, given: dict[str, Any]) -> dict[str, Any]:
    return _batch(service, given, lambda entry: delete(service, queue, entry))


def change_visibility(service: Service, queue: Queue, given: dict[str, Any]) -> dict[str, Any]:
    handle = _handle(queue, given)
    seconds = _number(given, "VisibilityTimeout", 0, VISIBILITY_S_MAX, None)
    if seconds is None:
        raise SqsError("MissingParameter", "The request must contain the parameter VisibilityTimeout.")
    if not queue.change_visibility(handle, seconds, service.now()):
        raise SqsError("MessageNotInflight", "Value %s for parameter ReceiptHandle is invalid. Reason: Message does "
                       "not exist or is not available for visibility timeout change." % handle)
    service.wake()
    return {}


def change_visibility_batch(service: Service, queue: Queue, given: dict[str, Any]) -> dict[str, Any]:
    return _batch(service, given, lambda entry: change_visibility(service, queue, entry))


def send(service: Service, queue: Queue, given: dict[str, Any]) -> dict[str, Any]:
    body = given.get("MessageBody")
    if not isinstance(body, str) or not body:
        raise SqsError("MissingParameter", "The request must contain the parameter MessageBody.")
    if len(body.encode()) > BODY_BYTES_MAX:
        raise SqsError("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter "
                       "than %d bytes." % BODY_BYTES_MAX)
    message = queue.send(body, service.now(), _number(given, "DelaySeconds", 0, 900, 0) or 0)
    service.wake()
    return {"MessageId": message.id, "MD5OfMessageBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()}


def send_batch(service: Service, queue: Queue, given: dict[str, Any]) -> dict[str, Any]:
    return _batch(service, given, lambda entry: send(service, queue, entry))


def attributes(service: Service, queue: Queue, given: dict[str, Any]) -> dict[str, Any]:
    queue.advance(service.now())
    rules = queue.rules
    values = {"ApproximateNumberOfMessages": queue.visible, "ApproximateNumberOfMessagesNotVisible": queue.in_flight,
              "ApproximateNumberOfMessagesDelayed": queue.delayed, "VisibilityTimeout": int(rules.visibility_s),
              "ReceiveMessageWaitTimeSeconds": int(rules.wait_s), "MaximumMessageSize": BODY_BYTES_MAX,
              "QueueArn": service.arn(queue.name), "MessageRetentionPeriod": 345_600}
    if rules.max_receive_count and rules.dead_letter:
        values["RedrivePolicy"] = _quote({"deadLetterTargetArn": service.arn(rules.dead_letter),
                                          "maxReceiveCount": rules.max_receive_count})
    wanted = list(given.get("AttributeNames") or [])
    unknown = [name for name in wanted if name != "All" and name not in values and name != "RedrivePolicy"]
    if unknown:
        raise SqsError("InvalidAttributeName", "Unknown Attribute %s." % unknown[0])
    shown = values if "All" in wanted else {name: values[name] for name in wanted if name in values}
    return {"Attributes": {name: str(value) for name, value in shown.items()}} if shown else {}


ACTIONS: dict[str, Callable[[Service, Queue, dict[str, Any]], Any]] = {
    "ReceiveMessage": receive, "DeleteMessage": delete, "DeleteMessageBatch": delete_batch,
    "ChangeMessageVisibility": change_visibility, "ChangeMessageVisibilityBatch": change_visibility_batch,
    "SendMessage": send, "SendMessageBatch": send_batch, "GetQueueAttributes": attributes,
}
