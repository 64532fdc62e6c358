/* Handlers: found by name once per interpreter, called by number. Called by src/call.rs. */
#include "shim.h"
#define HANDS "ModInterp::Handlers"
enum { H_CV, H_THAT, H_OBJ, H_STASH, H_NAME, H_LOAD, H_EACH };  /* the elements that @ModInterp::Handlers has for each number */

static mp_hand *hand(mp_interp *me, U32 id) {           /* the handler's place in the table, or NULL without memory */
    if (id >= me->nhands) {
        size_t n = id + 1 > me->nhands * 2 ? id + 1 : me->nhands * 2;
        mp_hand *more = realloc(me->hands, n * sizeof *more);
        if (!more) return NULL;
        memset(more + me->nhands, 0, (n - me->nhands) * sizeof *more);
        me->hands = more; me->nhands = n;
    }
    return me->hands + id;
}
static void keep(pTHX_ AV *av, U32 id, int what, SV *sv) { if (!av_store(av, id * H_EACH + what, sv)) SvREFCNT_dec(sv); }
/* Fills the table of a clone from what perl_clone mapped. */
void mp_hands_cloned(pTHX_ mp_interp *me, size_t n) {
    AV *av = get_av(HANDS, 0); size_t id;
    if (!av) return;
    for (id = 0; id < n && (SSize_t)(id * H_EACH) <= AvFILL(av); id++) {
        SV **cv = av_fetch(av, id * H_EACH, 0), **that, **obj, **stash; mp_hand *h;
        if (!cv || !SvROK(*cv) || !(h = hand(me, id))) continue;
        that = av_fetch(av, id * H_EACH + H_THAT, 0); obj = av_fetch(av, id * H_EACH + H_OBJ, 0); stash = av_fetch(av, id * H_EACH + H_STASH, 0);
        h->cv = (CV *)SvRV(*cv);
        h->that = that && SvOK(*that) ? *that : NULL;
        h->obj = obj && SvROK(*obj) ? (GV *)SvRV(*obj) : NULL;
        h->stash = stash && SvOK(*stash) ? gv_stashsv(*stash, 0) : NULL;
        if (h->stash) h->gen = mp_generation(aTHX_ h->stash);
    }
}
static CV *method(pTHX_ HV *stash, const char *name) {
    GV *gv = stash ? gv_fetchmethod(stash, name) : NULL;
    return gv && isGV(gv) && GvCV(gv) && (CvROOT(GvCV(gv)) || CvISXSUB(GvCV(gv))) ? GvCV(gv) : NULL;
}
/* Where a package was loaded from, for a message about what it lacks; "" if nothing says that. */
static const char *origin(pTHX_ const char *package, STRLEN n) {
    SV *file = sv_2mortal(newSVpvs("")); STRLEN i; HE *found;
    for (i = 0; i < n; i++) {
        if (package[i] == ':' && i + 1 < n && package[i + 1] == ':') { sv_catpvs(file, "/"); i++; }
        else sv_catpvn(file, package + i, 1);
    }
    sv_catpvs(file, ".pm");
    found = hv_fetch_ent(GvHVn(PL_incgv), file, 0, 0);
    return found && SvPOK(HeVAL(found)) ? SvPV_nolen(sv_2mortal(newSVpvf(" (%" SVf " is loaded)", SVfARG(HeVAL(found))))) : "";
}
static int has_subs(pTHX_ HV *stash) {
    HE *he; GV *gv;
    hv_iterinit(stash);
    while ((he = hv_iternext(stash))) if (SvROK(gv = (GV *)HeVAL(he)) || (isGV(gv) && GvCV(gv))) return 1;
    return 0;
}
/* What a package that is there lacks, if the name that could not be loaded is meant for a sub of that package; else "". */
static const char *lacking(pTHX_ const char *name, STRLEN n) {
    STRLEN at = n; HV *stash;
    while (at > 2 && !(name[at - 1] == ':' && name[at - 2] == ':')) at--;
    if (at <= 2 || !(stash = gv_stashpvn(name, at - 2, 0)) || !has_subs(aTHX_ stash)) return "";
    return SvPV_nolen(sv_2mortal(newSVpvf("; %.*s has no sub %.*s%s", (int)(at - 2), name, (int)(n - at), name + at, origin(aTHX_ name, at - 2))));
}
static void load(pTHX_ const char *package, STRLEN n) {
    SV *code = sv_2mortal(newSVpvs("require '")); STRLEN i;
    for (i = 0; i < n; i++) {
        if (package[i] == ':' && i + 1 < n && package[i + 1] == ':') { sv_catpvs(code, "/"); i++; }
        else if (isWORDCHAR(package[i]) || (U8)package[i] > 127) sv_catpvn(code, package + i, 1);
        else croak("\"%.*s\" is not the name of a package", (int)n, package);
    }
    sv_catpvs(code, ".pm'");
    eval_sv(code, G_DISCARD | G_VOID);
    if (SvTRUE(ERRSV)) {
        STRLEN len; const char *s = SvPV_const(ERRSV, len);
        while (len && s[len - 1] == '\n') len--;
        croak("failed to load %.*s package: %.*s%s\n", (int)n, package, (int)len, s, lacking(aTHX_ package, n));
    }
}
static int is_code(const char *name, STRLEN n) { return n > 4 && strnEQ(name, "sub", 3) && (isSPACE(name[3]) || name[3] == '{'); }
/* Finds what a handler's name stands for. It runs under mp_run, and dies with the reason if there is nothing. */
typedef struct { CV *cv; SV *that; GV *obj; HV *stash; } found_;
static found_ look_up(pTHX_ const char *name, STRLEN n, int may_load) {
    const char *arrow, *sub = "handler"; STRLEN plen; int by_class = 0;
    CV *found = NULL; GV *obj = NULL; HV *stash = NULL; found_ f = { NULL, NULL, NULL, NULL };
    if (is_code(name, n)) {                             /* text of code: it is compiled here, and must give an anonymous sub */
        dSP; SV *code = sv_2mortal(newSVpvf("package main; %.*s", (int)n, name)), *r;
        eval_sv(code, G_SCALAR);
        SPAGAIN; r = POPs; PUTBACK;
        if (SvTRUE(ERRSV)) croak_sv(sv_mortalcopy(ERRSV));
        if (!SvROK(r) || SvTYPE(SvRV(r)) != SVt_PVCV || !CvANON((CV *)SvRV(r))) croak("expected anonymous sub, got '%s'\n", name);
        found = (CV *)SvRV(r);
    } else {
        arrow = ninstr(name, name + n, "->", "->" + 2);
        plen = arrow ? (STRLEN)(arrow - name) : n;
        if (arrow) sub = arrow + 2;
        if (arrow && *name == '$') {                    /* a package variable that holds an object */
            SV *var;
            obj = gv_fetchpvn_flags(name + 1, plen - 1, 0, SVt_PV);
            var = obj && isGV(obj) ? GvSV(obj) : NULL;
            if (!var || !SvROK(var) || !sv_isobject(var)) croak("%.*s is not an object\n", (int)plen, name);
            stash = SvSTASH(SvRV(var));
        } else {
            if (!arrow) {                               /* a full sub name: a plain function, whatever its attributes */
                GV *gv = gv_fetchpvn_flags(name, n, 0, SVt_PVCV);
                CV *cv = gv && isGV(gv) ? GvCV(gv) : get_cv(name, 0);
                if (cv && (CvROOT(cv) || CvISXSUB(cv))) {
                    GV *home = isGV(gv) ? gv : CvGV(cv);
                    found = cv; stash = GvSTASH(home); sub = SvPV_nolen(sv_2mortal(newSVpvn(GvNAME(home), GvNAMELEN(home))));
                }
            }
            if (!found) {
                stash = gv_stashpvn(name, plen, 0);
                by_class = 1;
                if (!method(aTHX_ stash, sub) && may_load) load(aTHX_ name, plen);
                if (!stash) stash = gv_stashpvn(name, plen, 0);
                if (!stash) croak("there is no package %.*s%s\n", (int)plen, name, origin(aTHX_ name, plen));
            }
        }
        if (!found && !(found = method(aTHX_ stash, sub))) croak("%.*s has no sub %s%s\n", (int)plen, name, sub, origin(aTHX_ name, plen));
        if (by_class && (arrow || CvMETHOD(found))) f.that = newSVpv(HvNAME(stash), 0);
    }
    f.cv = found; f.obj = obj; f.stash = stash;
    return f;
}
/* ModInterp::resolve($id, $name, $load), under mp_run. */
XS_EXTERNAL(mp_xs_resolve) {
    dXSARGS;
    U32 id; const char *name; STRLEN n; int may_load; found_ f; mp_hand *h; AV *av;
    CV *found; SV *that; GV *obj; HV *stash;
    if (items != 3) croak("usage: ModInterp::resolve(id, name, load)");
    id = SvUV(ST(0)); name = SvPV_const(ST(1), n); may_load = SvTRUE(ST(2));
    SP -= items; PUTBACK;
    f = look_up(aTHX_ name, n, may_load);
    found = f.cv; that = f.that; obj = f.obj; stash = f.stash;
    av = get_av(HANDS, GV_ADD);
    if (!(h = hand(MP_ME, id))) croak("out of memory");
    h->cv = NULL;
    keep(aTHX_ av, id, H_CV, newRV_inc((SV *)found));
    keep(aTHX_ av, id, H_THAT, that ? that : newSV(0));
    keep(aTHX_ av, id, H_OBJ, obj ? newRV_inc((SV *)obj) : newSV(0));
    keep(aTHX_ av, id, H_STASH, stash && MP_HAS_NAME(stash) ? newSVpv(HvNAME(stash), 0) : newSV(0));
    keep(aTHX_ av, id, H_NAME, newSVpvn(name, n));
    keep(aTHX_ av, id, H_LOAD, newSViv(may_load));
    h->that = that; h->obj = obj; h->stash = stash;
    if (stash) h->gen = mp_generation(aTHX_ stash);
    h->cv = found;
    XSRETURN_EMPTY;
}
void mp_resolve(mp_interp *me, U32 id, const char *name, size_t n, int load, mp_out *out) {
    dTHXa(me->perl); SV *ret; int tag; mi_val args[3];
    Zero(args, 3, mi_val);
    if (id < me->nhands && me->hands[id].cv) { mp_deliver(me, MP_OK, NULL, out); return; }
    args[0].tag = MI_INT; args[0].u.i = id;
    args[1].tag = MI_BYTES; args[1].u.s = name; args[1].a.len = n;
    args[2].tag = MI_BOOL; args[2].u.i = load;
    tag = mp_run(aTHX_ me, (SV *)get_cv("ModInterp::resolve", 0), NULL, args, 3, &ret);
    mp_deliver(me, tag, ret, out);
    if (tag == MP_DIED) out->tag = MP_UNRESOLVED;
}
int mp_handler_is_method(const mp_interp *me, U32 id) { return id < me->nhands && (me->hands[id].that || me->hands[id].obj); }

