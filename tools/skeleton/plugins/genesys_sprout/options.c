/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_sprout/options.h"

const struct gc_opt sprout_rows[] = {
    GC_OPT_STR(struct sprout_options, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of an `<Account>` of the plugin genesys.", "prod"),
    GC_OPT_INT(struct sprout_options, every_s, "RequestInterval", "60", 1, 3600,
               "s", "Time between two requests.", "30"),
    GC_OPT_END,
};
