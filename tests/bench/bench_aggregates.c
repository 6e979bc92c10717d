/* SPDX-License-Identifier: MIT */
/* One answer of the aggregate query of about 50 MB: 2,000 queues × 10 metrics ×
 * 31 windows, 30 of them read again: bytes → facts and sums → values, beside
 * json-c and Python, which build a tree of the same bytes. Each of them runs in
 * a process of its own, so that its peak of memory is its own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "common/analytics/decode/decode.h"
#include "common/analytics/poll.h"
#include "common/analytics/send/sender.h"
#include "common/base/timestamp.h"

enum { QUEUES = 2000, WINDOWS = 31, CHUNK = 16384, MINUTE = 60000 };
static const int64_t first_ms = 1785578400000;
static char *metric_names[] = {(char[]){"nOffered"},     (char[]){"nOverSla"},
                               (char[]){"nTransferred"}, (char[]){"nOutbound"},
                               (char[]){"tAnswered"},    (char[]){"tAbandon"},
                               (char[]){"tHandle"},      (char[]){"tTalk"},
                               (char[]){"tHeld"},        (char[]){"tAcw"}};
static char *groups[] = {(char[]){"queueId"}, (char[]){"mediaType"}};

struct result {
  double ms;
  size_t things; /* values or tree nodes; they show that the work was done */
};

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void exit_unless_ok(enum gc_code code) {
  if (code != GC_OK) {
    fprintf(stderr, "bench: %s\n", gc_code_words(code));
    exit(1);
  }
}

static void add_window(struct gc_buf *b, int queue, int window) {
  char interval[GC_INTERVAL_SIZE];
  int64_t begin_ms = first_ms + (int64_t)window * MINUTE;
  exit_unless_ok(gc_buf_print(
      b, "%s{\"interval\":\"%s\",\"metrics\":[", window > 0 ? "," : "",
      gc_interval_print(interval, begin_ms, begin_ms + MINUTE)));
  for (size_t m = 0; m < GC_COUNT(metric_names); m++) {
    int count = 1 + (queue + window) % 7;
    exit_unless_ok(gc_buf_print(b,
                                "%s{\"metric\":\"%s\",\"stats\":{\"count\":%d",
                                m > 0 ? "," : "", metric_names[m], count));
    if (metric_names[m][0] == 't')
      exit_unless_ok(gc_buf_print(b, ",\"sum\":%d.0,\"min\":%d.0,\"max\":%d.0",
                                  count * 41250, 1250, 73500));
    exit_unless_ok(gc_buf_text(b, "}}"));
  }
  exit_unless_ok(gc_buf_text(b, "]}"));
}

static void make_answer(struct gc_buf *b) {
  exit_unless_ok(gc_buf_text(b, "{\"results\":["));
  for (int q = 0; q < QUEUES; q++) {
    exit_unless_ok(
        gc_buf_print(b,
                     "%s{\"group\":{\"mediaType\":\"voice\",\"queueId\":"
                     "\"%08x-0000-4000-8000-%012x\"},\"data\":[",
                     q > 0 ? "," : "", q, q));
    for (int w = 0; w < WINDOWS; w++)
      add_window(b, q, w);
    exit_unless_ok(gc_buf_text(b, "]}"));
  }
  exit_unless_ok(gc_buf_text(b, "]}"));
}

static struct result run_ours(const struct gc_buf *answer) {
  struct result r = {0};
  double began = now_ms();
  struct gc_query q = {.metrics = {metric_names, GC_COUNT(metric_names)},
                       .group_by = {groups, 2},
                       .counters = true,
                       .rule = {.period_ms = MINUTE}};
  struct gc_series_set series = {.keys = {.max = 200000}};
  int64_t done_ms = first_ms + (WINDOWS - 1) * (int64_t)MINUTE;
  struct gc_results results = {.query = &q,
                               .plan = {.again_from_ms = first_ms,
                                        .again_to_ms = done_ms,
                                        .from_ms = done_ms,
                                        .to_ms = done_ms + MINUTE,
                                        .final_ms = first_ms + MINUTE},
                               .asked_from_ms = first_ms,
                               .asked_to_ms = done_ms + MINUTE,
                               .series = &series,
                               .max = 1 << 18};
  struct gc_decoder *d = gc_decoder_new(&results);
  struct gc_sink sink = gc_decoder_sink(d);
  sink.begin(sink.ctx);
  for (size_t at = 0; at < answer->len; at += CHUNK) {
    size_t left = answer->len - at;
    exit_unless_ok(sink.write(sink.ctx, answer->data + at,
                              left < CHUNK ? left : CHUNK, NULL));
  }
  exit_unless_ok(gc_decoder_finish(d, NULL));
  gc_decoder_free(d);
  gc_results_sort(&results);
  (void)gc_series_revise(&series, GC_SETTLES_BASE);
  struct gc_dimension_names dimension_names = {.label = GC_QUERY_LABEL_ID};
  struct gc_samples_view view = {
      .query = &q, .dimension_names = &dimension_names, .block = "bench"};
  struct gc_outbox out = {.interval_ms = MINUTE};
  uint64_t unnamed = 0;
  exit_unless_ok(gc_samples_of_window(&view, &results, 0, &out, &unnamed));
  r.things = out.count;
  r.ms = now_ms() - began;
  gc_outbox_clear(&out);
  gc_results_clear(&results);
  gc_series_clear(&series);
  return r;
}

