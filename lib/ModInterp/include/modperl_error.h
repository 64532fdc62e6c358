/* Errors. */
#ifndef MODPERL_ERROR_H
#define MODPERL_ERROR_H

#include "modperl_common_includes.h"

#define MODPERL_RC_EXIT      (APR_OS_START_USERERR + 0)     /* $@ is ModPerl::Util::exit's */
#define MODPERL_FILTER_ERROR (APR_OS_START_USERERR + 1)

/* Dies with an APR::Error of that status, whose `func` is the second argument. */
void modperl_croak(pTHX_ apr_status_t rc, const char *func);
/* The status in words, in memory of perl's. */
char *modperl_error_strerror(pTHX_ apr_status_t rc);

#define MP_RUN_CROAK(call, func) STMT_START { \
    const apr_status_t mp_status = (call); \
    if (mp_status != APR_SUCCESS) modperl_croak(aTHX_ mp_status, (func)); \
} STMT_END

/* The same where an end that the client caused is only noted in the log. */
#define MP_RUN_CROAK_RESET_OK(s, call, func) STMT_START { \
    const apr_status_t mp_status = (call); \
    if (APR_STATUS_IS_ECONNRESET(mp_status) || APR_STATUS_IS_ECONNABORTED(mp_status)) \
        ap_log_error(APLOG_MARK, APLOG_INFO, mp_status, (s), "%s", (func)); \
    else if (mp_status != APR_SUCCESS) modperl_croak(aTHX_ mp_status, (func)); \
} STMT_END

#endif
