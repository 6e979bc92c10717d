/* SPDX-License-Identifier: MIT */
#include "common/base/timestamp.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ascii.h"

enum { MS = 1, SECOND = 1000 * MS, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
enum { DAY = 24 * HOUR, WEEK = 7 * DAY };

/* --- the calendar --- */

static bool is_leap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int64_t year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1] + (month == 2 && is_leap(year));
}

/* Returns the days from 1970-01-01. A year begins on 1 March here, so that the
 * leap day is the last of its year and months have the regular pattern of (153
 * m + 2) / 5 days (Howard Hinnant, "chrono-compatible low-level date
 * algorithms"). 719468 days lie between 0000-03-01 and 1970-01-01. */
static int64_t days_of_date(int64_t year, int month, int day) {
  year += 400; /* whole cycles of 146097 days keep every term positive */
  if (month <= 2)
    year--;
  int64_t cycle = year / 400, year_of_cycle = year % 400;
  int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  int64_t day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 -
                         year_of_cycle / 100 + day_of_year;
  return (cycle - 1) * 146097 + day_of_cycle - 719468;
}

static void date_of_days(int64_t days, int64_t *ret_year, int *ret_month,
                         int *ret_day) {
  days += 719468 + 146097;
  int64_t cycle = days / 146097, day_of_cycle = days % 146097;
  int64_t year_of_cycle = (day_of_cycle - day_of_cycle / 1460 +
                           day_of_cycle / 36524 - day_of_cycle / 146096) /
                          365;
  int64_t day_of_year =
      day_of_cycle -
      (year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100);
  int month = (int)((5 * day_of_year + 2) / 153);
  *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
  *ret_month = month < 10 ? month + 3 : month - 9;
  *ret_year = year_of_cycle + (cycle - 1) * 400 + (*ret_month <= 2);
}

/* --- reading --- */

struct reader {
  const char *at, *end;
};

static bool read_char(struct reader *r, char a, char b) {
  if (r->at == r->end || (*r->at != a && *r->at != b))
    return false;
  r->at++;
  return true;
}

/* Reads exactly `count` digits. True if they make a number from `min` to `max`.
 */
static bool read_field(struct reader *r, int count, int min, int max,
                       int *ret) {
  int value = 0;
  for (int i = 0; i < count; i++) {
    if (r->at == r->end || !gc_is_digit(*r->at))
      return false;
    value = value * 10 + (*r->at++ - '0');
  }
  *ret = value;
  return value >= min && value <= max;
}

/* Reads the digits after a point, as milliseconds. */
static bool read_fraction(struct reader *r, int *ret_ms) {
  int digits = 0, ms = 0;
  for (; r->at < r->end && gc_is_digit(*r->at); r->at++, digits++)
    if (digits < 3)
      ms = ms * 10 + (*r->at - '0');
  for (int i = digits; i < 3; i++)
    ms *= 10;
  *ret_ms = ms;
  return digits >= 1 && digits <= 9;
}

static const char *read_date(struct reader *r, int64_t *ret_ms) {
  int year = 0, month = 0, day = 0;
  if (!read_field(r, 4, 0, 9999, &year) || !read_char(r, '-', '-'))
    return "no year";
  if (!read_field(r, 2, 1, 12, &month) || !read_char(r, '-', '-'))
    return "no month from 01 to 12";
  if (!read_field(r, 2, 1, days_in_month(year, month), &day))
    return "no day of that month";
  *ret_ms = days_of_date(year, month, day) * DAY;
  return NULL;
}

static const char *read_time(struct reader *r, int64_t *ret_ms) {
  int hour = 0, minute = 0, second = 0, ms = 0;
  if (!read_char(r, 'T', 't'))
    return "no T between date and time";
  if (!read_field(r, 2, 0, 23, &hour) || !read_char(r, ':', ':') ||
      !read_field(r, 2, 0, 59, &minute) || !read_char(r, ':', ':') ||
      !read_field(r, 2, 0, 59, &second))
    return "no time from 00:00:00 to 23:59:59";
  if (read_char(r, '.', '.') && !read_fraction(r, &ms))
    return "no fraction of 1 to 9 digits";
  *ret_ms = (int64_t)hour * HOUR + minute * MINUTE + second * SECOND + ms;
  return NULL;
}

