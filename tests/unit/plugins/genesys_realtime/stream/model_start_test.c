/* SPDX-License-Identifier: MIT */
/* Which contacts a stream counts: those that began after the stream did,
 * however late it is connected. */
#include "common/net/lease_book.h"

#include <time.h>

#include "tests/support/rt_stream.h"

static const char *const queues[] = {"q1", "q2"};

/* Writes the platform's text of a time: seconds since the world's start. */
static void write_time(char text[32], int at_s) {
  time_t time_s = (time_t)(REPLAY_START_WALL_MS / 1000 + at_s);
  struct tm utc;
  CHECK(gmtime_r(&time_s, &utc) != NULL);
  strftime(text, 32, "%Y-%m-%dT%H:%M:%S.000Z", &utc);
}

/* Sends, with the topic of another queue or its own, a contact that has waited
 * in a queue since `offered_s`; answered_s 0: it still waits. */
static void say_contact_of(const char *topic, const char *queue, const char *id,
                           int offered_s, int answered_s) {
  char offered[32], answered[32], agent[160] = "", text[800];
  write_time(offered, offered_s);
  write_time(answered, answered_s);
  if (answered_s != 0)
    snprintf(agent, sizeof(agent),
             ",{\"id\":\"p3\",\"purpose\":\"agent\",\"queueId\":\"%s\","
             "\"connectedTime\":\"%s\",\"calls\":[{\"state\":\"connected\"}]}",
             queue, answered);
  snprintf(text, sizeof(text),
           "{\"topicName\":\"" QUEUE_TOPIC(
               "%s") "\",\"eventBody\":{\"id\":"
                     "\"%s\",\"participants\":[{\"id\":\"p1\",\"purpose\":"
                     "\"customer\","
                     "\"connectedTime\":\"%s\"},{\"id\":\"p2\",\"purpose\":"
                     "\"acd\","
                     "\"queueId\":\"%s\",\"connectedTime\":\"%s\",\"calls\":[{"
                     "\"state\":"
                     "\"connected\"}]}%s]}}",
           topic, id, offered, queue, offered, agent);
  ch_say(text);
}

static void say_contact(const char *id, int offered_s, int answered_s) {
  say_contact_of("q1", "q1", id, offered_s, answered_s);
}

/* Reads each second until all counters have been sent, and returns that of the
 * queue; NAN: it has no series. */
static double count_of_queue(const char *queue, const char *name) {
  char full[128];
  double newest = NAN;
  snprintf(full, sizeof(full), "%s/%s-voice", queue, name);
  for (int i = 0; i < 25; i++) {
    replay_run(&ch_world, 1000);
    double value = read_value(full);
    newest = isnan(value) ? newest : value;
  }
  return newest;
}

static double count_of(const char *name) { return count_of_queue("q1", name); }

static void begin_blocked(int open_s) {
  begin_with(20);
  ch_usual_answers();
  select_queues((const char **)queues, 2);
  replay_run(&ch_world, (uint64_t)open_s * 1000 - 100);
  ch_open();
}

static void a_contact_of_the_time_without_a_socket_is_counted(void) {
  begin_blocked(300);
  say_contact("c1", 60, 0);
  CHECK_REAL(read_state("stream_gap-"), 300);
  ch_heartbeats(4);
  say_contact("c1", 60, 420);
  CHECK_REAL(count_of("queue_answer"), 1);
  CHECK_REAL(count_of("queue_offer"), 1);
  CHECK_REAL(count_of("queue_wait_time_seconds_sum"), 360);
  end_stream();
}

static void a_contact_from_before_the_start_is_not_counted(void) {
  begin_blocked(300);
  say_contact("c1", -5, 310);
  say_contact("c2", 5, 310);
  CHECK_REAL(count_of("queue_offer"), 1);
  CHECK_REAL(count_of("queue_answer"), 1);
  end_stream();
}

/* ---- clocks that are wrong at the start ---- */

/* Plays one answer of the platform, whose Date is `ahead_s` s ahead. */
static void receive_date(int ahead_s) {
  int64_t ahead_ms = ahead_s * INT64_C(1000);
  receive_answer(&ahead_ms);
  replay_run(&ch_world, 10);
}

