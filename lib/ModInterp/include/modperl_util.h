/* Objects, and what is behind them. */
#ifndef MODPERL_UTIL_H
#define MODPERL_UTIL_H

#include "modperl_common_util.h"
#include "modperl_types.h"

/* The request of an object, of a hash with a key r or _r, or (PerlOptions +GlobalRequest) of this thread where sv is a class. NULL if it is
 * of another class than the one that is asked for. Croaks if the request is gone. */
request_rec *modperl_xs_sv2request_rec(pTHX_ SV *sv, char *classname, CV *cv);
request_rec *modperl_sv2request_rec(pTHX_ SV *sv);
server_rec *modperl_sv2server_rec(pTHX_ SV *sv);

/* The table as an object (no key), the value of a key, or sets it (undef removes it). */
SV *modperl_table_get_set(pTHX_ apr_table_t *table, char *key, SV *value, int do_taint);

/* Writes $@ to the error log, if it is true, and gives the status; OK where $@ is an exit. */
int modperl_errsv(pTHX_ int status, request_rec *r, server_rec *s);
/* Text in front of $@. */
void modperl_errsv_prepend(pTHX_ const char *format, ...);

#endif
