/* SPDX-License-Identifier: MIT */
/* Callbacks: scheduled ones, and those that follow a call in the same queue. */
#include "plugins/genesys_realtime/conversations/conversations.h"

#include "tests/support/cv_model.h"

static struct conversations_totals of_media(enum cv_media media) {
  struct conversations_totals t;
  memset(&t, 0, sizeof(t));
  (void)conversations_totals(m, "q1", media, &t);
  return t;
}

static struct cv_party *add_scheduled(void) {
  struct cv_party *acd = life_add(&life, CV_ACD, "q1");
  acd->media = CV_CALLBACK;
  acd->scheduled = true;
  return acd;
}

static void a_scheduled_callback_waits_from_its_time(void) {
  begin_model();
  life_connected(&life, CV_CUSTOMER, NULL, 1);
  struct cv_party *acd = add_scheduled();
  apply_life();
  CHECK_INT(of_media(CV_CALLBACK).active, 0);
  CHECK_INT(of_media(CV_CALLBACK).counted.offers, 0);
  acd->scheduled = false;
  acd->connected_ms = AT(3600);
  apply_life();
  CHECK_INT(of_media(CV_CALLBACK).active, 1);
  CHECK_INT(of_media(CV_CALLBACK).counted.offers, 1);
  struct cv_party *agent = answer_contact(acd, 3605);
  agent->media = CV_CALLBACK;
  apply_life();
  CHECK_INT(of_media(CV_CALLBACK).counted.answers, 1);
  CHECK_INT(of_media(CV_CALLBACK).facts.wait_ms, 5000);
  CHECK_INT(of_media(CV_CALLBACK)
                .counted.changes[CV_STATE_WAITING][CV_STATE_ALERTING],
            1);
}

/* The wait is longer than MaxConversationAge, so the model has removed the
 * conversation. */
static void a_callback_of_the_day_after_tomorrow_is_an_offer(void) {
  begin_model();
  life_connected(&life, CV_CUSTOMER, NULL, 1)->end_ms = AT(60);
  struct cv_party *acd = add_scheduled();
  apply_life();
  life_tick(m, AT(172800), AT(172800));
  CHECK_INT(read_stats().aged, 1);
  acd->scheduled = false;
  acd->connected_ms = AT(172800);
  apply_life();
  CHECK_INT(of_media(CV_CALLBACK).counted.offers, 1);
  answer_contact(acd, 172805)->media = CV_CALLBACK;
  apply_life();
  CHECK_INT(of_media(CV_CALLBACK).counted.answers, 1);
  CHECK_INT(of_media(CV_CALLBACK).facts.wait_ms, 5000);
}

static void a_callback_that_is_cancelled_before_its_time_was_no_offer(void) {
  begin_model();
  struct cv_party *customer = life_connected(&life, CV_CUSTOMER, NULL, 1);
  struct cv_party *acd = add_scheduled();
  apply_life();
  acd->scheduled = false;
  acd->end_ms = customer->end_ms = AT(100);
  apply_life();
  struct conversations_totals t = of_media(CV_CALLBACK);
  CHECK_INT(t.counted.offers, 0);
  CHECK_INT(t.counted.abandons, 0);
  CHECK_INT(t.active, 0);
  CHECK_INT(read_stats().live, 0);
}

/* The caller asks for a callback and hangs up: the offer of the call ends,
 * and the contact goes on as a callback. */
static void the_call_before_a_scheduled_callback_is_over(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  acd->end_ms = AT(30);
  add_scheduled();
  apply_life();
  check_counts("q1", 1, 0, 0, 1);
  CHECK_INT(totals_of("q1").active, 0);
  CHECK_INT(of_media(CV_CALLBACK).active, 0);
}

/* ---- a call, then a callback in the same queue ---- */

static struct cv_party *call_then_callback(void) {
  struct cv_party *customer, *acd;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  acd->end_ms = AT(30);
  acd->transferred = true;
  struct cv_party *next = life_connected(&life, CV_ACD, "q1", 30);
  next->media = CV_CALLBACK;
  apply_life();
  return next;
}

