/* ModPerl::Util's own subs, and what perl-script saves around a response. Called by lib/ModPerl/Util.pm and src/globals.rs. */
#include "shim.h"

/* ModPerl::Util::untaint(@vars) */
XS_EXTERNAL(mp_xs_untaint) {
    dXSARGS; int i;
    if (PL_tainting) for (i = 0; i < items; i++) { SvTAINTED_off(ST(i)); }
    XSRETURN_EMPTY;
}
/* ModPerl::Util::current_perl_id(): as mod_perl writes it. */
XS_EXTERNAL(mp_xs_perl_id) {
    dXSARGS;
    PERL_UNUSED_VAR(items);
    if (items < 1) { SP = PL_stack_base + ax - 1; EXTEND(SP, 1); }
    ST(0) = sv_2mortal(newSVpvf("0x%" UVxf, PTR2UV(MP_THX)));
    XSRETURN(1);
}

/* ---- what a perl-script response may change and the next must not see: @INC, $/, END ---- */
typedef struct { AV *inc, *end; SV *rs; } saved;
void *mp_globals_save(mp_interp *me) {
    dTHXa(me->perl); saved *s = calloc(1, sizeof *s); AV *inc = GvAVn(PL_incgv); SSize_t i;
    if (!s) return NULL;
    s->inc = newAV();
    for (i = 0; i <= AvFILL(inc); i++) { SV **p = av_fetch(inc, i, 0); av_push(s->inc, p ? newSVsv(*p) : newSV(0)); }
    s->rs = newSVsv(PL_rs);
    s->end = PL_endav; PL_endav = NULL;                 /* an END block compiled meanwhile is the response's own */
    return s;
}
/* Runs the response's END blocks, first defined last, and puts everything back. Errors go to `said`. */
void mp_globals_restore(mp_interp *me, void *p, mp_said *said, void *ctx) {
    dTHXa(me->perl); saved *s = p; AV *inc = GvAVn(PL_incgv); SSize_t i; int same;
    if (!s) return;
    mp_run_end(aTHX_ me, said, ctx);
    PL_endav = s->end;
    same = AvFILL(inc) == AvFILL(s->inc);
    for (i = 0; same && i <= AvFILL(inc); i++) {
        SV **a = av_fetch(inc, i, 0), **b = av_fetch(s->inc, i, 0);
        same = a && b && (SvROK(*a) ? SvROK(*b) && SvRV(*a) == SvRV(*b) : sv_eq_flags(*a, *b, 0));
    }
    if (!same) { av_clear(inc); for (i = 0; i <= AvFILL(s->inc); i++) { SV **b = av_fetch(s->inc, i, 0); av_push(inc, newSVsv(*b)); } }
    SvREFCNT_dec((SV *)s->inc);
    sv_setsv_mg(get_sv("/", GV_ADD), s->rs);
    SvREFCNT_dec(s->rs);
    free(s);
}
