#!/bin/sh
# SPDX-License-Identifier: MIT
# Refuses functions that have a better replacement, and words of the product in
# base, so that no reviewer has to find them.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 99
status=0

# ban PATTERN REASON [FILES…]: refuses calls that PATTERN matches, outside of
# comments.
ban() {
  pattern=$1 reason=$2
  shift 2
  found=$(grep -nE "(^|[^_A-Za-z0-9.>])($pattern)[[:space:]]*\(" "$@" /dev/null |
    grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/\*|\*)')
  if [ -n "$found" ]; then
    printf '%s\n  %s\n' "$found" "$reason" >&2
    status=1
  fi
}

# ban_words PATTERN REASON FILES…: refuses words in any letter case, in code and
# in comments.
ban_words() {
  pattern=$1 reason=$2
  shift 2
  found=$(grep -niE "$pattern" "$@" /dev/null)
  if [ -n "$found" ]; then
    printf '%s\n  %s\n' "$found" "$reason" >&2
    status=1
  fi
}

sources=$(find common plugins probe -name '*.[ch]')
pure=$(find common/base common/genesys common/export common/health -name '*.[ch]')
pure_but_decimal=$(echo "$pure" | grep -v decimal) # its comment says why it may call strtod
ban 'strcpy|strcat|sprintf|vsprintf|gets|strncpy|strncat' 'no limit, or no NUL: use snprintf, memcpy or gc_buf' $sources
ban 'atoi|atol|atoll|atof|sscanf' 'does not distinguish junk from 0: use base/decimal' $sources
ban 'strtok|localtime|gmtime|ctime|asctime|strerror_r|readdir_r|rand|srand|random' 'shared state, or not random' $sources
ban 'system|popen|alloca|signal' 'not in a process that belongs to collectd' $sources
ban 'printf|fprintf|puts|perror|exit|abort|assert' 'the core does not print and does not end the daemon' \
  $(echo "$sources" | grep -vE 'probe/(main|host)\.c') # a program
ban 'curl_easy_perform' 'blocks the thread: use a multi handle (net/loop)' $sources
ban 'usleep|sleep|nanosleep' 'wait for a condition' $sources
ban 'pthread_create|pthread_sigmask' 'a thread begins with all signals blocked: net/thread' $(echo "$sources" | grep -v net/thread.c)
ban 'time|clock|clock_gettime|gettimeofday|getrandom|rand_r' 'time and randomness are arguments in base, genesys, export and health' $pure
ban 'strtod|strtof|isalpha|isdigit|isspace|tolower|toupper|setlocale' 'follows the locale of the daemon: base has functions of its own' $pure_but_decimal
ban_words 'genesys|inin-|oauth|platform|region|division|conversation|(^|[^_a-z])base_?url|login_?url|client_?id|lease_?lost|state_?dir' \
  'base knows no Genesys: its words and options belong in common/genesys or common/net' $(find common/base -type f)

[ $status -eq 0 ] && echo 'banned: none found'
exit $status
