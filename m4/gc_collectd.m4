dnl SPDX-License-Identifier: MIT
dnl GC_COLLECTD
dnl Finds the folders of collectd's plugin headers and of its plugins. Debian ships
dnl the headers (collectd-dev); on other systems --with-collectd-includedir names a
dnl configured source tree.
AC_DEFUN([GC_COLLECTD], [
  AC_ARG_WITH([collectd-includedir],
    [AS_HELP_STRING([--with-collectd-includedir=DIR],
      [folder of collectd's headers: an installed one (with core/daemon) or a
       configured source tree @<:@/usr/include/collectd@:>@])],
    [], [with_collectd_includedir=/usr/include/collectd])
  AC_ARG_WITH([collectd-plugindir],
    [AS_HELP_STRING([--with-collectd-plugindir=DIR],
      [where collectd looks for plugins @<:@LIBDIR/collectd@:>@])],
    [collectdplugindir=$withval], [collectdplugindir='${libdir}/collectd'])

  gc_dir=$with_collectd_includedir
  AS_IF([test -d "$gc_dir/core/daemon"],
      [COLLECTD_CPPFLAGS="-I$gc_dir/core/daemon -I$gc_dir/core -I$gc_dir"],
    [test -d "$gc_dir/src/daemon"],
      [COLLECTD_CPPFLAGS="-I$gc_dir/src/daemon -I$gc_dir/src"],
    [AC_MSG_ERROR([no collectd headers in $gc_dir: install collectd-dev, or give --with-collectd-includedir=DIR])])

  gc_save=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS -DHAVE_CONFIG_H $COLLECTD_CPPFLAGS"
  AC_MSG_CHECKING([for collectd's plugin.h])
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([
    #include "collectd.h"
    #include "plugin.h"
    int f(void) { return plugin_register_shutdown("x", 0); }])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([collectd's headers do not compile: is the source tree configured?])])
  CPPFLAGS=$gc_save
  AC_SUBST([COLLECTD_CPPFLAGS])
  AC_SUBST([collectdplugindir])
  AC_SUBST([collectdincludedir], [$with_collectd_includedir])
])
