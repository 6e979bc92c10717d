# SPDX-License-Identifier: MIT
"""Events of conversations whose flows set attributes.

Guide E: each event repeats all attributes of the conversation.  Events are
joined from pieces that were quoted once, so that 100,000 take about a second;
they are made in portions, so that a million events need little memory.
"""
from __future__ import annotations

import json
import random
from collections import deque
from dataclasses import dataclass, fields
from typing import Any, Iterator, Optional

from . import names
from .truth import Truth

PORTION = 1000
LIVE = 300  # conversations at a time
ORGANIZATION = "7a5d2c10-4a0e-4a6e-9f4e-2b8f3c1d0e9a"


@dataclass
class Plan:
    """The members of a plan; percentages are of events unless noted."""
    events: int = 1000
    seed: int = 1
    duplicates: float = 20.0
    window: int = 3000  # number of events within which the order is random
    noise: float = 5.0  # events of other kinds
    malformed: float = 5.0  # of attributes
    late: float = 0.0  # of attributes
    escapes: float = 10.0  # names with needless \u escapes, of attributes
    garbage: float = 0.0  # bodies that are no event
    sns: float = 0.0  # bodies that SNS wrapped
    bare: float = 0.0  # guide E's bare form
    socket: float = 0.0  # the envelope of the notification socket
    flows: int = len(names.FLOWS)
    metrics: int = len(names.METRICS)
    attributes_max: int = 12  # of a conversation
    age_s: float = 600.0  # attributes are set at times up to this age

    @staticmethod
    def parse(given: dict[str, Any]) -> "Plan":
        known = {f.name: f.type for f in fields(Plan)}
        wrong = [name for name in given if name not in known]
        if wrong:
            raise ValueError("unknown member %s of a plan; there are: %s" % (", ".join(wrong), ", ".join(known)))
        return Plan(**{name: (int if known[name] == "int" else float)(value) for name, value in given.items()})


def escaped(text: str, rng: random.Random) -> str:
    """Returns the same JSON string with some plain characters as \\uXXXX."""
    made = json.dumps(text, ensure_ascii=rng.random() < 0.5)[1:-1]
    at = rng.randrange(len(made))
    plain = [i for i, c in enumerate(made) if c.isalnum() or c in "_( )"]
    at = next((i for i in plain if i >= at), None)  # type: ignore[assignment]
    if at is None or "\\" in made:
        return '"%s"' % made
    return '"%s\\u%04x%s"' % (made[:at], ord(made[at]), made[at + 1:])


class Conversation:
    __slots__ = ("id", "participant", "pieces", "names", "left")

    def __init__(self, rng: random.Random, most: int) -> None:
        self.id, self.participant = _uuid(rng), _uuid(rng)
        self.pieces: list[str] = []  # "name":"value", quoted
        self.names: set[str] = set()
        self.left = rng.randint(1, most)


def _uuid(rng: random.Random) -> str:
    text = "%032x" % rng.getrandbits(128)
    return "%s-%s-4%s-a%s-%s" % (text[:8], text[8:12], text[13:16], text[17:20], text[20:])


