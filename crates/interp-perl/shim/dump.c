/* What an exception without text holds, for the log. Called by guard.c. No code of the script runs: no overloading, no ties. */
#include "shim.h"

enum { DEEP = 3, MANY = 20, LONG = 200, MOST = 2000 };

static void dump(pTHX_ SV *out, SV *sv, int depth);

static void text(pTHX_ SV *out, SV *sv) {
    STRLEN n; const char *s; SV *shown;
    if (SvIOK(sv) && !SvPOK(sv)) { sv_catpvf(out, "%" IVdf, SvIVX(sv)); return; }
    if (SvNOK(sv) && !SvPOK(sv)) { sv_catpvf(out, "%" NVgf, SvNVX(sv)); return; }
    if (!SvPOK(sv)) { sv_catpv(out, SvOK(sv) ? "?" : "undef"); return; }
    s = SvPVX_const(sv); n = SvCUR(sv);
    shown = sv_newmortal();
    pv_pretty(shown, s, n, LONG, NULL, NULL, PERL_PV_PRETTY_QUOTE | PERL_PV_PRETTY_ELLIPSES | (SvUTF8(sv) ? PERL_PV_ESCAPE_UNI : 0));
    sv_catsv(out, shown);
}
static void array(pTHX_ SV *out, AV *av, int depth) {
    SSize_t i;
    sv_catpvs(out, "[");
    for (i = 0; i <= AvFILLp(av) && i < MANY && SvCUR(out) < MOST; i++) {
        if (i) sv_catpvs(out, ", ");
        dump(aTHX_ out, AvARRAY(av)[i] ? AvARRAY(av)[i] : &PL_sv_undef, depth);
    }
    sv_catpv(out, i <= AvFILLp(av) ? ", ...]" : "]");
}
static void hash(pTHX_ SV *out, HV *hv, int depth) {
    AV *keys = (AV *)sv_2mortal((SV *)newAV()); HE *he; SSize_t i;
    hv_iterinit(hv);
    while ((he = hv_iternext(hv)) && AvFILLp(keys) < 1000) av_push(keys, newSVsv(hv_iterkeysv(he)));
    sortsv(AvARRAY(keys), AvFILLp(keys) + 1, Perl_sv_cmp);
    sv_catpvs(out, "{");
    for (i = 0; i <= AvFILLp(keys) && i < MANY && SvCUR(out) < MOST; i++) {
        SV *key = AvARRAY(keys)[i]; HE *value = hv_fetch_ent(hv, key, 0, 0);
        sv_catpvf(out, "%s%" SVf " => ", i ? ", " : "", SVfARG(key));
        dump(aTHX_ out, value ? HeVAL(value) : &PL_sv_undef, depth);
    }
    sv_catpv(out, i <= AvFILLp(keys) ? ", ...}" : "}");
}
static void dump(pTHX_ SV *out, SV *sv, int depth) {
    SV *to; int blessed;
    if (!SvROK(sv)) { text(aTHX_ out, sv); return; }
    to = SvRV(sv);
    if ((blessed = SvOBJECT(to))) sv_catpvf(out, "%s=", sv_reftype(to, 1));
    if (depth >= DEEP) sv_catpvs(out, "...");
    else if (SvTYPE(to) == SVt_PVHV && !SvRMAGICAL(to)) hash(aTHX_ out, (HV *)to, depth + 1);
    else if (SvTYPE(to) == SVt_PVAV && !SvRMAGICAL(to)) array(aTHX_ out, (AV *)to, depth + 1);
    else if (SvTYPE(to) < SVt_PVAV && !SvGMAGICAL(to) && !isREGEXP(to)) { sv_catpvs(out, "\\"); dump(aTHX_ out, to, depth + 1); }
    else sv_catpv(out, sv_reftype(to, 0));
}
/* Whether an exception says itself what it is: it is no reference, or an object whose class turns it into text. That a class is
 * marked as overloaded (SvAMAGIC) does not say so: perl marks each class that gets a sub, until it has looked. */
int mp_has_text(pTHX_ SV *sv) {
    HV *stash;
    if (!SvROK(sv)) return 1;
    if (!SvOBJECT(SvRV(sv)) || !SvAMAGIC(sv)) return 0;
    stash = SvSTASH(SvRV(sv));
    return gv_fetchmeth_pvn(stash, "(\"\"", 3, -1, 0) || gv_fetchmeth_pvn(stash, "(0+", 3, -1, 0) || gv_fetchmeth_pvn(stash, "(bool", 5, -1, 0);
}
/* ModInterp::shown($value): what the log shows of a value that was raised. Called by lib/ModPerl/RegistryCooker.pm. */
XS_EXTERNAL(mp_xs_shown) {
    dXSARGS;
    if (items != 1) croak("usage: ModInterp::shown(value)");
    if (!mp_has_text(aTHX_ ST(0))) ST(0) = sv_2mortal(mp_dump(aTHX_ ST(0)));
    XSRETURN(1);
}
SV *mp_dump(pTHX_ SV *sv) {
    SV *out = newSVpvs("");
    dump(aTHX_ out, sv, 0);
    return out;
}
