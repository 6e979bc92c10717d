/* SPDX-License-Identifier: MIT */
/* The sender for all programs of the guide stream's benchmark, one after the
 * other, so that each receives the same bytes at the same speed.
 *
 *   guide_sender record FILE EVENTS   writes the frames, prints the truth
 *   guide_sender serve FILE [tls]     prints "PORT" or "PORT CA", and serves
 *
 * The frames are the guide dialect's conversation events, about 200 bytes each,
 * as a server sends them, with a close frame at the end. The truth is one line
 * of JSON, the counts that each client must have. The server answers a request
 * for a token and the upgrade, reads the query, writes the file as fast as the
 * client reads it, and disconnects when the client has answered the close
 * frame. It ends with its standard input. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "tests/bench/ids.h"
#include "tests/bench/lap.h"
#include "tests/support/certs.h"
#include "tests/support/ws_peer.h"

enum {
  STEPS = 8,
  AT_A_TIME = 2000,  /* conversations side by side */
  OTHERS_EACH = 500, /* after this many events, one of another type */
  FILE_MAX = 1 << 30,
};

static const struct {
  const char *word, *label;
} states[] = {{"QUEUED", "waiting"},    {"ALERTING", "alerting"},
              {"ACTIVE", "active"},     {"HELD", "held"},
              {"WRAPPED_UP", "wrapup"}, {"TERMINATED", "ended"}};
enum { QUEUED, ALERTING, ACTIVE, HELD, WRAPPED_UP, TERMINATED, STATES };

/* Lives: each `every`-th conversation has the first that fits. Among them are
 * repeats, a call that no agent answers, and a call that lasts longer than the
 * stream. */
static const struct {
  unsigned every;
  unsigned char steps[STEPS];
} lives[] = {
    {97, {QUEUED, ALERTING, ACTIVE, ACTIVE, HELD, HELD, ACTIVE, ACTIVE}},
    {10,
     {QUEUED, QUEUED, ALERTING, ALERTING, ALERTING, ALERTING, ALERTING,
      TERMINATED}},
    {1,
     {QUEUED, ALERTING, ACTIVE, ACTIVE, HELD, ACTIVE, WRAPPED_UP, TERMINATED}},
};

static const char *const media[] = {"voice", "voice", "voice",  "chat",
                                    "voice", "email", "message"};

static const char other[] =
    "{\"eventType\":\"Heartbeat\",\"event\":{\"interval\":\"PT1S\"}}";

/* The expected counts of the events. */
struct truth {
  size_t events, others, active, waits;
  size_t changes[STATES][STATES];
};

static const unsigned char *steps_of(unsigned life) {
  size_t i = 0;
  while (life % lives[i].every != 0)
    i++;
  return lives[i].steps;
}

static void count_event(struct truth *t, const unsigned char *steps, int step) {
  unsigned to = steps[step], from = step > 0 ? steps[step - 1] : to;
  t->events++;
  t->changes[from][to] += from != to;
  t->waits += to == ACTIVE && from == ALERTING;
  t->active += step == 0;
  t->active -= to == TERMINATED;
}

static void put_frame(struct gc_buf *out, const char *text, size_t len) {
  unsigned char header[WS_PEER_HEADER];
  exit_unless(gc_buf_add(out, header, ws_peer_header(0x81, len, header)) ==
                      GC_OK &&
                  gc_buf_add(out, text, len) == GC_OK,
              "no memory for frames");
}

/* Each fiftieth conversation is in no queue. */
static void put_event(struct gc_buf *out, unsigned life, unsigned state) {
  char text[400], id[IDS_SIZE], queue_id[IDS_SIZE], queue[64] = "";
  if (life % 50 != 7)
    snprintf(queue, sizeof(queue), ",\"queueId\":\"%s\"",
             ids_queue(queue_id, life % IDS_QUEUES));
  int len = snprintf(
      text, sizeof(text),
      "{\"eventType\":\"ConversationEvent\",\"event\":{\"conversationId\":"
      "\"%s\",\"type\":\"%s\",\"state\":\"%s\"%s,\"wrapUpCode\":\"%s\"}}",
      ids_of(id, life, 0), media[life % GC_COUNT(media)], states[state].word,
      queue, state == WRAPPED_UP ? "Resolved" : "");
  put_frame(out, text, (size_t)len);
}