/* An answer every 10 s. */
static void pass_until(int at_s, int date_s) {
  while (ch_world.now_ms < REPLAY_START_MS + (uint64_t)at_s * 1000) {
    receive_date(date_s);
    replay_run(&ch_world, 9990);
    ch_say(HEARTBEAT);
  }
}

/* `queue_count`: how many of `queues` are selected at the start. */
static void begin_with_queues(int wall_s, int date_s, size_t queue_count) {
  begin_with(20);
  ch_world.wall_ms += (int64_t)wall_s * 1000;
  receive_date(date_s);
  ch_usual_answers();
  select_queues((const char **)queues, queue_count);
  ch_open();
}

static void begin_with_clocks(int wall_s, int date_s) {
  begin_with_queues(wall_s, date_s, 2);
}

/* "before" began 50 minutes before the start, "after" after it. */
static void say_both(int offered_s, int answered_s) {
  say_contact("before", -3000, answered_s);
  say_contact("after", offered_s, answered_s);
}

/* The wrong clock is corrected after three minutes. */
static void a_wrong_clock_counts_no_contact_of_before_the_start(void) {
  static const struct {
    const char *name;
    int wall_s, date_s;
    int first_s; /* when the first events come */
  } rows[] = {
      {"all are right", 0, 0, 10},
      {"our clock is behind", -7200, 0, 10},
      {"our clock is behind by a day", -86400, 0, 10},
      {"our clock is ahead", 7200, 0, 10},
      {"the Date is behind", 0, -7200, 10},
      {"the Date is ahead", 0, 7200, 10},
      {"the Date is ahead by four minutes", 0, 240, 10},
      {"the Date is behind by four minutes", 0, -240, 10},
      {"our clock is ahead by four minutes", 240, 0, 10},
      {"our clock is behind, late events", -7200, 0, 100},
      {"our clock is ahead, late events", 7200, 0, 100},
      {"the Date is behind, late events", 0, -7200, 100},
      {"the Date is ahead, late events", 0, 7200, 100},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    int first_s = rows[i].first_s;
    CHECK_ROW(rows[i].name);
    begin_with_clocks(rows[i].wall_s, rows[i].date_s);
    pass_until(first_s, rows[i].date_s);
    say_both(first_s - 2, 0);
    pass_until(first_s + 10, rows[i].date_s);
    say_both(first_s - 2, first_s + 8);
    pass_until(first_s + 70, rows[i].date_s);
    CHECK_REAL(count_of("queue_offer"), 1);
    CHECK_REAL(count_of("queue_answer"), 1);
    CHECK_REAL(count_of("queue_wait_time_seconds_sum"), 10);
    ch_world.wall_ms -= rows[i].wall_s * 1000;
    pass_until(400, 0);
    say_contact("before too", -3000, 399);
    say_contact("after too", 9, 399);
    CHECK_REAL(count_of("queue_offer"), 2);
    CHECK_REAL(count_of("queue_answer"), 2);
    end_stream();
  }
}

/* No event shows which clock is wrong until the Date is corrected. */
static void a_start_is_corrected_with_its_clock(void) {
  begin_with_clocks(0, 7200);
  pass_until(200, 7200);
  pass_until(300, 0);
  say_contact("c1", 2, 0);
  CHECK_REAL(count_of("queue_offer"), 1);
  end_stream();
}

/* Lets a second pass, with a heartbeat, and with an answer every 10 s. */
static void pass_second(int at_s, int date_s) {
  if (at_s % 10 == 0)
    receive_date(date_s);
  replay_run(&ch_world,
             REPLAY_START_MS + (uint64_t)(at_s + 1) * 1000 - ch_world.now_ms);
  ch_say(HEARTBEAT);
}

