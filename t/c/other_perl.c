/* Shared objects of XS modules that must not be loaded; built by t/host/xs_module.t, one per macro:
 * OTHER_PERL: the code of an XS module that was compiled for a perl without threads. MISSING: one that calls what no library has. */
#define PERL_NO_GET_CONTEXT
#include <EXTERN.h>
#include <perl.h>
#include <XSUB.h>

#ifdef OTHER_PERL
XS_EXTERNAL(boot_My__Other) {
    Perl_xs_handshake(HS_KEYp(4, FALSE, FALSE, TRUE, sizeof "v5.36.0" - 1, 1), cv, "Other.c", "v5.36.0", "1");
}
#endif

#ifdef MISSING
void modperl_wbucket_flush(void *bucket, int flush);
static XS(flush) { dXSARGS; PERL_UNUSED_VAR(items); modperl_wbucket_flush(NULL, 0); XSRETURN_EMPTY; }
XS_EXTERNAL(boot_My__Missing) {
    dXSBOOTARGSNOVERCHK;
    PERL_UNUSED_VAR(items);
    newXS("My::Missing::flush", flush, __FILE__);
    XSRETURN_YES;
}
#endif
