/* A script of ModPerl::Registry that has run before runs again at once, where all steps of its class are those of
 * lib/ModPerl/RegistryCooker.pm, which calls this, and keeps in %ModPerl::RegistryCooker::KNOWN what is looked up here. One of
 * ModPerl::PerlRun is compiled again at once, from the text that was made of it. */
#include "shim.h"
#define KNOWN "ModPerl::RegistryCooker::KNOWN"
enum { K_GENERATION, K_STASH, K_VERSION, K_SCRIPTS, K_KEY, K_STATUS, K_EVALUATE, K_LOADED, K_EXITS };   /* what is known of a class; RegistryCooker.pm has them in this order */
enum { S_CODE, S_ENTRY, S_ENDS, S_PACKAGE, S_STASH, S_TEXT, S_NAME, S_DATA };   /* of a script; S_STASH, S_TEXT and S_DATA of one that is compiled each time */

static SV *at(AV *av, SSize_t i) { return i <= AvFILLp(av) ? AvARRAY(av)[i] : NULL; }
static SV *set_at(AV *av, SSize_t i) { SV *sv = at(av, i); return sv && SvOK(sv) ? sv : NULL; }
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
/* The script of a request, if it is known. One of Registry is no more once the table of what is cached has lost its entry, or that its time. */
static AV *script_known(pTHX_ AV *known, SV *r) {
    HV *scripts = ref_at(known, K_SCRIPTS, SVt_PVHV), *entry; SV *key, *version = at(known, K_VERSION); HE *he; AV *script;
    if (!scripts || !version) return NULL;
    key = row(aTHX_ ref_at(known, K_KEY, SVt_PVCV), r, version);
    if (!SvPOK(key) || !(he = hv_fetch_ent(scripts, key, 0, 0)) || !SvROK(HeVAL(he))) return NULL;
    script = (AV *)SvRV(HeVAL(he));
    if (set_at(script, S_TEXT)) return script;
    entry = ref_at(script, S_ENTRY, SVt_PVHV);
    return entry && SvREFCNT(entry) > 1 && hv_exists(entry, "mtime", 5) ? script : NULL;
}
/* Calls a sub of RegistryCooker.pm that does what is seldom to be done: sub($class, \@script, $r, $more). Returns its status. */
static IV seldom(pTHX_ const char *sub, SV *class, AV *script, SV *r, SV *more) {
    dSP; IV status;
    ENTER; PUSHMARK(SP); EXTEND(SP, 4);
    PUSHs(class); PUSHs(sv_2mortal(newRV_inc((SV *)script))); PUSHs(r); PUSHs(more); PUTBACK;
    call_pv(sub, G_SCALAR);
    SPAGAIN; status = POPi; PUTBACK; LEAVE;
    return status;
}
static void *hold(pTHX_ void *sv) { return sv ? sv_2mortal(SvREFCNT_inc_simple_NN((SV *)sv)) : NULL; }

