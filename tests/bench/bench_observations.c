/* SPDX-License-Identifier: MIT */
/* 50 answers of the observation query, 200 queues × 5 media each: bytes →
 * model → samples, beside json-c building a tree of the same bytes. Each runs
 * in a process of its own, so that its peak of memory is its own. */
#include <inttypes.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <json-c/json.h>

#include "plugins/genesys_realtime/observations/observations.h"
#include "tests/bench/lap.h"

enum { ANSWERS = 50, QUEUES = 200, CHUNK = 16384 };
static const char *const media[] = {"voice", "chat", "email", "message",
                                    "callback"};

struct result {
  struct lap lap;
  size_t things; /* samples or tree nodes; they show that the work was done */
};

static void exit_unless_ok(enum gc_code code) {
  exit_unless(code == GC_OK, gc_code_words(code));
}

static void add_queue(struct gc_buf *b, int n) {
  char id[64];
  snprintf(id, sizeof(id), "%08x-0000-4000-8000-%012x", n, n);
  exit_unless_ok(gc_buf_print(
      b,
      "%s{\"group\":{\"queueId\":\"%s\"},\"data\":["
      "{\"metric\":\"oMemberUsers\",\"stats\":{\"count\":23}},"
      "{\"metric\":\"oActiveUsers\",\"stats\":{\"count\":17}},"
      "{\"metric\":\"oOnQueueUsers\",\"qualifier\":\"IDLE\",\"stats\":{"
      "\"count\":4}},"
      "{\"metric\":\"oOnQueueUsers\",\"qualifier\":\"INTERACTING\",\"stats\":{"
      "\"count\":9}},"
      "{\"metric\":\"oUserRoutingStatuses\",\"qualifier\":\"IDLE\",\"stats\":{"
      "\"count\":4}},"
      "{\"metric\":\"oUserPresences\",\"qualifier\":\"6a3af858-942f-489d-9700-"
      "5f9bcdcdae9b\",\"stats\":{\"count\":13}}]}",
      n % QUEUES == 0 ? "" : ",", id));
  for (size_t m = 0; m < GC_COUNT(media); m++)
    exit_unless_ok(gc_buf_print(
        b,
        ",{\"group\":{\"queueId\":\"%s\",\"mediaType\":\"%s\"},\"data\":["
        "{\"metric\":\"oInteracting\",\"stats\":{\"count\":%d}},"
        "{\"metric\":\"oAlerting\",\"stats\":{\"count\":1}},"
        "{\"metric\":\"oLongestWaiting\",\"stats\":{\"calculatedMetricValue\":"
        "1795244371359}},"
        "{\"metric\":\"oWaiting\",\"stats\":{\"count\":%d}}]}",
        id, media[m], n % 17, n % 5 + 1));
}

static void make_answer(struct gc_buf *b, int first) {
  exit_unless_ok(gc_buf_text(b,
                             "{\"systemToOrganizationMappings\":{\"ON_QUEUE\":["
                             "\"6a3af858-942f-489d-9700-5f9bcdcdae9b\"]},"
                             "\"results\":["));
  for (int q = 0; q < QUEUES; q++)
    add_queue(b, first + q);
  exit_unless_ok(gc_buf_text(b, "]}"));
}

static void count_sample(void *ctx, const struct gc_sample *sample) {
  (void)sample;
  (*(size_t *)ctx)++;
}

static bool accept_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

static struct result run_ours(const struct gc_buf *answers) {
  struct result r = {0};
  struct lap began = lap_begin();
  struct observations *o = observations_new();
  struct obs_decoder *d = obs_decoder_new(o, false);
  struct gc_sink sink = obs_decoder_sink(d);
  for (int i = 0; i < ANSWERS; i++) {
    sink.begin(sink.ctx);
    for (size_t at = 0; at < answers[i].len; at += CHUNK) {
      size_t left = answers[i].len - at;
      exit_unless_ok(sink.write(sink.ctx, answers[i].data + at,
                                left < CHUNK ? left : CHUNK, NULL));
    }
    exit_unless_ok(obs_decoder_finish(d, NULL, NULL));
  }
  struct queue_display view = {
      .accepts = accept_all, .label = QUEUE_LABEL_ID, .interval_ms = 10000};
  struct gc_samples out = {.put = count_sample, .ctx = &r.things};
  struct queue_tally tally;
  obs_samples(o, &view, &out, &tally);
  obs_decoder_free(d);
  observations_put(o);
  r.lap = lap_end(began);
  return r;
}

/* Builds the tree; looks up nothing in it. */
static struct result run_json_c(const struct gc_buf *answers) {
  struct result r = {0};
  struct lap began = lap_begin();
  for (int i = 0; i < ANSWERS; i++) {
    struct json_object *root = json_tokener_parse(answers[i].data), *results;
    if (json_object_object_get_ex(root, "results", &results))
      r.things += json_object_array_length(results);
    json_object_put(root);
  }
  r.lap = lap_end(began);
  return r;
}

/* Runs in a child process; prints the growth of its memory by the run. */
static void measure_in_child(const char *name, const struct gc_buf *answers,
                             struct result (*run)(const struct gc_buf *)) {
  struct rusage use;
  long before_kb, after_kb;
  pid_t child = fork();
  if (child != 0) {
    int status;
    exit_unless(waitpid(child, &status, 0) == child && status == 0,
                "one of the two did not do its work");
    return;
  }
  getrusage(RUSAGE_SELF, &use);
  before_kb = use.ru_maxrss;
  struct result r = run(answers);
  getrusage(RUSAGE_SELF, &use);
  after_kb = use.ru_maxrss;
  size_t bytes = 0;
  for (int i = 0; i < ANSWERS; i++)
    bytes += answers[i].len;
  printf("%-34s %8.1f ms  %8.1f CPU ms  %6.0f MB/s  %8zu things  +%ld KB\n",
         name, r.lap.wall_s * 1e3, r.lap.cpu_s * 1e3,
         (double)bytes / 1e6 / r.lap.wall_s, r.things, after_kb - before_kb);
  fflush(stdout);
  _exit(0);
}

int main(void) {
  static struct gc_buf answers[ANSWERS];
  size_t bytes = 0;
  for (int i = 0; i < ANSWERS; i++) {
    answers[i].max = 64 << 20;
    make_answer(&answers[i], i * QUEUES);
    bytes += answers[i].len;
  }
  printf("observations: %d answers, %d queues x %zu media each, %.1f MB\n",
         ANSWERS, QUEUES, GC_COUNT(media), (double)bytes / 1e6);
  fflush(stdout);
  for (int round = 0; round < 3; round++) {
    measure_in_child("bytes -> model -> samples (ours)", answers, run_ours);
    measure_in_child("bytes -> tree (json-c)", answers, run_json_c);
  }
  return 0;
}
