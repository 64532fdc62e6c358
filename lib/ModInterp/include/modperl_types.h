/* Types. Of these records only the fields that stand here may be read, and none may be made by hand. */
#ifndef MODPERL_TYPES_H
#define MODPERL_TYPES_H

#include "modperl_common_includes.h"
#include "modperl_apache_includes.h"

typedef request_rec subrequest_rec;
typedef apr_array_header_t MpAV;
typedef apr_table_t MpHV;
typedef char char_len;                  /* of the typemap: a string whose length goes into <name>_len */

#ifdef USE_ITHREADS
/* An interpreter. `refcnt` counts its users: who raises it keeps the interpreter until modperl_interp_unselect. */
typedef struct modperl_interp_t {
    struct modperl_interp_pool_t *mip;
    PerlInterpreter *perl;
    int num_requests;
    U8 flags;
    void *ccfg;
    int refcnt;
} modperl_interp_t;
#else
typedef struct modperl_interp_t modperl_interp_t;
#endif
typedef struct modperl_interp_pool_t modperl_interp_pool_t;
typedef struct modperl_tipool_t modperl_tipool_t;
typedef struct modperl_tipool_config_t modperl_tipool_config_t;
typedef struct modperl_handler_t modperl_handler_t;
typedef struct modperl_filter_t modperl_filter_t;

#endif