static void put_truth(const struct truth *t) {
  const char *comma = "";
  printf("{\"events\":%zu,\"others\":%zu,\"active\":%zu,\"waits\":%zu,"
         "\"changes\":{",
         t->events, t->others, t->active, t->waits);
  for (int from = 0; from < STATES; from++)
    for (int to = 0; to < STATES; to++)
      if (t->changes[from][to] > 0) {
        printf("%s\"%s-%s\":%zu", comma, states[from].label, states[to].label,
               t->changes[from][to]);
        comma = ",";
      }
  printf("}}\n");
}

static void write_file(const char *path, const struct gc_buf *bytes) {
  FILE *f = fopen(path, "wb");
  exit_unless(f != NULL &&
                  fwrite(bytes->data, 1, bytes->len, f) == bytes->len &&
                  fclose(f) == 0,
              "the file of frames cannot be written");
}

static int record_frames(const char *path, size_t events) {
  struct truth truth = {0};
  struct gc_buf frames = {.max = FILE_MAX};
  for (unsigned first = 0; truth.events < events; first += AT_A_TIME)
    for (int step = 0; step < STEPS; step++)
      for (unsigned life = first; life < first + AT_A_TIME; life++) {
        count_event(&truth, steps_of(life), step);
        put_event(&frames, life, steps_of(life)[step]);
        if (truth.events % OTHERS_EACH == 0) {
          put_frame(&frames, other, strlen(other));
          truth.others++;
        }
      }
  exit_unless(gc_buf_add(&frames, "\x88\x02\x03\xe8", 4) == GC_OK, "no memory");
  write_file(path, &frames);
  put_truth(&truth);
  gc_buf_clear(&frames);
  return 0;
}

/* ---- serving ---- */

struct file {
  const void *bytes;
  size_t len;
};

static struct file open_file(const char *path) {
  struct stat st = {.st_size = 0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  exit_unless(fd >= 0 && fstat(fd, &st) == 0,
              "the file of frames cannot be read");
  struct file f = {mmap(NULL, (size_t)st.st_size, PROT_READ,
                        MAP_SHARED | MAP_POPULATE, fd, 0),
                   (size_t)st.st_size};
  exit_unless(f.bytes != MAP_FAILED, "the file of frames cannot be read");
  close(fd);
  return f;
}

static void send_file(struct conn *c, const char *accept,
                      const struct file *file) {
  struct ws_peer_frame *frame = malloc(sizeof(*frame));
  if (frame != NULL &&
      conn_say(c,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
               accept) &&
      ws_peer_read(c, frame) && conn_write(c, file->bytes, file->len))
    (void)!ws_peer_read(c, frame);
  free(frame);
}

static void serve_guide(struct conn *c, void *ctx) {
  static const char token[] =
      "{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":86400}";
  struct request r;
  char accept[64];
  while (conn_request(c, &r)) {
    if (ws_peer_accept_of(&r, accept)) {
      send_file(c, accept, ctx);
      return;
    }
    const char *body = strcmp(r.path, "/oauth/token") == 0 ? token : "";
    if (!conn_say(c,
                  "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                  "Content-Length: %zu\r\n\r\n%s",
                  body == token ? "200 OK" : "404 No", strlen(body), body))
      return;
  }
}

static int serve_file(const char *path, bool is_tls) {
  struct certs certs;
  struct file file = open_file(path);
  if (is_tls)
    certs_make(&certs);
  struct server *s =
      server_start(&(struct server_plan){.serve = serve_guide,
                                         .ctx = &file,
                                         .cert = is_tls ? certs.server : NULL});
  printf("%d %s\n", server_port(s), is_tls ? certs.ca : "");
  fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  server_stop(s);
  if (is_tls)
    certs_remove(&certs);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "record") == 0)
    return record_frames(argv[2], strtoul(argv[3], NULL, 10));
  if (argc >= 3 && strcmp(argv[1], "serve") == 0)
    return serve_file(argv[2], argc > 3 && strcmp(argv[3], "tls") == 0);
  fprintf(stderr, "usage: guide_sender record FILE EVENTS\n"
                  "       guide_sender serve FILE [tls]\n");
  return 2;
}
