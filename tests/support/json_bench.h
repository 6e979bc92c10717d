/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/base/json/stream: a reader that records its
 * events, one a word: "1.255=4" is 4 at PATH2(1, ITEM). A key follows a slash:
 * "254/foo=…". */
#ifndef GC_TESTS_SUPPORT_JSON_BENCH_H
#define GC_TESTS_SUPPORT_JSON_BENCH_H

#include "common/base/buf.h"
#include "common/base/json/stream.h"

enum { K_A = 1, K_B, K_RESULTS, K_GROUP, K_LAST = GC_JSON_ID_MAX };

struct json_record {
  struct gc_buf text;
  enum gc_code stop_with; /* returned at the values "stop" and "silent stop" */
};

/* The keys "a", "b", "results", "group" and "last"; up to 4096 bytes in a
 * document and 64 in a string. */
extern const struct gc_json_reader json_reader;
extern struct json_record json_record; /* context of the streams */

/* Returns a stream whose events go to json_record; the caller frees it. */
struct gc_json_stream *json_stream_of(const struct gc_json_reader *reader);
/* Frees what json_record holds. Call it last in main. */
void json_bench_end(void);

#endif