static const struct clock_row {
  const char *name;
  int wall_s, date_s; /* how far they are ahead */
} clock_rows[] = {
    {"all are right", 0, 0},
    {"our clock is ahead by an hour", 3600, 0},
    {"our clock is ahead by a day", 86400, 0},
    {"our clock is behind by an hour", -3600, 0},
    {"our clock is behind by a day", -86400, 0},
    {"the Date is ahead by an hour", 0, 3600},
    {"the Date is ahead by a day", 0, 86400},
    {"the Date is behind by an hour", 0, -3600},
    {"our clock is ahead by four minutes", 240, 0},
    {"our clock is behind by four minutes", -240, 0},
    {"the Date is ahead by four minutes", 0, 240},
    {"the Date is behind by four minutes", 0, -240},
};

enum { SELECTED_S = 20, FIRST_S = 25, LAST_S = 60, STEP_S = 5 };

/* Sends an event of each contact of q2 two seconds after its offer, and another
 * one two seconds after its answer, which is five seconds after the offer.
 * "early" was offered before q2 was selected. */
static void say_contacts_at(int at_s) {
  char id[16];
  if (at_s == 12 || at_s == 50)
    say_contact_of("q1", "q2", "early", 10, at_s == 50 ? 49 : 0);
  for (int offered_s = FIRST_S; offered_s <= LAST_S; offered_s += STEP_S) {
    snprintf(id, sizeof(id), "c%d", offered_s);
    if (at_s == offered_s + 2)
      say_contact_of("q2", "q2", id, offered_s, 0);
    if (at_s == offered_s + 7)
      say_contact_of("q2", "q2", id, offered_s, offered_s + 5);
  }
}

/* Selects q2, as a new list of queues does, while the clocks disagree. Corrects
 * them after more than two minutes. */
static void play_selection(const struct clock_row *row, int from_s) {
  enum { CONTACTS = (LAST_S - FIRST_S) / STEP_S + 1 };
  for (int at_s = from_s; at_s < 130; at_s++) {
    if (at_s == SELECTED_S)
      select_queues((const char **)queues, 2);
    say_contacts_at(at_s);
    pass_second(at_s, row->date_s);
  }
  CHECK_REAL(count_of_queue("q2", "queue_offer"), CONTACTS);
  CHECK_REAL(count_of_queue("q2", "queue_answer"), CONTACTS);
  CHECK_REAL(count_of_queue("q2", "queue_wait_time_seconds_sum"), 5 * CONTACTS);
  ch_world.wall_ms -= (int64_t)row->wall_s * 1000;
  pass_until(400, 0);
  say_contact_of("q2", "q2", "before", 15, 399);
  say_contact_of("q2", "q2", "late", 22, 399);
  CHECK_REAL(count_of_queue("q2", "queue_offer"), CONTACTS + 1);
  CHECK_REAL(count_of_queue("q2", "queue_answer"), CONTACTS + 1);
}

static void a_queue_selected_by_a_wrong_clock_counts_its_contacts(void) {
  for (size_t i = 0; i < GC_COUNT(clock_rows); i++) {
    CHECK_ROW(clock_rows[i].name);
    begin_with_queues(clock_rows[i].wall_s, clock_rows[i].date_s, 1);
    play_selection(&clock_rows[i], 0);
    end_stream();
  }
}

/* Two contacts wait; the target is 20 s, and the grace 2 s. The first
 * event shows which clock is right. */
static void a_wrong_clock_moves_no_breach(void) {
  for (size_t i = 0; i < GC_COUNT(clock_rows); i++) {
    const struct clock_row *row = &clock_rows[i];
    int first_s = 0, second_s = 0;
    CHECK_ROW(row->name);
    begin_with_clocks(row->wall_s, row->date_s);
    for (int at_s = 0; at_s < 200; at_s++) {
      if (at_s == 6)
        say_contact("c1", 5, 0);
      if (at_s == 71)
        say_contact("c2", 70, 0);
      pass_second(at_s, row->date_s);
      double breaches = read_value("q1/queue_sla_breach-voice-20");
      first_s = first_s == 0 && breaches >= 1 ? at_s : first_s;
      second_s = second_s == 0 && breaches >= 2 ? at_s : second_s;
    }
    CHECK_THAT(first_s >= 26 && first_s <= 30, "first breach at %d s", first_s);
    CHECK_THAT(second_s >= 91 && second_s <= 95, "second breach at %d s",
               second_s);
    end_stream();
  }
}

/* ---- with a lease ---- */