/* The package of a script, as long as it is the one by its name. */
static HV *package_of(pTHX_ AV *script) {
    HV *stash = ref_at(script, S_STASH, SVt_PVHV);
    return stash && HvENAME_HEK(stash) ? stash : gv_stashsv(at(script, S_PACKAGE), 0);
}
static CV *handler_of(pTHX_ HV *stash) {
    SV **found = stash ? hv_fetchs(stash, "handler", 0) : NULL;
    if (!found) return NULL;
    if (isGV_with_GP(*found)) return GvCV((GV *)*found);
    return SvROK(*found) && SvTYPE(SvRV(*found)) == SVt_PVCV ? (CV *)SvRV(*found) : NULL;
}
/* Compiles a script of PerlRun into its empty package. NULL: it cannot be compiled, and $@ has the reason. */
static CV *compiled(pTHX_ AV *known, AV *script) {
    SV *evaluate = ref_at(known, K_EVALUATE, SVt_PVCV), *data = at(script, S_DATA), *err; AV *ends = ref_at(script, S_ENDS, SVt_PVAV);
    if (!evaluate) return NULL;
    if (ends) av_clear(ends);
    if (data && SvOK(data)) sv_setsv(get_sv(SvPV_nolen(sv_2mortal(newSVpvf("%" SVf "::__DATA__", SVfARG(at(script, S_PACKAGE))))), GV_ADD), data);
    { dSP; PUSHMARK(SP); XPUSHs(sv_2mortal(newRV_inc(at(script, S_TEXT)))); PUTBACK; }
    call_sv(evaluate, G_VOID | G_DISCARD);
    err = ERRSV;
    return SvROK(err) || SvTRUE_NN(err) ? NULL : handler_of(aTHX_ package_of(aTHX_ script));
}
/* The names that %INC has, as RegistryCooker.pm has counted them when last they had changed. */
static HV *loaded_now(pTHX_ AV *known) {
    SV *names = ref_at(known, K_LOADED, SVt_IV);
    if (!names || !SvROK(names)) return NULL;
    if (HvUSEDKEYS((HV *)SvRV(names)) != HvUSEDKEYS(GvHVn(PL_incgv))) {
        dSP;
        PUSHMARK(SP);
        call_pv("ModPerl::RegistryCooker::_loaded", G_VOID | G_DISCARD);
    }
    return (HV *)SvRV(names);
}
/* Runs the sub of a script. */
static void run(pTHX_ CV *code, SV *name, SV *r) {
    ENTER;
    if (name) {                                     /* local $0, without the call by which perl renames the process */
        GV *gv = gv_fetchpvs("0", GV_ADD, SVt_PV);
        save_gp(gv, 1);
        sv_setsv(GvSVn(gv), name);
    }
    { dSP; PUSHMARK(SP); XPUSHs(r); PUTBACK; }
    call_sv((SV *)code, G_VOID | G_DISCARD | G_EVAL);
    LEAVE;
}
/* Empties the package of a script of PerlRun. What is seldom to be done is done in Perl: closing its handles, and forgetting files that it has required. */
static void emptied(pTHX_ AV *script, HV *loaded) {
    HV *stash = package_of(aTHX_ script); AV *open = stash ? mp_empty_package(aTHX_ stash) : NULL;
    if (open || !loaded || HvUSEDKEYS(loaded) != HvUSEDKEYS(GvHVn(PL_incgv))) {
        dSP;
        PUSHMARK(SP); EXTEND(SP, 2);
        PUSHs(loaded ? sv_2mortal(newRV_inc((SV *)loaded)) : &PL_sv_undef); PUSHs(open ? sv_2mortal(newRV_inc((SV *)open)) : &PL_sv_undef); PUTBACK;
        call_pv("ModPerl::RegistryCooker::_tidied", G_VOID | G_DISCARD);
    }
}
/* Whether this is an exit after which nothing is to be done. */
static int is_plain_exit(pTHX_ AV *known, SV *err) {
    SV *counts = at(known, K_EXITS);
    return mp_is_exit(aTHX_ err) && !(counts && SvTRUE_NN(counts) && MP_ME->exit_status);
}
/* What default_handler does with a script that is known; 0 with the status for httpd in *status if it is. */
static int again(pTHX_ SV *class, SV *r, IV *status) {
    AV *known = class_known(aTHX_ MP_ME, class), *script, *ends; CV *code; SV *err, *set; HV *loaded = NULL; int each_time;
    if (!known || !(script = script_known(aTHX_ known, r))) return -1;
    hold(aTHX_ known); hold(aTHX_ script);          /* the script may have its class forgotten */
    each_time = set_at(script, S_TEXT) != NULL;
    code = hold(aTHX_ each_time ? compiled(aTHX_ known, script) : ref_at(script, S_CODE, SVt_PVCV));
    if (!code && !each_time) return -1;
    if (!code) *status = seldom(aTHX_ "ModPerl::RegistryCooker::_not_compiled", class, script, r, &PL_sv_undef);
    else {
        if (each_time) loaded = hold(aTHX_ loaded_now(aTHX_ known));
        run(aTHX_ code, set_at(script, S_NAME), r);
        err = ERRSV; ends = ref_at(script, S_ENDS, SVt_PVAV);
        if (LIKELY((!ends || AvFILLp(ends) < 0) && !mi_is_forked() && ((!SvROK(err) && !SvTRUE_NN(err)) || is_plain_exit(aTHX_ known, err)))) *status = 0;
        else *status = seldom(aTHX_ "ModPerl::RegistryCooker::_ended", class, script, r, boolSV(mi_is_forked()));
        if (each_time) emptied(aTHX_ script, loaded);
    }
    set = row(aTHX_ ref_at(known, K_STATUS, SVt_PVCV), r, NULL);
    if (!*status && SvOK(set)) *status = SvIV(set);
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
    SP = PL_stack_base + ax - 1; PUSHMARK(SP); EXTEND(SP, 2); PUSHs(class); PUSHs(r); PUTBACK;
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
/* ModInterp::exit_status(): what the last exit of a script said. */
XS_EXTERNAL(mp_xs_exit_status) {
    dXSARGS;
    PERL_UNUSED_VAR(items);
    SP -= items; EXTEND(SP, 1);
    ST(0) = sv_2mortal(newSViv(MP_ME->exit_status));
    XSRETURN(1);
}
