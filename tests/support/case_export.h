/* SPDX-License-Identifier: MIT */
/* Prints samples of golden cases under their names in a database
 * (common/export), for cases whose settings have "export on". */
#ifndef GC_TESTS_SUPPORT_CASE_EXPORT_H
#define GC_TESTS_SUPPORT_CASE_EXPORT_H

#include "common/genesys/sample.h"
#include "tests/support/case_file.h"

/* Adds a line FAMILY{LABEL="VALUE",…} VALUE for each data source. */
void case_say_export(struct case_file *file, const struct gc_sample *s);

#endif