class Maker:
    """A source of event bodies; their metrics are added to `truth`."""

    def __init__(self, plan: Plan, truth: Truth, now_ms: int) -> None:
        self.plan, self.truth, self.now_ms = plan, truth, now_ms
        self._rng = random.Random(plan.seed)
        self._live = [Conversation(self._rng, plan.attributes_max) for _ in range(LIVE)]
        self._flows, self._metrics = names.FLOWS[:plan.flows], names.METRICS[:plan.metrics]
        self._ordinary = ['%s:%s' % (json.dumps(n, ensure_ascii=False), json.dumps(v)) for n, v in names.ORDINARY]
        self._time = names.stamp(now_ms)

    def portions(self) -> Iterator[list[str]]:
        """Yields `plan.events` bodies; some are duplicates, some of these far after the first."""
        pool: list[str] = []
        behind: deque[str] = deque()
        left, rng, window = self.plan.events, self._rng, max(1, self.plan.window)
        while left > 0 or pool:
            while left > 0 and len(pool) < window + PORTION:
                if rng.random() * 100 < self.plan.duplicates and (pool or behind):
                    body = behind.popleft() if behind and rng.random() < 0.3 else rng.choice(pool or behind)
                    self.truth.repeated += 1
                else:
                    body = self._body()
                    if len(behind) < 500 and rng.random() < 0.05:
                        behind.append(body)
                pool.append(body)
                left -= 1
            taken = []
            for _ in range(min(PORTION, len(pool))):
                at = rng.randrange(min(window, len(pool)))
                pool[at], pool[-1] = pool[-1], pool[at]
                taken.append(pool.pop())
            self.truth.events += len(taken)
            yield taken

    def _body(self) -> str:
        draw = self._rng.random() * 100
        for share, make in ((self.plan.garbage, self._garbage), (self.plan.noise, self._noise)):
            if draw < share:
                return make()
            draw -= share
        return self._envelope(*self._attributes())

    def _attributes(self) -> tuple[str, Conversation]:
        rng = self._rng
        at = rng.randrange(len(self._live))
        conversation = self._live[at]
        for _ in range(1 if rng.random() < 0.85 else rng.randint(0, 3)):
            self._set(conversation)
        conversation.left -= 1
        if conversation.left <= 0:
            self._live[at] = Conversation(rng, self.plan.attributes_max)
        return ",".join(conversation.pieces), conversation

    def _set(self, conversation: Conversation) -> None:
        """The flow sets an attribute: a metric, a malformed metric, or any other."""
        rng, draw = self._rng, self._rng.random() * 100
        when = self.now_ms - rng.randrange(int(self.plan.age_s * 1000) + 1)
        if draw < self.plan.malformed:
            reason = rng.choice(list(names.MALFORMED))
            form = rng.choice(names.MALFORMED[reason])
            name = form % names.stamp(when) if "%s" in form else form.replace("%%", "%")
            if name not in conversation.names:
                self.truth.malformed[reason] += 1
                self._piece(conversation, name, json.dumps("1"))
            return
        if draw > 85:
            conversation.pieces.append(self._ordinary[rng.randrange(len(self._ordinary))])
            conversation.pieces[:] = list(dict.fromkeys(conversation.pieces))
            return
        flow, metric = rng.choice(self._flows), rng.choice(self._metrics)
        late = rng.random() * 100 < self.plan.late
        name = names.attribute(flow, metric, when - names.LATE_S * 1000 if late else when)
        if name in conversation.names:
            return
        value, number = self._value()
        self.truth.set(flow, metric, number, late)
        self._piece(conversation, name, value)

    def _piece(self, conversation: Conversation, name: str, value: str) -> None:
        conversation.names.add(name)
        quoted = (escaped(name, self._rng) if self._rng.random() * 100 < self.plan.escapes
                  else json.dumps(name, ensure_ascii=False))
        conversation.pieces.append("%s:%s" % (quoted, value))

    def _value(self) -> tuple[str, Optional[float]]:
        """Returns mostly "1" as in the guide, also quarters (so that sums are exact) and values that are no finite number."""
        draw = self._rng.random()
        if draw < 0.6:
            return '"1"', 1.0
        if draw < 0.9:
            number = self._rng.randrange(-40, 4000) / 4
            return '"%g"' % number, number
        return self._rng.choice(('""', '"yes"', '"NaN"', '"inf"', '"1e999"', '"12 apples"', '"0x10"')), None

    # ---- envelopes -----------------------------------------------------------------------

    def _envelope(self, attributes: str, conversation: Conversation) -> str:
        draw, plan = self._rng.random() * 100, self.plan
        if draw < plan.bare:
            return '{"eventBody":{"conversationId":"%s","attributes":{%s}}}' % (conversation.id, attributes)
        if draw < plan.bare + plan.socket:
            return ('{"topicName":"v2.detail.events.conversation.%s.attributes","version":"2","eventBody":%s,'
                    '"metadata":{"CorrelationId":"%s"}}' % (conversation.id, self._event(attributes, conversation),
                                                            _uuid(self._rng)))
        body = self._eventbridge(conversation.id, "attributes", self._event(attributes, conversation))
        return self._wrapped(body) if self._rng.random() * 100 < plan.sns else body

    def _event(self, attributes: str, conversation: Conversation) -> str:
        return ('{"eventTime":%d,"conversationId":"%s","participantId":"%s","attributes":{%s},'
                '"conversationExternalContactIds":[],"conversationExternalOrganizationIds":[],'
                '"communications":[{"id":"%s","mediaType":"VOICE"}]}'
                % (self.now_ms, conversation.id, conversation.participant, attributes, conversation.participant))

    def _eventbridge(self, conversation: str, kind: str, event: str) -> str:
        return ('{"version":"0","id":"%s","detail-type":"v2.detail.events.conversation.{id}.%s",'
                '"source":"aws.partner/genesys.com/cloud/%s/sim","account":"123456789012","time":"%sZ",'
                '"region":"eu-west-1","resources":[],"detail":{"topicName":"v2.detail.events.conversation.%s.%s",'
                '"version":"2","eventBody":%s,"metadata":{"CorrelationId":"%s"},"timestamp":"%s"}}'
                % (_uuid(self._rng), kind, ORGANIZATION, self._time[:19], conversation, kind, event,
                   _uuid(self._rng), self._time))

    def _wrapped(self, body: str) -> str:
        return json.dumps({"Type": "Notification", "MessageId": _uuid(self._rng),
                           "TopicArn": "arn:aws:sns:eu-west-1:123456789012:genesys", "Message": body,
                           "Timestamp": self._time, "SignatureVersion": "1", "Signature": "c2lt",
                           "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe"})

    def _noise(self) -> str:
        """An event of another kind: no member of it is an attribute, whatever it contains."""
        self.truth.noise += 1
        name = _uuid(self._rng)
        event = json.dumps({"eventTime": self.now_ms, "conversationId": name, "participantId": _uuid(self._rng),
                            "sessionId": _uuid(self._rng), "mediaType": "VOICE", "direction": "INBOUND",
                            "subject": "about Metric_Calls(%s)" % self._time, "queueId": _uuid(self._rng)})
        return self._eventbridge(name, self._rng.choice(("acd.start", "flow.end", "customer.end", "wrapup")), event)

    def _garbage(self) -> str:
        self.truth.garbage += 1
        return self._rng.choice(("not JSON at all", '{"eventBody":{"conversationId":"x","attributes":{"aMetric_b(',
                                 "[1,2", '{"detail":{"eventBody":{"attributes":{"aMetric_b(2023-03-05T08:18:04.568Z)"'))


def single(truth: Truth, flow: str, metric: str, now_ms: int, seed: int, value: str = "1") -> str:
    """One event with one fresh metric of a new conversation."""
    maker = Maker(Plan(events=1, seed=seed), truth, now_ms)
    conversation = Conversation(random.Random("single %d" % seed), 1)
    truth.set(flow, metric, None if not value else float(value), False)
    truth.events += 1
    maker._piece(conversation, names.attribute(flow, metric, now_ms), json.dumps(value))
    return maker._envelope(conversation.pieces[0], conversation)
