/* The PerlIO layer :APR (lib/APR/PerlIO.pm): buffered files of the system, as :perlio, whose open takes the pool as well. */
#include "shim.h"

static PerlIO_funcs apr_layer;
static PerlIO *apr_open(pTHX_ PerlIO_funcs *self, PerlIO_list_t *layers, IV n, const char *mode, int fd, int imode, int perm, PerlIO *old, int narg, SV **args) {
    return PerlIOBuf_open(aTHX_ self, layers, n, mode, fd, imode, perm, old, narg > 1 ? 1 : narg, args);
}
XS_EXTERNAL(mp_xs_define_layer) {
    dXSARGS;
    PERL_UNUSED_VAR(items);
    if (!PerlIO_find_layer(aTHX_ STR_WITH_LEN("APR"), 0)) PerlIO_define_layer(aTHX_ &apr_layer);
    XSRETURN_EMPTY;
}
void mp_layer_init(void) {
    apr_layer = PerlIO_perlio;
    apr_layer.name = "APR";
    apr_layer.kind |= PERLIO_K_MULTIARG;
    apr_layer.Open = apr_open;
}
