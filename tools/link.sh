#!/bin/sh
# SPDX-License-Identifier: MIT
# link.sh OUTPUT LIBTOOL COMPILER FLAG…: links OUTPUT. libtool links a library. The
# compiler links a program, with .libs/X.a in the place of X.la: libtool would start
# some 1,500 processes for the twenty archives of a test.
output=$1 libtool=$2
shift 2
case $output in *.la) exec $libtool --mode=link "$@" ;; esac
for word do
  shift
  case $word in
  */*.la) word=${word%/*}/.libs/${word##*/} word=${word%.la}.a ;;
  *.la) word=.libs/${word%.la}.a ;;
  esac
  set -- "$@" "$word"
done
exec "$@"
