/* Binds the rows of a module when it is loaded, and compiles constants when they are imported. The XSUBs are called by lib/. Called by
 * src/bind.rs. */
#include "shim.h"
#include "bind.h"

const mi_rust *mp_rust;
int mp_cxt_index = -1;
#ifndef USE_ITHREADS
mp_interp *mp_only;
#endif
void (*mp_when_bound)(pTHX_ const mp_bound *b);

const mp_bound *mp_rows; size_t mp_nrows;
static const mp_const *mp_consts; static size_t mp_nconsts;

/* Before any interpreter. */
void mp_tables(const mi_rust *rust, const mp_bound *rows, size_t nrows, const mp_const *consts, size_t nconsts) {
    mp_rust = rust;
    mp_rows = rows; mp_nrows = nrows; mp_consts = consts; mp_nconsts = nconsts;
    mp_tie_init();
    mp_layer_init();
}

/* ModInterp::bind($module): the number of its rows. */
XS_EXTERNAL(mp_xs_bind) {
    dXSARGS;
    const char *module; size_t i; IV n = 0;
    if (items != 1) croak("usage: ModInterp::bind(module)");
    module = SvPV_nolen_const(ST(0));
    for (i = 0; i < mp_nrows; i++) {
        const mp_bound *b = mp_rows + i;
        CV *cv;
        if (strNE(b->module, module)) continue;
        n++;
        if ((cv = get_cv(b->name, 0)) && CvISXSUB(cv) && CvXSUB(cv) == mp_xsub) continue;
        cv = newXS(b->name, mp_xsub, "mod_interp");
        CvXSUBANY(cv).any_ptr = (void *)b->row;
        if (mp_when_bound) mp_when_bound(aTHX_ b);
        if (b->isa) {
            SV *isa = newSVpv(b->isa, 0), *name = sv_2mortal(newSVpvf("%s::ISA", b->package));
            if (sv_derived_from(sv_2mortal(newSVpv(b->package, 0)), b->isa)) SvREFCNT_dec(isa);
            else { AV *av = get_av(SvPV_nolen(name), GV_ADD); av_push(av, isa); SvSETMAGIC((SV *)av); }
        }
    }
    ST(0) = sv_2mortal(newSViv(n));
    XSRETURN(1);
}

/* A name that in a package of the caller's would stand in the way of its END blocks: it is APR::Const::END only. */
static int is_block(const mp_const *c) { return strEQ(c->name, "END"); }

/* The constant as a sub of its package, made at its first use and inlined from then on. */
static CV *constant(pTHX_ const mp_const *c) {
    HV *stash = gv_stashpv(c->package, GV_ADD);
    GV *gv = gv_fetchmeth_pv(stash, c->name, -1, 0);
    if (gv && GvCV(gv) && GvSTASH(gv) == stash) return GvCV(gv);
    if (is_block(c)) {                                  /* perl would run a sub of this name, and forget it */
        CV *cv = newCONSTSUB(stash, NULL, newSViv((IV)c->number));
        gv = gv_fetchsv(sv_2mortal(newSVpvf("%s::%s", c->package, c->name)), GV_ADDMULTI, SVt_PVCV);
        GvCV_set(gv, cv);
        GvCVGEN(gv) = 0;
        mro_method_changed_in(stash);
        return cv;
    }
    return newCONSTSUB(stash, c->name, c->text ? newSVpvn(c->text, c->text_len) : newSViv((IV)c->number));
}
static void export_(pTHX_ HV *to, const char *name, CV *cv) {
    SV *full = sv_2mortal(newSVpvf("%s::%s", HvNAME(to), name));
    GV *gv = gv_fetchsv(full, GV_ADDMULTI, SVt_PVCV);
    if (GvCV(gv) == cv) return;
    SvREFCNT_dec(GvCV(gv));
    GvCV_set(gv, (CV *)SvREFCNT_inc_simple_NN((SV *)cv));
    GvIMPORTED_CV_on(gv); GvCVGEN(gv) = 0;
    mro_method_changed_in(to);
}
/* Class->compile($into, @names): $into is a package, or "-compile", which keeps names out of the caller. */
XS_EXTERNAL(mp_xs_const) {
    dXSARGS;
    const char *klass, *arg, *package; HV *to; int i;
    if (items < 2) croak("usage: %s->compile(package, names)", items ? SvPV_nolen_const(ST(0)) : "ModPerl::Const");
    klass = SvPV_nolen_const(ST(0));
    arg = SvPV_nolen_const(ST(1));
    to = *arg == '-' ? NULL : gv_stashpv(arg, GV_ADD);
    package = strnEQ(klass, "APR", 3) ? "APR::Const" : strnEQ(klass, "Apache2", 7) ? "Apache2::Const" : "ModPerl";
    for (i = 2; i < items; i++) {
        const char *name = SvPV_nolen_const(ST(i)); size_t k; int found = 0, group = *name == ':';
        if (group || *name == '&') name++;
        for (k = 0; k < mp_nconsts; k++) {
            const mp_const *c = mp_consts + k;
            if (strNE(c->package, package) || strNE(group ? c->group : c->name, name)) continue;
            found = 1;
            { CV *cv = constant(aTHX_ c); if (to && cv && !is_block(c)) export_(aTHX_ to, c->name, cv); }
            if (!group) break;
        }
        if (!found) croak(group ? "unknown %s group `%s'" : "unknown %s constant %s", package, name);
    }
    XSRETURN_EMPTY;
}
