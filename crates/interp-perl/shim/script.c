/* A script of ModPerl::Registry that has run before runs again at once, where all steps of its class are those of
 * lib/ModPerl/RegistryCooker.pm, which calls this, and keeps in %ModPerl::RegistryCooker::KNOWN what is looked up here. */
#include "shim.h"
#define KNOWN "ModPerl::RegistryCooker::KNOWN"
enum { K_GENERATION, K_STASH, K_VERSIONS, K_SCRIPTS, K_KEY, K_STATUS };     /* what is known of a class; RegistryCooker.pm has them in this order */
enum { S_CODE, S_ENTRY, S_ENDS };                                           /* of a script */

static SV *at(AV *av, SSize_t i) { return i <= AvFILLp(av) ? AvARRAY(av)[i] : NULL; }
static void *ref_at(AV *av, SSize_t i, svtype type) { SV *rv = at(av, i); return rv && SvROK(rv) && SvTYPE(SvRV(rv)) == type ? SvRV(rv) : NULL; }

/* Calls a row of ModInterp::Script, key(r, versions) or status(r), in scalar context: rows look at PL_op for that. */
static SV *row(pTHX_ CV *cv, SV *r, SV *versions) {
    dSP; SV *answer; OP scalar, *op = PL_op;
    if (!cv || !CvISXSUB(cv)) return &PL_sv_undef;
    Zero(&scalar, 1, OP);
    scalar.op_flags = OPf_WANT_SCALAR;
    PL_op = &scalar;
    PUSHMARK(SP); XPUSHs(r);
    if (versions) XPUSHs(versions);
    PUTBACK;
    CvXSUB(cv)(aTHX_ cv);
    PL_op = op;
    SPAGAIN; answer = POPs; PUTBACK;
    return answer;
}
static AV *class_known(pTHX_ mp_interp *me, SV *class) {
    HE *he; AV *known; HV *stash; SV *generation;
    if ((void *)me->perl != MP_THX) return NULL;        /* a thread of the script's has the record of another interpreter */
    if (!me->known) {
        GV *gv = gv_fetchpvs(KNOWN, 0, SVt_PVHV);
        if (!gv || !isGV_with_GP(gv)) return NULL;
        me->known = (GV *)SvREFCNT_inc_simple_NN((SV *)gv);
    }
    if (!GvHV(me->known) || !(he = hv_fetch_ent(GvHV(me->known), class, 0, 0)) || !SvROK(HeVAL(he)) || SvTYPE(SvRV(HeVAL(he))) != SVt_PVAV) return NULL;
    known = (AV *)SvRV(HeVAL(he));
    stash = ref_at(known, K_STASH, SVt_PVHV);
    generation = at(known, K_GENERATION);
    return stash && MP_HAS_NAME(stash) && generation && SvUV(generation) == mp_generation(aTHX_ stash) ? known : NULL;
}
/* The script of a request, if it is known. It is no more once the table of what is cached has lost its entry, or that its time. */
static AV *script_known(pTHX_ AV *known, SV *r) {
    HV *scripts = ref_at(known, K_SCRIPTS, SVt_PVHV), *entry; SV *key, *versions = at(known, K_VERSIONS); HE *he; AV *script;
    if (!scripts || !versions) return NULL;
    key = row(aTHX_ ref_at(known, K_KEY, SVt_PVCV), r, versions);
    if (!SvPOK(key) || !(he = hv_fetch_ent(scripts, key, 0, 0)) || !SvROK(HeVAL(he))) return NULL;
    script = (AV *)SvRV(HeVAL(he));
    entry = ref_at(script, S_ENTRY, SVt_PVHV);
    return entry && SvREFCNT(entry) > 1 && hv_exists(entry, "mtime", 5) ? script : NULL;
}
/* What is to be done when the script has an error, END blocks, or is in a process that it has forked: in Perl. */
static IV ended(pTHX_ SV *class, AV *script, SV *r) {
    dSP; IV status;
    ENTER; PUSHMARK(SP); EXTEND(SP, 4);
    PUSHs(class); PUSHs(sv_2mortal(newRV_inc((SV *)script))); PUSHs(r); PUSHs(boolSV(mi_is_forked())); PUTBACK;
    call_pv("ModPerl::RegistryCooker::_ended", G_SCALAR);
    SPAGAIN; status = POPi; PUTBACK; LEAVE;
    return status;
}
/* Runs a known script, as default_handler does; 0 with the status for httpd in *status if it is known. */
static int again(pTHX_ SV *class, SV *r, IV *status) {
    AV *known = class_known(aTHX_ MP_ME, class), *script, *ends; CV *code; SV *err, *set;
    dSP;
    if (!known || !(script = script_known(aTHX_ known, r)) || !(code = ref_at(script, S_CODE, SVt_PVCV))) return -1;
    SvREFCNT_inc_simple_void_NN((SV *)known); sv_2mortal((SV *)known);      /* the script may have its class forgotten */
    SvREFCNT_inc_simple_void_NN((SV *)script); sv_2mortal((SV *)script);
    ENTER; PUSHMARK(SP); XPUSHs(r); PUTBACK;
    call_sv((SV *)code, G_VOID | G_DISCARD | G_EVAL);
    LEAVE;
    err = ERRSV; ends = ref_at(script, S_ENDS, SVt_PVAV);
    if (LIKELY((!ends || AvFILLp(ends) < 0) && !mi_is_forked() && ((!SvROK(err) && !SvTRUE_NN(err)) || mp_is_exit(aTHX_ err)))) *status = 0;
    else *status = ended(aTHX_ class, script, r);
    set = row(aTHX_ ref_at(known, K_STATUS, SVt_PVCV), r, NULL);
    if (!*status) *status = SvIV(set);
    return 0;
}
/* ModInterp::script_again($class, $r): the status, or undef if the script is not known. */
XS_EXTERNAL(mp_xs_script_again) {
    dXSARGS; IV status;
    if (items != 2) croak("usage: ModInterp::script_again(class, r)");
    if (again(aTHX_ ST(0), ST(1), &status)) XSRETURN_UNDEF;
    ST(0) = sv_2mortal(newSViv(status));
    XSRETURN(1);
}
/* The sub `handler` of a class, called on the class or as a plain function. */
XS_EXTERNAL(mp_xs_script_handler) {
    dXSARGS; IV status; SV *class, *r; I32 n;
    if (items < 1) croak("usage: handler([class], r)");
    class = items > 1 ? ST(0) : sv_2mortal(newSVpv(HvNAME(GvSTASH(CvGV(cv))), 0));
    r = items > 1 ? ST(1) : ST(0);
    if (LIKELY(!again(aTHX_ class, r, &status))) {
        ST(0) = sv_2mortal(newSViv(status));
        XSRETURN(1);
    }
    SP -= items; PUSHMARK(SP); EXTEND(SP, 2); PUSHs(class); PUSHs(r); PUTBACK;
    n = call_pv("ModPerl::RegistryCooker::_handler", G_SCALAR);
    SPAGAIN;
    XSRETURN(n);
}
/* ModInterp::script_handler($class): makes that sub. */
XS_EXTERNAL(mp_xs_make_script_handler) {
    dXSARGS; CV *made;
    if (items != 1) croak("usage: ModInterp::script_handler(class)");
    made = newXS(SvPV_nolen(sv_2mortal(newSVpvf("%" SVf "::handler", SVfARG(ST(0))))), mp_xs_script_handler, "mod_interp");
    CvMETHOD_on(made);
    XSRETURN_EMPTY;
}
