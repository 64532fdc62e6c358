/* perl's headers, as XS code for mod_perl expects them. */
#ifndef MODPERL_PERL_INCLUDES_H
#define MODPERL_PERL_INCLUDES_H

#ifndef PERL_NO_GET_CONTEXT
#  define PERL_NO_GET_CONTEXT
#endif
#ifndef PERLIO_NOT_STDIO
#  define PERLIO_NOT_STDIO 0        /* stdio stays usable: httpd's and APR's headers name FILE */
#endif

#include "EXTERN.h"
#include "perl.h"
#include "XSUB.h"
#include "modperl_perl_unembed.h"

#endif
