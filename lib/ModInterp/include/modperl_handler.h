/* Calling a Perl handler by its name. */
#ifndef MODPERL_HANDLER_H
#define MODPERL_HANDLER_H

#include "modperl_types.h"

/* The name may be a package, Package::sub, Package->method, $object->method, with + or - in front. Copied into the pool. */
modperl_handler_t *modperl_handler_new(apr_pool_t *p, const char *name);
const char *modperl_handler_name(modperl_handler_t *handler);
/* Adds to an array (made, if it is NULL) pairs of class and pointer, ended by NULL. "IV" takes a number cast to a pointer, "PV" text,
 * "HV" a hash. */
void modperl_handler_make_args(pTHX_ AV **args, ...);
/* Runs it and gives its status: 500, with the reason in $@, where it died or is not to be found. */
int modperl_callback(pTHX_ modperl_handler_t *handler, apr_pool_t *p, request_rec *r, server_rec *s, AV *args);

#endif
