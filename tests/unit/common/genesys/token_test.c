/* SPDX-License-Identifier: MIT */
#include "common/genesys/token.h"

#include "tests/support/check.h"

/* The answer of the platform's token endpoint. */
#define OFFICIAL                                                               \
  "{\"access_token\":\"Zm9v-_.~+/=\",\"token_type\":\"bearer\","               \
  "\"expires_in\":86399}"

static enum gc_code parse_token(const char *body, struct gc_token *token,
                                struct gc_err *err) {
  return gc_token_parse(body, strlen(body), token, err);
}

static void the_official_answer_is_a_token(void) {
  struct gc_token t = {0};
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(parse_token(OFFICIAL, &t, &err), GC_OK);
  CHECK_STR(t.bearer, "Zm9v-_.~+/=");
  CHECK_INT(t.life_s, 86399);
  CHECK(t.scope == NULL);
  gc_token_clear(&t);
  CHECK(t.bearer == NULL && t.life_s == 0);
  gc_token_clear(&t);
}

static void a_lifetime_is_read_in_every_form(void) {
  static const struct {
    const char *life;
    long want_s; /* 0: refused */
  } rows[] = {
      {"", 300},
      {",\"expires_in\":null", 300},
      {",\"expires_in\":1", 1},
      {",\"expires_in\":300", 300},
      {",\"expires_in\":3600.0", 3600},
      {",\"expires_in\":36e2", 3600},
      {",\"expires_in\":172800", 172800},
      {",\"expires_in\":172801", 172800},
      {",\"expires_in\":4294967296", 172800},
      {",\"expires_in\":9223372036854775807", 172800},
      {",\"expires_in\":0", 0},
      {",\"expires_in\":-1", 0},
      {",\"expires_in\":-9223372036854775807", 0},
      {",\"expires_in\":-9223372036854775808", 0},
      /* No whole number, or too large: the shortest lifetime is safe. */
      {",\"expires_in\":9223372036854775808", 172800},
      {",\"expires_in\":99999999999999999999", 172800},
      {",\"expires_in\":3600.5", 3600},
      {",\"expires_in\":1e30", 172800},
      {",\"expires_in\":1e999", 300},
      {",\"expires_in\":\"3600\"", 3600},
      {",\"expires_in\":\"3599.7\"", 3599},
      {",\"expires_in\":\"0\"", 0},
      {",\"expires_in\":\"soon\"", 300},
      {",\"expires_in\":true", 300},
      {",\"expires_in\":[3600]", 300},
      {",\"expires_in\":{}", 300},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].life);
    char body[200];
    snprintf(body, sizeof(body), "{\"access_token\":\"t\"%s}", rows[i].life);
    struct gc_token t = {0};
    struct gc_err err = {.code = GC_OK};
    enum gc_code code = parse_token(body, &t, &err);
    CHECK_INT(code, rows[i].want_s > 0 ? GC_OK : GC_ERR_PARSE);
    CHECK_INT(t.life_s, rows[i].want_s);
    CHECK_INT(err.code, code);
    gc_token_clear(&t);
  }
}

