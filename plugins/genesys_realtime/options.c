/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/options.h"

#include <string.h>

#include "common/base/glob.h"

/* In the order of enum stream_source, obs_source and obs_label. */
static const char *const streams[] = {"none", NULL};
static const char *const sources[] = {"query", "activity", "none", NULL};
static const char *const labels[] = {"name", "id", "both", NULL};

const struct gc_opt queues_rows[] = {
    GC_OPT_STR(struct queues_options, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of an `<Account>` of the plugin genesys."),
    GC_OPT_ENUM(struct queues_options, stream, "Stream", "none", streams,
                "Source of conversation events; `none`: observations only."),
    GC_OPT_ENUM(struct queues_options, observations, "Observations", "query",
                sources,
                "How the present state is read: `query` asks for 100 queues a "
                "request; `activity` pages through everything and filters "
                "here, cheapest from about 200 queues on."),
    GC_OPT_INT(struct queues_options, interval_s, "ObservationInterval", "10",
               1, 3600, "s", "Time between two readings."),
    GC_OPT_STRS(struct queues_options, queues, "Queue",
                "Name globs (`Support*`) or ids; a leading `!` refuses. The "
                "first match decides; without any, all queues. May be "
                "repeated. Applied before any request."),
    GC_OPT_STRS(struct queues_options, media, "Media",
                "Media types to show (`voice`, `chat`, `email`, `message`, "
                "`callback` …); without any, all. May be repeated."),
    GC_OPT_ENUM(struct queues_options, label, "QueueLabel", "name", labels,
                "What a queue is called: its `name`, its `id`, or `both` "
                "(NAME@ID)."),
    GC_OPT_END,
};

static enum gc_code lower_media(char *media, struct gc_err *err) {
  for (char *c = media; *c != '\0'; c++) {
    if (*c >= 'A' && *c <= 'Z')
      *c = (char)(*c + 'a' - 'A');
    if (strchr("abcdefghijklmnopqrstuvwxyz", *c) == NULL)
      return gc_fail(err, GC_ERR_CONFIG,
                     "Media: \"%.40s\" is not a media type such as \"voice\", "
                     "\"chat\", \"email\", \"message\", \"callback\"",
                     media);
  }
  return GC_OK;
}

enum gc_code queues_check(struct queues_options *o, struct gc_err *err) {
  for (size_t i = 0; i < o->queues.count; i++)
    if (gc_glob_check(o->queues.at[i], err) != GC_OK)
      return gc_fail_in(err, GC_ERR_CONFIG, "Queue: ");
  for (size_t i = 0; i < o->media.count; i++)
    GC_TRY(lower_media(o->media.at[i], err));
  return GC_OK;
}