static struct gc_lease_book *book;
static struct gc_buf redis;

static void take_lease(uint64_t fence) {
  CHECK_INT(gc_lease_book_read(book, "queues-all", fence, &redis), GC_OK);
  gc_lease_book_go_on(book, true);
}

static void begin_standby(void) {
  redis = (struct gc_buf){.max = 1 << 20};
  book = gc_lease_book_new();
  lease_page = gc_lease_book_page(book, "queues-all");
  begin_blocked(30);
  ch_heartbeats(9);
}

static void end_agent(void) {
  end_stream();
  gc_lease_book_free(book);
  gc_buf_clear(&redis);
  lease_page = NULL;
}

/* The former holder's counts are lost: it may have counted all contacts up to
 * the moment at which this agent takes the lease. */
static void a_lease_without_times_begins_when_it_is_taken(void) {
  begin_standby();
  take_lease(7);
  replay_run(&ch_world, 2000);
  say_contact("c1", 60, 310);
  say_contact("c2", 305, 310);
  CHECK_REAL(count_of("queue_offer"), 1);
  CHECK_REAL(count_of("queue_answer"), 1);
  end_agent();
}

static void a_lease_with_times_keeps_its_start(void) {
  char until[32];
  begin_standby();
  snprintf(until, sizeof(until), "%lld", REPLAY_START_WALL_MS + 200000);
  CHECK_INT(gc_fields_add(&redis, "began", "1699999000000"), GC_OK);
  CHECK_INT(gc_fields_add(&redis, "until", until), GC_OK);
  CHECK_INT(gc_fields_add(&redis, "q1/voice", "offers0=40/40 answers0=39/39"),
            GC_OK);
  take_lease(7);
  replay_run(&ch_world, 2000);
  say_contact("c1", 199, 310); /* counted by the former holder */
  say_contact("c2", 201, 310); /* not counted by it */
  CHECK_REAL(count_of("queue_offer"), 41);
  CHECK_REAL(count_of("queue_answer"), 41);
  end_agent();
}

/* The start is that of the former holder, so a clock of this agent dates only
 * the beginning of the counters of q2. */
static void a_queue_selected_after_a_takeover_counts_its_contacts(void) {
  for (size_t i = 0; i < GC_COUNT(clock_rows); i++) {
    char until[32];
    CHECK_ROW(clock_rows[i].name);
    redis = (struct gc_buf){.max = 1 << 20};
    book = gc_lease_book_new();
    lease_page = gc_lease_book_page(book, "queues-all");
    snprintf(until, sizeof(until), "%lld", REPLAY_START_WALL_MS - 1000);
    CHECK_INT(gc_fields_add(&redis, "began", "1699999000000"), GC_OK);
    CHECK_INT(gc_fields_add(&redis, "until", until), GC_OK);
    begin_with_queues(clock_rows[i].wall_s, clock_rows[i].date_s, 1);
    take_lease(7);
    play_selection(&clock_rows[i], 0);
    end_agent();
  }
}

/* The lease was free when the agent began. */
static void the_first_holder_counts_from_the_start(void) {
  redis = (struct gc_buf){.max = 1 << 20};
  book = gc_lease_book_new();
  lease_page = gc_lease_book_page(book, "queues-all");
  take_lease(7);
  begin_blocked(300);
  say_contact("c1", 60, 310);
  CHECK_REAL(count_of("queue_offer"), 1);
  end_agent();
}

int main(void) {
  RUN(a_contact_of_the_time_without_a_socket_is_counted);
  RUN(a_contact_from_before_the_start_is_not_counted);
  RUN(a_wrong_clock_counts_no_contact_of_before_the_start);
  RUN(a_start_is_corrected_with_its_clock);
  RUN(a_queue_selected_by_a_wrong_clock_counts_its_contacts);
  RUN(a_wrong_clock_moves_no_breach);
  RUN(a_lease_without_times_begins_when_it_is_taken);
  RUN(a_lease_with_times_keeps_its_start);
  RUN(a_queue_selected_after_a_takeover_counts_its_contacts);
  RUN(the_first_holder_counts_from_the_start);
  return check_done();
}