/* ModInterp::code($name): a reference to the code a handler's name stands for; nothing for text, of which each look-up would
 * compile another. */
XS_EXTERNAL(mp_xs_code) {
    dXSARGS;
    const char *name; STRLEN n; found_ f;
    if (items != 1) croak("usage: ModInterp::code(name)");
    name = SvPV_const(ST(0), n);
    if (is_code(name, n)) XSRETURN_UNDEF;
    SP -= items; PUTBACK;
    f = look_up(aTHX_ name, n, 1);
    SvREFCNT_dec(f.that);
    SPAGAIN; EXTEND(SP, 1);
    PUSHs(sv_2mortal(newRV_inc((SV *)f.cv)));
    PUTBACK;
}
/* mi_ops.find: the code that a handler's name stands for. */
void *mp_op_find(void *ctx, const char *name, size_t n) {
    dTHXa((PerlInterpreter *)ctx); mp_interp *me = MP_ME; SV *ret; mi_val arg;
    int tag;
    Zero(&arg, 1, mi_val);
    if (n && (*name == '+' || *name == '-')) { name++; n--; }
    arg.tag = MI_BYTES; arg.u.s = name; arg.a.len = n;
    tag = mp_run(aTHX_ me, (SV *)get_cv("ModInterp::code", 0), NULL, &arg, 1, &ret);
    if (tag == MP_OK && ret && SvROK(ret)) return ret;
    if (tag != MP_CORE_EXIT) mp_release(aTHX_ me, ret);
    return NULL;
}