static void only_characters_of_a_header_make_a_token(void) {
  static const struct {
    const char *row, *value;
  } rows[] = {
      {"missing", NULL},
      {"empty", "\"\""},
      {"null", "null"},
      {"number", "12345"},
      {"object", "{\"a\":\"b\"}"},
      {"line end", "\"abc\\r\\nX-Evil: 1\""},
      {"bare line feed", "\"abc\\ndef\""},
      {"blank", "\"abc def\""},
      {"leading blank", "\" abc\""},
      {"tab", "\"abc\\tdef\""},
      {"NUL", "\"abc\\u0000def\""},
      {"NUL at the end", "\"abc\\u0000\""},
      {"escape", "\"abc\\u001b[0m\""},
      {"DEL", "\"abc\\u007f\""},
      {"not ASCII", "\"abc\\u00e9\""},
      {"raw bytes", "\"abc\xc3\xa9\""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    char body[200];
    snprintf(body, sizeof(body), "{%s%s%s\"expires_in\":60}",
             rows[i].value != NULL ? "\"access_token\":" : "",
             rows[i].value != NULL ? rows[i].value : "",
             rows[i].value != NULL ? "," : "");
    struct gc_token t = {.life_s = 7};
    struct gc_err err = {.code = GC_OK};
    CHECK_INT(parse_token(body, &t, &err), GC_ERR_PARSE);
    CHECK_INT(err.code, GC_ERR_PARSE);
    CHECK_INT(t.life_s, 7); /* untouched */
    CHECK(t.bearer == NULL);
    CHECK(strstr(err.text, "abc") ==
          NULL); /* the error does not show it either */
  }
}

static void a_text_that_is_not_a_token_answer_is_refused(void) {
  static const char *const bodies[] = {
      "",
      " ",
      "null",
      "[]",
      "\"token\"",
      "{",
      "{}",
      "<html><body>502 Bad Gateway</body></html>",
      "{\"access_token\":\"t\"",
      "{\"access_token\":\"t\"}x",
      "[{\"access_token\":\"t\"}]",
      "{\"token\":{\"access_token\":\"t\"}}",
      "{\"error\":\"invalid_client\",\"description\":\"client not found\"}",
  };
  for (size_t i = 0; i < GC_COUNT(bodies); i++) {
    CHECK_ROW(bodies[i]);
    struct gc_token t = {0};
    struct gc_err err = {.code = GC_OK};
    CHECK_INT(parse_token(bodies[i], &t, &err), GC_ERR_PARSE);
    CHECK(err.text[0] != '\0');
    CHECK(t.bearer == NULL);
  }
  struct gc_token t = {0};
  CHECK_INT(gc_token_parse(NULL, 0, &t, NULL), GC_ERR_PARSE);
}

static void an_answer_that_is_too_large_is_refused(void) {
  static char body[70000];
  memset(body, ' ', sizeof(body) - 1);
  memcpy(body, OFFICIAL, strlen(OFFICIAL));
  struct gc_token t = {0};
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(parse_token(body, &t, &err), GC_ERR_LIMIT);
}

static void a_token_is_renewed_before_it_expires(void) {
  static const struct {
    uint32_t life_s, margin_s;
    uint64_t want_ms;
  } rows[] = {
      {86399, 300, 86099000},
      {60, 300, 48000},
      {300, 300, 240000},
      {1500, 300, 1200000},
      {1501, 300, 1201000},
      {86399, 0, 86399000},
      {1, 300, 800},
      {172800, 7200, 165600000},
      {172800, UINT32_MAX, 138240000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    CHECK_INT(gc_token_renew_ms(rows[i].life_s, rows[i].margin_s),
              rows[i].want_ms);
  for (uint32_t life_s = 1; life_s <= GC_TOKEN_MAX_LIFE_S; life_s += 997)
    for (uint32_t margin_s = 0; margin_s < 100000; margin_s += 9973) {
      uint64_t ms = gc_token_renew_ms(life_s, margin_s);
      CHECK(ms <= life_s * 1000ull && ms * 5 >= life_s * 4000ull);
    }
}

static void a_missing_scope_is_named(void) {
  static const struct {
    const char *granted, *wanted, *want; /* NULL: no scope is missing */
  } rows[] = {
      {NULL, "analytics", NULL}, /* the platform uses roles */
      {"analytics", NULL, NULL},
      {"analytics", "", NULL},
      {"analytics", "   ", NULL},
      {"analytics routing", "routing analytics", NULL},
      {"analytics:readonly", "analytics", "analytics"},
      {"analytics", "analytics:readonly", "analytics:readonly"},
      {"a b  c", " b   c ", NULL},
      {" a ", "a", NULL},
      {"a b", "a x b y", "x"},
      {"", "a", "a"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].granted != NULL ? rows[i].granted : "(none)");
    char body[200], out[64] = "untouched";
    snprintf(body, sizeof(body), "{\"access_token\":\"t\"%s%s%s}",
             rows[i].granted != NULL ? ",\"scope\":\"" : "",
             rows[i].granted != NULL ? rows[i].granted : "",
             rows[i].granted != NULL ? "\"" : "");
    struct gc_token t = {0};
    CHECK_INT(parse_token(body, &t, NULL), GC_OK);
    CHECK(gc_token_lacks(&t, rows[i].wanted, out, sizeof(out)) ==
          (rows[i].want != NULL));
    CHECK_STR(out, rows[i].want != NULL ? rows[i].want : "untouched");
    gc_token_clear(&t);
  }
}

static void a_long_scope_is_cut_to_the_size(void) {
  struct gc_token t = {0};
  CHECK_INT(parse_token("{\"access_token\":\"t\",\"scope\":\"x\"}", &t, NULL),
            GC_OK);
  char out[6];
  CHECK(gc_token_lacks(&t, "analytics:readonly", out, sizeof(out)));
  CHECK_STR(out, "analy");
  gc_token_clear(&t);
}

static void error_bodies_become_words(void) {
  static const struct {
    const char *body, *want;
  } rows[] = {
      {"{\"error\":\"invalid_client\",\"description\":\"client not found\","
       "\"error_description\":\"client not found\"}",
       "invalid_client: client not found"},
      {"{\"error\":\"invalid_client\",\"description\":\"authentication "
       "failed\",\"error_description\":\"authentication failed\"}",
       "invalid_client: authentication failed"},
      {"{\"error\":\"invalid_request\"}", "invalid_request"},
      {"{\"error\":\"x\",\"description\":\"only this\"}", "x: only this"},
      {"{\"message\":\"Rate limit exceeded the maximum. Retry the request in "
       "[42] seconds\",\"code\":\"too.many.requests.retry.after\","
       "\"status\":429,\"contextId\":\"c\",\"details\":[],\"errors\":[]}",
       "too.many.requests.retry.after: Rate limit exceeded the maximum. Retry "
       "the request in [42] seconds"},
      {"{\"code\":\"not found\"}", "not found"},
      {"{\"message\":\"Bad Request\",\"code\":\"bad.request\",\"errors\":["
       "{\"message\":\"metric nOfered is unknown\"},{\"message\":\"b\"}]}",
       "bad.request: Bad Request; metric nOfered is unknown; and 1 more"},
      {"{\"code\":\"c\",\"errors\":[{\"code\":\"d\"},{\"message\":\"m\"}]}",
       "c; m"},
      {"{\"errors\":[{\"message\":\"only\"}]}", "only"},
      {"{\"message\":\"same\",\"errors\":[{\"message\":\"same\"}]}", "same"},
      {"{\"message\":\"m\",\"errors\":[null,7,\"x\",{}]}", "m"},
      {"{\"message\":\"HTTP 404 Not Found\"}", "HTTP 404 Not Found"},
      {"{\"code\":500,\"message\":\"m\"}", "m"},
      {"{\"error\":null,\"code\":\"c\",\"message\":\"m\"}", "c: m"},
      {"{\"error\":{\"code\":1}}", ""},
      {"{}", ""},
      {"[]", ""},
      {"null", ""},
      {"", ""},
      {"<html><body><h1>502 Bad Gateway</h1></body></html>", ""},
      {"{\"error\":\"broken", ""},
      {"{\"code\":\"c\",\"message\":\"a\\u001b[31m \\\"b", "a_[31m \"b"},
      {"{\"errors\":[{\"message\":\"m\"", ""},
      {"{\"error\":\"a\\nFake log line\\u001b[31m\",\"description\":\"\\t"
       "b\\u007f\xc3\xa9\"}",
       "a_Fake log line_[31m: _b___"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].body);
    char out[200] = "old";
    gc_error_words(rows[i].body, strlen(rows[i].body), out, sizeof(out));
    CHECK_STR(out, rows[i].want);
  }
  char out[8] = "old";
  gc_error_words(NULL, 0, out, sizeof(out));
  CHECK_STR(out, "");
  gc_error_words("{\"error\":\"invalid_client\"}", 26, out, sizeof(out));
  CHECK_STR(out, "invalid");
}

static void the_context_of_an_error_is_printable(void) {
  static const struct {
    const char *body, *want;
  } rows[] = {
      {"{\"message\":\"m\",\"contextId\":\"5dfc-1\"}", "5dfc-1"},
      {"{\"contextId\":\"a\\nb\"}", "a_b"},
      {"{\"contextId\":7}", ""},
      {"<html>", ""},
      {"", ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].body);
    char out[64] = "old";
    gc_error_context(rows[i].body, strlen(rows[i].body), out, sizeof(out));
    CHECK_STR(out, rows[i].want);
  }
}