/* Builds the tree; looks up nothing in it. */
static struct result run_json_c(const struct gc_buf *answer) {
  struct result r = {0};
  double began = now_ms();
  struct json_object *root = json_tokener_parse(answer->data), *results;
  if (json_object_object_get_ex(root, "results", &results))
    r.things = json_object_array_length(results);
  json_object_put(root);
  r.ms = now_ms() - began;
  return r;
}

/* Runs in a child process; prints by how much the run grows its memory. */
static void measure_in_child(const char *name, const struct gc_buf *answer,
                             struct result (*run)(const struct gc_buf *)) {
  struct rusage use;
  pid_t child = fork();
  if (child != 0) {
    int status;
    waitpid(child, &status, 0);
    return;
  }
  getrusage(RUSAGE_SELF, &use);
  long before_kb = use.ru_maxrss;
  struct result r = run(answer);
  getrusage(RUSAGE_SELF, &use);
  printf("%-34s %8.1f ms  %6.0f MB/s  %8zu things  +%ld KB\n", name, r.ms,
         (double)answer->len / 1e3 / r.ms, r.things, use.ru_maxrss - before_kb);
  fflush(stdout);
  _exit(0);
}

/* Lets a Python program parse the answer, which it reads from a file. */
static void measure_python(const struct gc_buf *answer) {
  static const char script[] =
      "import json,resource,sys,time\n"
      "text=open(sys.argv[1],'rb').read()\n"
      "before=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
      "t=time.perf_counter(); n=len(json.loads(text)['results'])\n"
      "ms=(time.perf_counter()-t)*1e3\n"
      "after=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
      "print('%-34s %8.1f ms  %6.0f MB/s  %8d things  +%d KB' % "
      "('bytes -> tree (python json)',ms,len(text)/1e3/ms,n,after-before))\n";
  char path[] = "/tmp/bench-aggregates-XXXXXX";
  int fd = mkstemp(path);
  if (fd < 0 || write(fd, answer->data, answer->len) != (ssize_t)answer->len)
    return;
  close(fd);
  pid_t child = fork();
  if (child == 0) {
    const char *python = getenv("PYTHON");
    execlp(python != NULL ? python : "python3", "python3", "-c", script, path,
           (char *)NULL);
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  unlink(path);
}

/* Counts the requests of a steady minute: 2,000 queues, PT1M, 30 windows read
 * again. */
static void count_requests(void) {
  struct gc_windows_plan plan = {.again_from_ms = first_ms,
                                 .again_to_ms = first_ms + 30 * MINUTE,
                                 .from_ms = first_ms + 30 * MINUTE,
                                 .to_ms = first_ms + 31 * MINUTE};
  int64_t at_ms = plan.again_from_ms, from_ms, to_ms;
  unsigned count = 0;
  while (gc_windows_piece(&plan, MINUTE, 1000, &at_ms, &from_ms, &to_ms))
    count++;
  printf("requests a minute, %d queues x %zu metrics, PT1M, Revisit 30: %u\n",
         QUEUES, GC_COUNT(metric_names), count);
}

int main(void) {
  static struct gc_buf answer = {.max = 256 << 20};
  make_answer(&answer);
  printf("aggregates: one answer, %d queues x %zu metrics x %d windows, %.1f "
         "MB\n",
         QUEUES, GC_COUNT(metric_names), WINDOWS, (double)answer.len / 1e6);
  fflush(stdout);
  for (int round = 0; round < 3; round++) {
    measure_in_child("bytes -> sums -> values (ours)", &answer, run_ours);
    measure_in_child("bytes -> tree (json-c)", &answer, run_json_c);
    measure_python(&answer);
  }
  count_requests();
  return 0;
}