/* Calls handler `id`. Comes back as MP_UNRESOLVED if that has not been looked up yet, or its package has changed since. */
void mp_handler(mp_interp *me, U32 id, const mi_val *args, size_t n, mp_out *out) {
    dTHXa(me->perl); mp_hand *h; SV *that;
    if (UNLIKELY(id >= me->nhands || !(h = me->hands + id)->cv)) { out->tag = MP_UNRESOLVED; return; }
    if (h->stash && UNLIKELY(!MP_HAS_NAME(h->stash) || mp_generation(aTHX_ h->stash) != h->gen)) { h->cv = NULL; out->tag = MP_UNRESOLVED; return; }
    that = h->obj ? GvSVn(h->obj) : h->that;
    mp_call_sub(aTHX_ me, (SV *)h->cv, that, args, n, out);
}

/* The full name of a sub, if it is found by that: of code, or of a name without a package, which is one of the package whose code calls. No
 * text else. Called by src/call.rs. */
void mp_name_of(mp_interp *me, const mi_val *code, mp_out *out) {
    dTHXa(me->perl); HV *stash = NULL; GV *gv = NULL; STRLEN n;
    out->tag = MP_OK;
    if (code->tag == MI_BYTES) {
        SV **own; size_t i;
        for (i = 0; i < code->a.len; i++) if (!isWORDCHAR(code->u.s[i])) return;
        if (!(stash = CopSTASH(PL_curcop)) || !(own = hv_fetch(stash, code->u.s, (I32)code->a.len, 0)) || !isGV(*own) || !GvCV(gv = (GV *)*own)) return;
    }
    else {
        SV *sv = (SV *)code->u.p; CV *cv;
        if (!SvROK(sv) || SvTYPE(SvRV(sv)) != SVt_PVCV || CvANON(cv = (CV *)SvRV(sv))) return;
        if (!(gv = CvGV(cv)) || !isGV(gv) || GvCV(gv) != cv) return;
        stash = GvSTASH(gv);
    }
    if (!stash || !MP_HAS_NAME(stash)) return;
    out->sv = newSVpvf("%" HEKf "::%" HEKf, HEKfARG(HvNAME_HEK(stash)), HEKfARG(GvNAME_HEK(gv)));
    out->text = SvPV_const(out->sv, n); out->len = n;
}
