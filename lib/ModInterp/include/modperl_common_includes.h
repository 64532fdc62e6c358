/* What does not need httpd: APR and perl. */
#ifndef MODPERL_COMMON_INCLUDES_H
#define MODPERL_COMMON_INCLUDES_H
#include "modperl_apr_includes.h"
#include "modperl_perl_includes.h"
#endif
