/* Interpreters. Between select and unselect an interpreter is this thread's current one; both may nest. */
#ifndef MODPERL_INTERP_H
#define MODPERL_INTERP_H

#include "modperl_types.h"

#ifdef USE_ITHREADS

/* The interpreter for a request, else a connection, else a server (its parent): the first that is not NULL counts. NULL where none can be
 * had. */
modperl_interp_t *modperl_interp_select(request_rec *r, conn_rec *c, server_rec *s);
/* The interpreter for the request or connection to whose pool, or to one of whose pool's subpools, the pool belongs. */
modperl_interp_t *modperl_interp_pool_select(apr_pool_t *p, server_rec *s);
/* Takes a modperl_interp_t, so that it can be the cleanup of a pool. */
apr_status_t modperl_interp_unselect(void *interp);
/* The server's record of a perl; NULL for one that is not the server's, such as a script's thread. */
modperl_interp_t *modperl_thx_interp_get(PerlInterpreter *perl);

#  define MP_dINTERP PerlInterpreter *my_perl; modperl_interp_t *interp
#  define MP_INTERPa(r, c, s)      (interp = modperl_interp_select((r), (c), (s)), aTHX = interp ? interp->perl : NULL)
#  define MP_INTERP_POOLa(p, s)    (interp = modperl_interp_pool_select((p), (s)), aTHX = interp ? interp->perl : NULL)
#  define MP_dINTERPa(r, c, s)     MP_dINTERP; MP_INTERPa(r, c, s)
#  define MP_dINTERP_POOLa(p, s)   MP_dINTERP; MP_INTERP_POOLa(p, s)
#  define MP_INTERP_PUTBACK(i, thx) ((void)modperl_interp_unselect(i))
#  define MP_INTERP_REFCNT_inc(i)  ((i)->refcnt++)
#  define MP_INTERP_REFCNT_dec(i)  ((void)modperl_interp_unselect(i))
#  define MP_HAS_INTERP(i)         ((i) != NULL)
#  define MP_aTHX                  aTHX

#else

#  define MP_dINTERP               dNOOP
#  define MP_INTERPa(r, c, s)      NOOP
#  define MP_INTERP_POOLa(p, s)    NOOP
#  define MP_dINTERPa(r, c, s)     dNOOP
#  define MP_dINTERP_POOLa(p, s)   dNOOP
#  define MP_INTERP_PUTBACK(i, thx) NOOP
#  define MP_INTERP_REFCNT_inc(i)  NOOP
#  define MP_INTERP_REFCNT_dec(i)  NOOP
#  define MP_HAS_INTERP(i)         1
#  define MP_aTHX                  0

#endif

/* The current interpreter of the thread, for the time of a block. */
#ifdef USE_ITHREADS
#  define MP_PERL_CONTEXT_DECLARE            PerlInterpreter *orig_perl = NULL; PerlInterpreter *my_perl
#  define MP_PERL_CONTEXT_STORE              (orig_perl = PERL_GET_CONTEXT)
#  define MP_PERL_CONTEXT_OVERRIDE(perl)     STMT_START { aTHX = (perl); PERL_SET_CONTEXT(aTHX); } STMT_END
#  define MP_PERL_CONTEXT_RESTORE            STMT_START { if (orig_perl) PERL_SET_CONTEXT(orig_perl); } STMT_END
#else
#  define MP_PERL_CONTEXT_DECLARE            dNOOP
#  define MP_PERL_CONTEXT_STORE              NOOP
#  define MP_PERL_CONTEXT_OVERRIDE(perl)     NOOP
#  define MP_PERL_CONTEXT_RESTORE            NOOP
#endif
#define MP_PERL_CONTEXT_STORE_OVERRIDE(perl) STMT_START { MP_PERL_CONTEXT_STORE; MP_PERL_CONTEXT_OVERRIDE(perl); } STMT_END

#endif
