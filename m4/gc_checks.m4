dnl SPDX-License-Identifier: MIT
dnl GC_WARNINGS: the compiler's warnings; CI makes them errors (--enable-werror).
AC_DEFUN([GC_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [warnings are errors])],
    [], [enable_werror=no])
  GC_CFLAGS="-std=gnu11 -fvisibility=hidden -fno-strict-aliasing -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2"
  AS_IF([test "x$enable_werror" = xyes], [GC_CFLAGS="$GC_CFLAGS -Werror"])
  AC_SUBST([GC_CFLAGS])
])

dnl GC_SANITIZERS: --enable-sanitizers (address,undefined) or =thread. It turns
dnl GC_ASSERT on, as --enable-fuzzing does.
AC_DEFUN([GC_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
      [build with sanitizers @<:@address,undefined@:>@])],
    [], [enable_sanitizers=no])
  AS_IF([test "x$enable_sanitizers" = xyes], [enable_sanitizers=address,undefined])
  AS_IF([test "x$enable_sanitizers" != xno],
    [GC_CFLAGS="$GC_CFLAGS -DGC_ASSERTS=1 -fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
     GC_LDFLAGS="$GC_LDFLAGS -fsanitize=$enable_sanitizers"])
  AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" != xno])
  AC_SUBST([GC_LDFLAGS])
])

dnl GC_FUZZING: --enable-fuzzing builds the targets with libFuzzer (clang).
dnl Every object is compiled with fuzzer-no-link; otherwise the fuzzer sees no
dnl coverage.
AC_DEFUN([GC_FUZZING], [
  AC_ARG_ENABLE([fuzzing],
    [AS_HELP_STRING([--enable-fuzzing], [build the fuzz targets with libFuzzer; needs CC=clang])],
    [], [enable_fuzzing=no])
  AS_IF([test "x$enable_fuzzing" = xyes],
    [AC_MSG_CHECKING([whether $CC has libFuzzer])
     gc_save=$CFLAGS
     CFLAGS="$CFLAGS -fsanitize=fuzzer"
     AC_LINK_IFELSE([AC_LANG_SOURCE([[
       #include <stddef.h>
       #include <stdint.h>
       int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) { (void)d; (void)n; return 0; }]])],
       [AC_MSG_RESULT([yes])],
       [AC_MSG_RESULT([no])
        AC_MSG_ERROR([--enable-fuzzing needs clang with its runtime: ./configure CC=clang --enable-fuzzing])])
     CFLAGS=$gc_save
     GC_CFLAGS="$GC_CFLAGS -DGC_ASSERTS=1 -fsanitize=fuzzer-no-link"
     GC_LDFLAGS="$GC_LDFLAGS -fsanitize=fuzzer-no-link"])
  AM_CONDITIONAL([FUZZING], [test "x$enable_fuzzing" = xyes])
])
