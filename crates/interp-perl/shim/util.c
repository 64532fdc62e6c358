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

/* ---- what a perl-script response may change and the next must not see: @INC and $/. END blocks that are compiled meanwhile in
 * a package of %ModInterp::END go there (lib/ModPerl/Global.pm); all others wait for the interpreter's end. ---- */
typedef struct { AV *inc; SV *rs; int had_aside; } saved;
static int end_set(pTHX_ SV *sv, MAGIC *mg) {           /* perl has just put an END block in front */
    HV *aside = get_hv("ModInterp::END", 0); AV *end = (AV *)sv; const char *package = PL_curstash ? HvNAME(PL_curstash) : NULL;
    SV **list, *cv;
    PERL_UNUSED_ARG(mg);
    if (!aside || !package || AvFILLp(end) < 0) return 0;
    list = hv_fetch(aside, package, HvNAMELEN_get(PL_curstash), 0);
    if (!list || !SvROK(*list) || SvTYPE(SvRV(*list)) != SVt_PVAV) return 0;
    SvSMAGICAL_off(sv);
    cv = av_shift(end);
    SvSMAGICAL_on(sv);
    av_push((AV *)SvRV(*list), newRV_noinc(cv));
    return 0;
}
static const MGVTBL end_magic = { NULL, end_set, NULL, NULL, NULL, NULL, NULL, NULL };
void *mp_globals_save(mp_interp *me) {
    dTHXa(me->perl); saved *s = calloc(1, sizeof *s); AV *inc = GvAVn(PL_incgv); SSize_t i;
    if (!s) return NULL;
    s->inc = newAV();
    for (i = 0; i <= AvFILL(inc); i++) { SV **p = av_fetch(inc, i, 0); av_push(s->inc, p ? newSVsv(*p) : newSV(0)); }
    s->rs = newSVsv(PL_rs);
    if (!PL_endav) PL_endav = newAV();
    s->had_aside = SvSMAGICAL(PL_endav) != 0;
    if (!mg_findext((SV *)PL_endav, PERL_MAGIC_ext, &end_magic)) sv_magicext((SV *)PL_endav, NULL, PERL_MAGIC_ext, &end_magic, NULL, 0);
    SvSMAGICAL_on((SV *)PL_endav);
    return s;
}
void mp_globals_restore(mp_interp *me, void *p) {
    dTHXa(me->perl); saved *s = p; AV *inc = GvAVn(PL_incgv); SSize_t i; int same;
    if (!s) return;
    if (PL_endav && !s->had_aside) SvSMAGICAL_off((SV *)PL_endav);
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
