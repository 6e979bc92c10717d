dnl SPDX-License-Identifier: MIT
dnl GC_PLUGIN(NAME)
dnl Adds a plugin to the suite, with --disable-NAME to leave it out.
AC_DEFUN([GC_PLUGIN], [
  AC_ARG_ENABLE([$1],
    [AS_HELP_STRING([--disable-m4_translit([$1], [_], [-])], [leave out the plugin $1])],
    [], [enable_$1=yes])
  AM_CONDITIONAL([BUILD_]m4_toupper([$1]), [test "x$enable_$1" = xyes])
  AS_IF([test "x$enable_$1" = xyes], [GC_PLUGINS="$GC_PLUGINS $1"])
])
