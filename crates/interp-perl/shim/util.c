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

/* ---- ModPerl::Util::unload_package ---- */

/* Gives the glob a new variable of a kind, unless it has one that nobody else has and that has nothing in it. */
static void renew(pTHX_ GV *gv, SV *old, int in_use, svtype type) {
    SV *rv;
    if (!old || !(in_use || SvMAGICAL(old) || SvREFCNT(old) > 1)) return;
    rv = newRV_noinc(newSV_type(type));
    sv_setsv((SV *)gv, rv);
    SvREFCNT_dec_NN(rv);
}
static int is_isa(GV *gv) { return GvNAMELEN(gv) == 3 && memEQs(GvNAME(gv), 3, "ISA"); }
/* Empties the variables of a glob. One that shares all with a glob of another name is let alone from it. */
static void empty_variables(pTHX_ GV *gv) {
    GP *gp; SV *sv = GvSV(gv); HV *hv = GvHV(gv); AV *av = GvAV(gv);
    GvIMPORTED_off(gv);
    if (GvGP(gv)->gp_refcnt > 1) {                      /* as undef *glob does */
        gp_free(gv);
        Newxz(gp, 1, GP);
        GvGP_set(gv, gp_ref(gp));
        GvEGV(gv) = gv;
        GvMULTI_on(gv);
        return;
    }
    renew(aTHX_ gv, (SV *)hv, hv && HvUSEDKEYS(hv), SVt_PVHV);
    if (!is_isa(gv)) renew(aTHX_ gv, (SV *)av, av && AvFILLp(av) >= 0, SVt_PVAV);
    renew(aTHX_ gv, sv, sv && SvOK(sv), SVt_NULL);
}
/* Its sub, its format, and what classes the package is of. */
static void empty_code(pTHX_ GV *gv) {
    CV *sub;
    if (is_isa(gv)) renew(aTHX_ gv, (SV *)GvAV(gv), GvAV(gv) != NULL, SVt_PVAV);
    if ((sub = GvCV(gv))) {
        GvCV_set(gv, NULL);
        GvCVGEN(gv) = 0;
        SvREFCNT_dec_NN((SV *)sub);
    }
    if ((sub = GvFORM(gv))) {
        GvFORM(gv) = NULL;
        SvREFCNT_dec_NN((SV *)sub);
    }
    GvIMPORTED_off(gv);                                 /* an assignment to the glob, above, is like an import */
}
/* Empties the variables and subs of a package. Returns its globs that have a handle, which is Perl's to close; NULL if there are none. */
AV *mp_empty_package(pTHX_ HV *stash) {
    AV *all = (AV *)sv_2mortal((SV *)newAV()), *open = NULL; HE *he; SSize_t i;
    hv_iterinit(stash);
    while ((he = hv_iternext(stash))) {                 /* what is freed may run code, which may change the package: so first of all its names */
        STRLEN n; const char *name = HePV(he, n);
        if (n > 1 && name[n - 2] == ':' && name[n - 1] == ':') continue;
        av_push(all, isGV_with_GP(HeVAL(he)) ? SvREFCNT_inc_simple_NN(HeVAL(he)) : newSVhek(HeKEY_hek(he)));
    }
    for (i = 0; i <= AvFILLp(all); i++)                 /* objects are destroyed while their subs are still there */
        if (isGV_with_GP(AvARRAY(all)[i])) empty_variables(aTHX_ (GV *)AvARRAY(all)[i]);
    for (i = 0; i <= AvFILLp(all); i++) {
        SV *each = AvARRAY(all)[i];
        if (!isGV_with_GP(each)) { (void)hv_delete_ent(stash, each, G_DISCARD, 0); continue; }      /* a sub or constant that has no glob */
        empty_code(aTHX_ (GV *)each);
        if (!GvIO((GV *)each)) continue;
        if (!open) open = (AV *)sv_2mortal((SV *)newAV());
        av_push(open, newRV_inc(each));
    }
    if (HvENAME_HEK(stash)) mro_method_changed_in(stash);
    return open;
}
/* ModInterp::empty_package($package): references to its globs that have a handle. */
XS_EXTERNAL(mp_xs_empty_package) {
    dXSARGS; HV *stash; AV *open; SSize_t i;
    if (items != 1) croak("usage: ModInterp::empty_package(package)");
    stash = gv_stashsv(ST(0), 0);
    open = stash ? mp_empty_package(aTHX_ stash) : NULL;
    SP = PL_stack_base + ax - 1;
    for (i = 0; open && i <= AvFILLp(open); i++) XPUSHs(AvARRAY(open)[i]);
    PUTBACK;
}

/* ---- what a perl-script response may change and the next must not see: @INC and $/. END blocks that are compiled meanwhile in
 * a package of %ModInterp::END go there (lib/ModPerl/Global.pm); all others wait for the interpreter's end. ---- */
typedef struct { AV *inc; SV *rs; int had_aside; } mp_saved;
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
/* Whether @INC is what `copy` remembers. */
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
    for (i = 0; i <= AvFILL(inc); i++) {
        SV **p = av_fetch(inc, i, 0);
        av_push(copy, p ? newSVsv(*p) : newSV(0));
    }
    return copy;
}
static int is_newline(SV *sv) { return sv && SvPOK(sv) && SvCUR(sv) == 1 && *SvPVX_const(sv) == '\n'; }
/* Remembers @INC and $/. The copy of @INC is kept for the next response, since @INC seldom changes. */
void mp_globals_save(mp_interp *me, mp_saved *s) {
    dTHXa(me->perl); AV *inc = GvAVn(PL_incgv);
    if (!me->inc || !same_inc(aTHX_ inc, me->inc)) { SvREFCNT_dec((SV *)me->inc); me->inc = copy_inc(aTHX_ inc); }
    s->inc = (AV *)SvREFCNT_inc_simple_NN((SV *)me->inc);
    s->rs = is_newline(PL_rs) ? NULL : newSVsv(PL_rs);
    if (!PL_endav) PL_endav = newAV();
    s->had_aside = SvSMAGICAL(PL_endav) != 0;
    if (!mg_findext((SV *)PL_endav, PERL_MAGIC_ext, &end_magic)) sv_magicext((SV *)PL_endav, NULL, PERL_MAGIC_ext, &end_magic, NULL, 0);
    SvSMAGICAL_on((SV *)PL_endav);
}
void mp_globals_restore(mp_interp *me, mp_saved *s) {
    dTHXa(me->perl); AV *inc = GvAVn(PL_incgv); SSize_t i;
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
}