static void each_participant_is_counted_by_its_own_medium(void) {
  struct cv_party *acd = call_then_callback(), *agent;
  CHECK_INT(totals_of("q1").active, 0);
  CHECK_INT(of_media(CV_CALLBACK).states[CV_STATE_WAITING], 1);
  agent = life_add(&life, CV_AGENT, "q1");
  agent->media = CV_CALLBACK;
  apply_life();
  CHECK_INT(of_media(CV_CALLBACK).states[CV_STATE_ALERTING], 1);
  agent->connected_ms = acd->end_ms = AT(60);
  apply_life();
  CHECK_INT(of_media(CV_CALLBACK).states[CV_STATE_ACTIVE], 1);
  agent->end_ms = AT(90);
  apply_life();
  struct conversations_totals voice = totals_of("q1"),
                              back = of_media(CV_CALLBACK);
  check_counts("q1", 1, 0, 0, 1);
  CHECK_INT(back.counted.offers, 1);
  CHECK_INT(back.counted.answers, 1);
  CHECK_INT(back.facts.wait_ms, 30000);
  CHECK_INT(all_changes("q1"), 1);
  CHECK_INT(voice.counted.changes[CV_STATE_WAITING][CV_STATE_ENDED], 1);
  CHECK_INT(back.counted.changes[CV_STATE_WAITING][CV_STATE_ALERTING], 1);
  CHECK_INT(back.counted.changes[CV_STATE_ALERTING][CV_STATE_ACTIVE], 1);
  CHECK_INT(back.counted.changes[CV_STATE_ACTIVE][CV_STATE_ENDED], 1);
  CHECK_INT(voice.active + back.active, 0);
}

static bool covers_calls(void *ctx, const char *queue, enum cv_media media) {
  (void)ctx;
  (void)queue;
  return media == CV_VOICE;
}

static void a_truncated_list_of_callbacks_closes_none(void) {
  struct cv_party *acd = call_then_callback();
  for (int i = 4; i < 8; i++) {
    life_tick(m, AT(10 * i), AT(10 * i));
    conversations_poll_begin(m);
    conversations_poll_end(m, covers_calls, NULL);
  }
  CHECK_INT(read_stats().closed, 0);
  CHECK_INT(of_media(CV_CALLBACK).active, 1);
  answer_contact(acd, 100)->media = CV_CALLBACK;
  apply_life();
  CHECK_INT(of_media(CV_CALLBACK).counted.answers, 1);
}

/* The agent of a message calls the customer: the contact stays the message. */
static void an_agent_serves_the_contact_it_answered(void) {
  struct cv_party *customer, *acd, *agent;
  begin_model();
  offer_contact(&customer, &acd);
  acd->media = CV_MESSAGE;
  apply_life();
  agent = answer_contact(acd, 5);
  agent->media = CV_MESSAGE;
  apply_life();
  agent->media = CV_VOICE;
  apply_life();
  CHECK_INT(of_media(CV_MESSAGE).states[CV_STATE_ACTIVE], 1);
  CHECK_INT(totals_of("q1").active, 0);
  agent->end_ms = customer->end_ms = AT(60);
  apply_life();
  CHECK_INT(
      of_media(CV_MESSAGE).counted.changes[CV_STATE_ACTIVE][CV_STATE_ENDED], 1);
}

/* The flow makes the callback, plays a message and ends the call. */
static void the_call_before_a_callback_is_over(void) {
  struct cv_party *customer, *acd, *next;
  begin_model();
  offer_contact(&customer, &acd);
  next = life_connected(&life, CV_ACD, "q1", 25);
  next->media = CV_CALLBACK;
  apply_life();
  acd->end_ms = AT(30);
  apply_life();
  check_counts("q1", 1, 0, 0, 1);
  answer_contact(next, 60)->media = CV_CALLBACK;
  apply_life();
  customer->end_ms = AT(90);
  apply_life();
  check_counts("q1", 1, 0, 0, 1);
  CHECK_INT(of_media(CV_CALLBACK).counted.answers, 1);
}

/* A call and a message are in the queue at the same time. */
static void each_contact_is_answered_by_the_agent_of_its_medium(void) {
  struct cv_party *customer, *call;
  begin_model();
  offer_contact(&customer, &call);
  struct cv_party *message = life_connected(&life, CV_ACD, "q1", 3);
  message->media = CV_MESSAGE;
  apply_life();
  answer_contact(message, 5)->media = CV_MESSAGE;
  apply_life();
  CHECK_INT(totals_of("q1").states[CV_STATE_WAITING], 1);
  answer_contact(call, 9);
  apply_life();
  customer->end_ms = AT(20);
  apply_life();
  check_counts("q1", 1, 1, 0, 0);
  CHECK_INT(totals_of("q1").facts.wait_ms, 7000);
  CHECK_INT(of_media(CV_MESSAGE).counted.answers, 1);
  CHECK_INT(of_media(CV_MESSAGE).facts.wait_ms, 2000);
}

