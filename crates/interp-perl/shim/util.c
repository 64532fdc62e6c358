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

/* ModInterp::generation($class): a number that changes whenever what a method's name means for the class may have; undef of no class. */
XS_EXTERNAL(mp_xs_generation) {
    dXSARGS; HV *stash;
    if (items != 1) croak("usage: ModInterp::generation(class)");
    stash = gv_stashsv(ST(0), 0);
    ST(0) = stash && MP_HAS_NAME(stash) ? sv_2mortal(newSVuv(mp_generation(aTHX_ stash))) : &PL_sv_undef;
    XSRETURN(1);
}

/* ModInterp::forget_sub(\*glob): the glob has no sub any more. The sub itself lives on where others hold it. For unload_package. */
XS_EXTERNAL(mp_xs_forget_sub) {
    dXSARGS; GV *gv = items == 1 && SvROK(ST(0)) ? (GV *)SvRV(ST(0)) : NULL; CV *sub;
    if (!gv || !isGV_with_GP(gv)) croak("usage: ModInterp::forget_sub(glob)");
    if ((sub = GvCV(gv))) {
        GvCV_set(gv, NULL);
        GvCVGEN(gv) = 0;
        if (GvSTASH(gv)) mro_method_changed_in(GvSTASH(gv));
        SvREFCNT_dec((SV *)sub);
    }
    XSRETURN_EMPTY;
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
/* Whether @INC is what `copy` remembers. A copy shares its text with the original until one of them changes. */
static int same_inc(pTHX_ AV *inc, AV *copy) {
    SSize_t i;
    if (SvMAGICAL(inc) || AvFILLp(inc) != AvFILLp(copy)) return 0;
    for (i = 0; i <= AvFILLp(inc); i++) {
        SV *a = AvARRAY(inc)[i], *b = AvARRAY(copy)[i];
        if (!a || SvGMAGICAL(a)) return 0;
        if (SvROK(a) || SvROK(b)) { if (!SvROK(a) || !SvROK(b) || SvRV(a) != SvRV(b)) return 0; continue; }
        if (!SvPOK(a) || !SvPOK(b) || SvCUR(a) != SvCUR(b) || (SvPVX_const(a) != SvPVX_const(b) && memNE(SvPVX_const(a), SvPVX_const(b), SvCUR(a)))) return 0;
    }
    return 1;
}
static AV *copy_inc(pTHX_ AV *inc) {
    AV *copy = newAV(); SSize_t i;
    for (i = 0; i <= AvFILL(inc); i++) { SV **p = av_fetch(inc, i, 0); av_push(copy, p ? newSVsv(*p) : newSV(0)); }
    return copy;
}
static int is_newline(SV *sv) { return sv && SvPOK(sv) && SvCUR(sv) == 1 && *SvPVX_const(sv) == '\n'; }
/* Remembers @INC and $/. The copy of @INC is kept for the next response, since @INC seldom changes. */
void *mp_globals_save(mp_interp *me) {
    dTHXa(me->perl); saved *s = calloc(1, sizeof *s); AV *inc = GvAVn(PL_incgv);
    if (!s) return NULL;
    if (!me->inc || !same_inc(aTHX_ inc, me->inc)) { SvREFCNT_dec((SV *)me->inc); me->inc = copy_inc(aTHX_ inc); }
    s->inc = (AV *)SvREFCNT_inc_simple_NN((SV *)me->inc);
    s->rs = is_newline(PL_rs) ? NULL : newSVsv(PL_rs);
    if (!PL_endav) PL_endav = newAV();
    s->had_aside = SvSMAGICAL(PL_endav) != 0;
    if (!mg_findext((SV *)PL_endav, PERL_MAGIC_ext, &end_magic)) sv_magicext((SV *)PL_endav, NULL, PERL_MAGIC_ext, &end_magic, NULL, 0);
    SvSMAGICAL_on((SV *)PL_endav);
    return s;
}
void mp_globals_restore(mp_interp *me, void *p) {
    dTHXa(me->perl); saved *s = p; AV *inc = GvAVn(PL_incgv); SSize_t i;
    if (!s) return;
    if (PL_endav && !s->had_aside) SvSMAGICAL_off((SV *)PL_endav);
    if (!same_inc(aTHX_ inc, s->inc)) {
        av_clear(inc);
        for (i = 0; i <= AvFILLp(s->inc); i++) av_push(inc, newSVsv(AvARRAY(s->inc)[i]));
    }
    SvREFCNT_dec((SV *)s->inc);
    if (s->rs || !is_newline(PL_rs)) {
        SV *rs = s->rs ? s->rs : newSVpvs("\n");
        sv_setsv_mg(get_sv("/", GV_ADD), rs);
        SvREFCNT_dec(rs);
    }
    free(s);
}