/* {"alg":"none"} and the claims, each without padding. */
static void a_jwt_states_its_scope(void) {
  static const struct {
    const char *row, *bearer, *lacks; /* of "analytics routing"; NULL: none */
  } rows[] = {
      {"{\"scope\":\"analytics\"}",
       "eyJhbGciOiJub25lIn0.eyJzY29wZSI6ImFuYWx5dGljcyJ9.x", "routing"},
      {"{\"scp\":[\"routing\",\"analytics\"]}",
       "eyJhbGciOiJub25lIn0."
       "eyJzY3AiOlsicm91dGluZyIsImFuYWx5dGljcyJdfQ.x",
       NULL},
      {"{\"scp\":[\"routing\"]}",
       "eyJhbGciOiJub25lIn0.eyJzY3AiOlsicm91dGluZyJdfQ.x", "analytics"},
      {"{\"sub\":\"x\"}", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.x", NULL},
      {"no JSON", "eyJhbGciOiJub25lIn0.AAAA.x", NULL},
      {"no base64", "a.b*c.d", NULL},
      {"opaque", "abc", NULL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char body[300], lacks[100] = "";
    struct gc_token t = {0};
    struct gc_err err = {.code = GC_OK};
    CHECK_ROW(rows[i].row);
    snprintf(body, sizeof(body), "{\"access_token\":\"%s\"}", rows[i].bearer);
    CHECK_INT(parse_token(body, &t, &err), GC_OK);
    CHECK_INT(gc_token_lacks(&t, "analytics routing", lacks, sizeof(lacks)),
              rows[i].lacks != NULL);
    CHECK_STR(lacks, rows[i].lacks != NULL ? rows[i].lacks : "");
    gc_token_clear(&t);
  }
}

static void the_word_of_a_refusal_counts(void) {
  static const struct {
    const char *body;
    enum gc_token_refusal want;
  } rows[] = {
      {"{\"error\":\"invalid_client\"}", GC_TOKEN_REFUSED},
      {"{\"error\":\"invalid_scope\",\"error_description\":\"x\"}",
       GC_TOKEN_REFUSED},
      {"{\"error\":\"temporarily_unavailable\"}", GC_TOKEN_LATER},
      {"{\"error\":\"none\"}", GC_TOKEN_NOT_REFUSED},
      {"{\"error\":\"invalid_client\",\"access_token\":\"t\"}",
       GC_TOKEN_NOT_REFUSED},
      {"{\"access_token\":\"t\"}", GC_TOKEN_NOT_REFUSED},
      {"<html>", GC_TOKEN_NOT_REFUSED},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].body);
    CHECK_INT(gc_token_refusal(rows[i].body, strlen(rows[i].body)),
              rows[i].want);
  }
  CHECK_INT(gc_token_refusal(NULL, 0), GC_TOKEN_NOT_REFUSED);
}

int main(void) {
  RUN(the_official_answer_is_a_token);
  RUN(a_lifetime_is_read_in_every_form);
  RUN(only_characters_of_a_header_make_a_token);
  RUN(a_text_that_is_not_a_token_answer_is_refused);
  RUN(an_answer_that_is_too_large_is_refused);
  RUN(a_token_is_renewed_before_it_expires);
  RUN(a_missing_scope_is_named);
  RUN(a_long_scope_is_cut_to_the_size);
  RUN(error_bodies_become_words);
  RUN(the_context_of_an_error_is_printable);
  RUN(a_jwt_states_its_scope);
  RUN(the_word_of_a_refusal_counts);
  return check_done();
}