/* ---- all end, then another stay ---- */

/* The customer and the stay in q1 end at 30 s. */
static void play_return(const char *queue, enum cv_media media, double at,
                        bool is_read_between) {
  struct cv_party *customer, *acd, *next;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  acd->end_ms = customer->end_ms = AT(30);
  if (is_read_between)
    apply_life();
  life_connected(&life, CV_CUSTOMER, NULL, at);
  next = life_connected(&life, CV_ACD, queue, at);
  next->media = (uint8_t)media;
  answer_contact(next, 60)->media = (uint8_t)media;
  apply_life();
}

static void a_stay_after_the_customer_left_is_no_transfer(void) {
  static const struct {
    const char *queue;
    enum cv_media media;
    double at;
  } rows[] = {
      {"q2", CV_VOICE, 31},    {"q2", CV_VOICE, 30},    {"q1", CV_VOICE, 31},
      {"q1", CV_CALLBACK, 30}, {"q1", CV_CALLBACK, 31}, {"q2", CV_CALLBACK, 45},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (int is_read = 0; is_read < 2; is_read++) {
      play_return(rows[i].queue, rows[i].media, rows[i].at, is_read);
      CHECK_INT(totals_of("q1").counted.abandons, 1);
      CHECK_INT(totals_of("q1").counted.transfers, 0);
    }
}

/* The flow made the callback at 29.5 s, for a later time. */
static void a_callback_that_was_made_before_the_end_is_a_transfer(void) {
  struct cv_party *customer, *acd, *next;
  begin_model();
  offer_contact(&customer, &acd);
  apply_life();
  acd->end_ms = customer->end_ms = AT(30);
  next = life_connected(&life, CV_ACD, "q1", 3600);
  next->media = CV_CALLBACK;
  next->made_ms = AT(29.5);
  apply_life();
  check_counts("q1", 1, 0, 0, 1);
}

/* An agent who calls the customer back does not answer the earlier call. */
static void an_agent_after_the_customer_left_answers_nothing(void) {
  for (int is_read = 0; is_read < 2; is_read++) {
    struct cv_party *customer, *acd;
    begin_model();
    offer_contact(&customer, &acd);
    acd->end_ms = customer->end_ms = AT(30);
    if (is_read)
      apply_life();
    life_connected(&life, CV_CUSTOMER, NULL, 60);
    life_connected(&life, CV_AGENT, "q1", 60);
    apply_life();
    check_counts("q1", 1, 0, 1, 0);
  }
}

/* ---- polls ---- */

static void no_poll_closes_a_scheduled_callback(void) {
  begin_model();
  life_connected(&life, CV_CUSTOMER, NULL, 1);
  add_scheduled();
  apply_life();
  for (int i = 1; i < 4; i++) {
    life_tick(m, AT(10 * i), AT(10 * i));
    conversations_poll_begin(m);
    conversations_poll_end(m, life_covers_all, NULL);
  }
  CHECK_INT(read_stats().closed, 0);
}

int main(void) {
  RUN(a_scheduled_callback_waits_from_its_time);
  RUN(a_callback_of_the_day_after_tomorrow_is_an_offer);
  RUN(a_callback_that_is_cancelled_before_its_time_was_no_offer);
  RUN(the_call_before_a_scheduled_callback_is_over);
  RUN(no_poll_closes_a_scheduled_callback);
  RUN(each_participant_is_counted_by_its_own_medium);
  RUN(a_truncated_list_of_callbacks_closes_none);
  RUN(the_call_before_a_callback_is_over);
  RUN(an_agent_serves_the_contact_it_answered);
  RUN(each_contact_is_answered_by_the_agent_of_its_medium);
  RUN(a_stay_after_the_customer_left_is_no_transfer);
  RUN(a_callback_that_was_made_before_the_end_is_a_transfer);
  RUN(an_agent_after_the_customer_left_answers_nothing);
  conversations_free(m);
  return check_done();
}