/* Reads ":30", "30" or nothing. */
static bool read_zone_minutes(struct reader *r, int *ret) {
  if (r->at == r->end)
    return true;
  if (*r->at == ':')
    r->at++;
  return read_field(r, 2, 0, 59, ret);
}

static const char *read_zone(struct reader *r, int64_t *ret_ms) {
  *ret_ms = 0;
  if (read_char(r, 'Z', 'z'))
    return NULL;
  bool west = r->at < r->end && *r->at == '-';
  int hours = 0, minutes = 0;
  if (!read_char(r, '+', '-') || !read_field(r, 2, 0, 23, &hours) ||
      !read_zone_minutes(r, &minutes))
    return "no Z and no offset like +02:00";
  *ret_ms = (int64_t)hours * HOUR + minutes * MINUTE;
  if (west)
    *ret_ms = -*ret_ms;
  return NULL;
}

static const char *read_timestamp(struct reader r, int64_t *ret_ms) {
  int64_t date = 0, time = 0, zone = 0;
  const char *wrong = read_date(&r, &date);
  if (wrong == NULL)
    wrong = read_time(&r, &time);
  if (wrong == NULL)
    wrong = read_zone(&r, &zone);
  if (wrong != NULL)
    return wrong;
  if (r.at != r.end)
    return "something follows it";
  int64_t ms = date + time - zone;
  if (ms < GC_TIMESTAMP_MIN_MS || ms > GC_TIMESTAMP_MAX_MS)
    return "outside of the years 0000 to 9999";
  *ret_ms = ms;
  return NULL;
}

enum gc_code gc_timestamp_parse(const char *text, size_t len, int64_t *ret_ms,
                                struct gc_err *err) {
  const char *wrong = read_timestamp((struct reader){text, text + len}, ret_ms);
  if (wrong != NULL)
    return gc_fail(err, GC_ERR_PARSE, "not an ISO 8601 time: %s", wrong);
  return GC_OK;
}

