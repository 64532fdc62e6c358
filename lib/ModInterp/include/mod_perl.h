/* What XS code written for mod_perl 2 includes: httpd, APR, perl, and those of mod_perl's C functions, types and macros that
 * this server has. A module that was compiled with these files runs under mod_perl 2 too, and the other way round: the names and
 * layouts are mod_perl 2.0.12's.
 *
 * Not here is whatever reads mod_perl's own records (its configuration, its state of a request): this module has others. A use
 * of it does not compile. */
#ifndef MOD_PERL_H
#define MOD_PERL_H

#include "modperl_common_util.h"
#include "modperl_apache_includes.h"
#include "modperl_types.h"
#include "modperl_trace.h"
#include "modperl_error.h"
#include "modperl_interp.h"
#include "modperl_handler.h"
#include "modperl_util.h"

#if defined(USE_ITHREADS) && APR_HAS_THREADS
#  define MP_THREADED 1
#else
#  define MP_THREADED 0
#endif

/* Starts the main parent interpreter while the configuration is read, if it does not run: OK, or 500 with the reason in the log. */
int modperl_run(void);
int modperl_is_running(void);
/* The parent of a server (NULL: of the main one), started if need be; NULL with the reason in the log. */
PerlInterpreter *modperl_startup(server_rec *s, apr_pool_t *p);

/* The pool of the configuration and the main server. Neither may be written to while requests are served. */
apr_pool_t *modperl_global_get_pconf(void);
server_rec *modperl_global_get_server_rec(void);

/* What a module written in Perl has of a directory's or server's configuration. */
SV *modperl_module_config_get_obj(pTHX_ SV *package, server_rec *s, ap_conf_vector_t *v);

#ifdef USE_ITHREADS
APR_DECLARE_OPTIONAL_FN(apr_status_t, modperl_interp_unselect, (void *));
APR_DECLARE_OPTIONAL_FN(modperl_interp_t *, modperl_thx_interp_get, (PerlInterpreter *));
#endif

/* The records of configuration and state are this module's own. */
#define MP_NOT_OURS _Pragma("GCC error \"mod_interp does not show mod_perl's records of configuration, nor the state of a request\"")
#define MP_dRCFG    MP_NOT_OURS
#define MP_dCCFG    MP_NOT_OURS
#define MP_dDCFG    MP_NOT_OURS
#define MP_dSCFG(s) MP_NOT_OURS

#endif
