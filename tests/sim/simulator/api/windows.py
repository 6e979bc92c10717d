# SPDX-License-Identifier: MIT
"""Intervals, granularities and the buckets between them.

The official documents leave these points open; here an interval is [begin, end),
buckets lie on the granularity's own borders in the time zone of the query, and
the first and last bucket are clipped.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, Iterator, Optional
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..clock import iso_ms
from ..web.message import bad_request, invalid_value

DAY_MS = 86_400_000
PERIOD = re.compile(r"P(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
                    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?\Z")
Bucket = tuple[int, int]


@dataclass(frozen=True)
class Period:
    months: int
    days: int
    ms: int  # below a day

    @property
    def least_ms(self) -> int:
        return self.months * 28 * DAY_MS + self.days * DAY_MS + self.ms


def interval(text: Any) -> Bucket:
    begin, slash, end = text.partition("/") if isinstance(text, str) else ("", "", "")
    if not slash:
        raise bad_request("The interval is required: start/end, ISO-8601.")
    found = (_moment(begin), _moment(end))
    if found[0] >= found[1]:
        raise bad_request("The interval [%s] is not valid: it ends before it begins." % text)
    return found


def _moment(text: str) -> int:
    """Reads a time; official samples omit the zone designator, which means UTC."""
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request("The date [%s] is not valid." % text) from None
    return round((made if made.tzinfo else made.replace(tzinfo=timezone.utc)).timestamp() * 1000)


def period(text: Any) -> Optional[Period]:
    if text is None:
        return None
    found = PERIOD.match(text) if isinstance(text, str) else None
    parts = {name: int(value or 0) for name, value in found.groupdict().items()} if found else {}
    made = Period(parts.get("months", 0), parts.get("weeks", 0) * 7 + parts.get("days", 0),
                  (parts.get("hours", 0) * 3600 + parts.get("minutes", 0) * 60 + parts.get("seconds", 0)) * 1000)
    if not made.least_ms or (made.ms and (made.months or made.days)):
        raise bad_request("The granularity [%s] is not valid." % text)
    return made


def zone(text: Any) -> tzinfo:
    if text is None or text in ("UTC", "Z"):
        return timezone.utc
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, TypeError):
        raise invalid_value(text, "TimeZone", ["IANA names"]) from None


def buckets(whole: Bucket, each: Optional[Period], where: tzinfo) -> Iterator[Bucket]:
    begin, end = whole
    if each is None:
        yield whole
        return
    low = _floor(datetime.fromtimestamp(begin / 1000, where), each)
    while True:
        high = _after(low, each)
        low_ms, high_ms = round(low.timestamp() * 1000), round(high.timestamp() * 1000)
        if low_ms >= end:
            return
        if high_ms > begin:
            yield max(low_ms, begin), min(high_ms, end)
        low = high


def _floor(moment: datetime, each: Period) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if each.months:
        return midnight.replace(day=1)
    if each.days:
        return midnight - timedelta(days=midnight.weekday() if each.days % 7 == 0 else 0)
    passed_ms = round((moment.timestamp() - midnight.timestamp()) * 1000)
    return _shift(midnight, passed_ms // each.ms * each.ms)


def _after(moment: datetime, each: Period) -> datetime:
    """Days and months follow the calendar, shorter granularities the clock."""
    if each.months:
        number = moment.year * 12 + moment.month - 1 + each.months
        return moment.replace(year=number // 12, month=number % 12 + 1)
    if each.days:
        return moment + timedelta(days=each.days)
    return _shift(moment, each.ms)


def _shift(moment: datetime, ms: int) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() + ms / 1000, moment.tzinfo)


def interval_text(bucket: Bucket, where: tzinfo) -> str:
    if where is timezone.utc:
        return "%s/%s" % (iso_ms(bucket[0]), iso_ms(bucket[1]))
    return "/".join(datetime.fromtimestamp(ms / 1000, where).isoformat(timespec="milliseconds") for ms in bucket)