char *gc_timestamp_print(char out[GC_TIMESTAMP_SIZE], int64_t ms) {
  if (ms < GC_TIMESTAMP_MIN_MS)
    ms = GC_TIMESTAMP_MIN_MS;
  if (ms > GC_TIMESTAMP_MAX_MS)
    ms = GC_TIMESTAMP_MAX_MS;
  int64_t midnight = gc_timestamp_floor(ms, DAY), year;
  int month, day;
  date_of_days(midnight / DAY, &year, &month, &day);
  unsigned rest = (unsigned)(ms - midnight);
  snprintf(out, GC_TIMESTAMP_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
           (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
           rest / HOUR % 24, rest / MINUTE % 60, rest / SECOND % 60,
           rest % SECOND);
  return out;
}

enum gc_code gc_interval_parse(const char *text, size_t len,
                               int64_t *ret_start_ms, int64_t *ret_end_ms,
                               struct gc_err *err) {
  const char *slash = len > 0 ? memchr(text, '/', len) : NULL;
  if (slash == NULL)
    return gc_fail(err, GC_ERR_PARSE, "not an interval: no \"/\"");
  int64_t start = 0, end = 0;
  const char *wrong = read_timestamp((struct reader){text, slash}, &start);
  if (wrong == NULL)
    wrong = read_timestamp((struct reader){slash + 1, text + len}, &end);
  if (wrong != NULL)
    return gc_fail(err, GC_ERR_PARSE, "not an interval: %s", wrong);
  if (end < start)
    return gc_fail(err, GC_ERR_PARSE,
                   "not an interval: it ends before it begins");
  *ret_start_ms = start;
  *ret_end_ms = end;
  return GC_OK;
}

char *gc_interval_print(char out[GC_INTERVAL_SIZE], int64_t start_ms,
                        int64_t end_ms) {
  gc_timestamp_print(out, start_ms);
  out[GC_TIMESTAMP_SIZE - 1] = '/';
  gc_timestamp_print(out + GC_TIMESTAMP_SIZE, end_ms);
  return out;
}

/* --- durations --- */

/* Units in the order in which they may come. */
static const struct {
  char letter;
  bool after_t;
  int64_t ms;
} units[] = {
    {'D', false, DAY},
    {'H', true, HOUR},
    {'M', true, MINUTE},
    {'S', true, SECOND},
};

struct part {
  int64_t whole;
  int fraction_ms; /* milliseconds of the fraction */
  bool has_fraction;
};

static const char *read_part(struct reader *r, struct part *part) {
  *part = (struct part){0};
  if (r->at == r->end || !gc_is_digit(*r->at))
    return "no number where one belongs";
  for (; r->at < r->end && gc_is_digit(*r->at); r->at++)
    if (__builtin_mul_overflow(part->whole, 10, &part->whole) ||
        __builtin_add_overflow(part->whole, *r->at - '0', &part->whole))
      return "too long";
  part->has_fraction = read_char(r, '.', '.');
  if (part->has_fraction && !read_fraction(r, &part->fraction_ms))
    return "no fraction of 1 to 9 digits";
  return NULL;
}

static const char *add_part(int64_t *sum, const struct part *part,
                            int64_t unit) {
  int64_t ms;
  if (part->has_fraction && unit != SECOND)
    return "only seconds may have a fraction";
  if (__builtin_mul_overflow(part->whole, unit, &ms) ||
      __builtin_add_overflow(ms, part->fraction_ms, &ms) ||
      __builtin_add_overflow(*sum, ms, sum))
    return "too long";
  return NULL;
}

/* Finds the unit at or after `from`; GC_COUNT(units) when `letter` is not a
 * unit that may follow. */
static size_t find_unit(size_t from, bool after_t, char letter) {
  while (from < GC_COUNT(units) &&
         (units[from].letter != letter || units[from].after_t != after_t))
    from++;
  return from;
}

static const char *read_units(struct reader *r, int64_t *sum) {
  bool after_t = false;
  for (size_t unit = 0; r->at < r->end; unit++) {
    if (!after_t && read_char(r, 'T', 'T'))
      after_t = true;
    struct part part;
    const char *wrong = read_part(r, &part);
    if (wrong != NULL)
      return wrong;
    if (r->at == r->end)
      return "no unit after the number";
    char letter = *r->at++;
    if (!after_t && (letter == 'Y' || letter == 'M'))
      return "years and months have no fixed length; use weeks or days";
    unit = find_unit(unit, after_t, letter);
    if (unit == GC_COUNT(units))
      return "units are D, then T, then H, M and S, or W alone";
    wrong = add_part(sum, &part, units[unit].ms);
    if (wrong != NULL)
      return wrong;
  }
  return NULL;
}

static const char *read_duration(struct reader r, int64_t *sum) {
  if (!read_char(&r, 'P', 'P'))
    return "it must begin with P";
  if (r.at == r.end)
    return "no number where one belongs";
  if (r.end[-1] != 'W')
    return read_units(&r, sum);

  struct part weeks;
  const char *wrong = read_part(&r, &weeks);
  if (wrong == NULL && r.at + 1 != r.end)
    return "weeks must stand alone";
  return wrong != NULL ? wrong : add_part(sum, &weeks, WEEK);
}

enum gc_code gc_duration_parse(const char *text, size_t len, int64_t *ret_ms,
                               struct gc_err *err) {
  int64_t sum = 0;
  const char *wrong = read_duration((struct reader){text, text + len}, &sum);
  if (wrong != NULL)
    return gc_fail(err, GC_ERR_PARSE, "not an ISO 8601 duration like PT30M: %s",
                   wrong);
  *ret_ms = sum;
  return GC_OK;
}

int64_t gc_timestamp_floor(int64_t ms, int64_t period_ms) {
  if (period_ms <= 0)
    return ms;
  int64_t over = ms % period_ms;
  if (over < 0)
    over += period_ms;
  int64_t floor;
  return __builtin_sub_overflow(ms, over, &floor) ? INT64_MIN : floor;
}
