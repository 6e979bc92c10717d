# SPDX-License-Identifier: MIT
"""Intervals, granularities and their buckets, without a server."""
from __future__ import annotations

import unittest
from datetime import datetime, timezone

from simulator.api import windows
from simulator.web.message import ApiError

DAY = "2026-03-28T00:00:00Z"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp() * 1000)


def bucket_texts(interval: str, granularity: str, zone: str = "UTC") -> list[str]:
    where = windows.zone(zone)
    return [windows.interval_text(b, where) for b in windows.buckets(windows.interval(interval), windows.period(granularity), where)]


class Windows(unittest.TestCase):
    def test_times_with_and_without_a_zone_are_read(self) -> None:
        for text in ("2026-08-01T10:00:00.000Z/2026-08-01T10:30:00Z", "2026-08-01T10:00:00/2026-08-01T10:30",
                     "2026-08-01T12:00:00+02:00/2026-08-01T12:30:00+02:00"):
            self.assertEqual(windows.interval(text), (ms("2026-08-01T10:00"), ms("2026-08-01T10:30")), text)

    def test_invalid_intervals_are_refused(self) -> None:
        for text in (None, 7, "", "2026-08-01", "2026-08-01/yesterday", "2026-08-02/2026-08-01", "2026-08-01/2026-08-01"):
            with self.subTest(text=text), self.assertRaises(ApiError):
                windows.interval(text)

    def test_invalid_granularities_are_refused(self) -> None:
        for text in ("", "P", "PT", "PT0M", "1M", "PT-5M", "P1DT1H", 60):
            with self.subTest(text=text), self.assertRaises(ApiError):
                windows.period(text)

    def test_buckets_lie_on_their_own_borders_and_are_clipped(self) -> None:
        self.assertEqual(bucket_texts("2026-08-01T10:07:00Z/2026-08-01T11:02:00Z", "PT30M"), [
            "2026-08-01T10:07:00.000Z/2026-08-01T10:30:00.000Z", "2026-08-01T10:30:00.000Z/2026-08-01T11:00:00.000Z",
            "2026-08-01T11:00:00.000Z/2026-08-01T11:02:00.000Z"])

    def test_an_interval_without_a_granularity_is_one_bucket(self) -> None:
        whole = windows.interval("2026-08-01T10:07:00Z/2026-08-03T11:02:00Z")
        self.assertEqual(list(windows.buckets(whole, None, timezone.utc)), [whole])

    def test_each_minute_has_a_bucket(self) -> None:
        self.assertEqual(len(bucket_texts("2026-08-01T10:00:00Z/2026-08-01T16:00:00Z", "PT1M")), 360)
        self.assertEqual(len(bucket_texts("2026-08-01T10:00:00Z/2026-08-01T10:01:00Z", "PT1S")), 60)

    def test_a_day_may_have_23_hours(self) -> None:
        days = bucket_texts("2026-03-27T23:00:00Z/2026-03-30T22:00:00Z", "P1D", "Europe/Madrid")
        self.assertEqual(days, ["2026-03-28T00:00:00.000+01:00/2026-03-29T00:00:00.000+01:00",
                                "2026-03-29T00:00:00.000+01:00/2026-03-30T00:00:00.000+02:00",
                                "2026-03-30T00:00:00.000+02:00/2026-03-31T00:00:00.000+02:00"])
        hours = windows.buckets(windows.interval("2026-03-29T00:00:00Z/2026-03-29T03:00:00Z"), windows.period("PT1H"),
                                windows.zone("Europe/Madrid"))
        self.assertEqual([end - begin for begin, end in hours], [3_600_000] * 3)

    def test_weeks_begin_on_monday_and_months_with_their_first(self) -> None:
        self.assertEqual(bucket_texts("2026-08-01T00:00:00Z/2026-08-04T00:00:00Z", "P1W")[1],
                         "2026-08-03T00:00:00.000Z/2026-08-04T00:00:00.000Z")
        self.assertEqual(bucket_texts("2026-12-31T00:00:00Z/2027-02-02T00:00:00Z", "P1M"), [
            "2026-12-31T00:00:00.000Z/2027-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z/2027-02-01T00:00:00.000Z",
            "2027-02-01T00:00:00.000Z/2027-02-02T00:00:00.000Z"])

    def test_an_unknown_zone_is_refused(self) -> None:
        with self.assertRaises(ApiError):
            windows.zone("Europe/Atlantis")
