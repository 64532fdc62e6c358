/* What a filter's sub says of itself by attributes, kept with the sub, so that a clone has its own. Called by lib/Apache2/Filter.pm and
 * lib/ModInterp/Filter.pm. */
#include "shim.h"

static const MGVTBL of_filter = { NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL };

/* ModInterp::attributes($code, [$attributes]): sets what is kept with the sub, a reference; returns it, or undef if there is none. */
XS_EXTERNAL(mp_xs_attributes) {
    dXSARGS; CV *of; MAGIC *mg;
    if (items < 1 || items > 2 || !SvROK(ST(0)) || SvTYPE(SvRV(ST(0))) != SVt_PVCV) croak("usage: ModInterp::attributes(code, [attributes])");
    of = (CV *)SvRV(ST(0));
    mg = mg_findext((SV *)of, PERL_MAGIC_ext, &of_filter);
    if (items == 2) {
        SV *kept = newSVsv(ST(1));
        if (mg) { SvREFCNT_dec(mg->mg_obj); mg->mg_obj = kept; }
        else { mg = sv_magicext((SV *)of, kept, PERL_MAGIC_ext, &of_filter, NULL, 0); SvREFCNT_dec(kept); }
    }
    ST(0) = mg ? mg->mg_obj : &PL_sv_undef;
    XSRETURN(1);
}
