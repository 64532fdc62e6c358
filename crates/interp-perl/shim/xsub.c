/* Out of Perl: the one XSUB behind every row. It fetches by the row's parameters, enters Rust, and pushes or croaks when Rust
 * has returned. bind.c binds it; `enter` is crates/interp's door.rs. */
#include "shim.h"
#include "ticket.h"

#define GONE(s, g) UNLIKELY(__atomic_load_n(&(s)->gen, __ATOMIC_ACQUIRE) != (g))
#define DRAIN(me) STMT_START { if (UNLIKELY((me)->home->drops)) mp_drain(aTHX_ (me)); } STMT_END

void mp_go_on_leaving(pTHX_ mp_interp *me) { me->leaving = 0; my_exit((U32)me->exit_status); }

static HV *stash_of(pTHX_ mp_interp *me, const mi_class *k) {
    HV *stash;
    if (UNLIKELY(k->id >= MP_CLASSES)) return gv_stashpvn(k->name, (U32)k->name_len, GV_ADD);
    if (LIKELY((stash = me->stash[k->id]) != NULL)) return stash;
    stash = gv_stashpvn(k->name, (U32)k->name_len, GV_ADD);
    SvREFCNT_inc_simple_void_NN((SV *)stash);           /* the address must stay this stash's */
    return me->stash[k->id] = stash;
}

/* The object behind an invocant or argument: the referent, through a tied hash or a hash with a key r or _r. */
static SV *unwrap(pTHX_ SV *sv) {
    int depth;
    for (depth = 0; depth < 8 && SvROK(sv); depth++) {
        SV *o = SvRV(sv), **p; MAGIC *mg;
        if (SvTYPE(o) != SVt_PVHV) return o;
        if ((mg = mg_find(o, PERL_MAGIC_tied)) && mg->mg_obj) { sv = mg->mg_obj; continue; }
        if (!(p = hv_fetchs((HV *)o, "r", 0)) && !(p = hv_fetchs((HV *)o, "_r", 0))) return NULL;
        SvGETMAGIC(*p); sv = *p;
    }
    return NULL;
}
static int fetch_obj(pTHX_ mp_interp *me, SV *sv, const mi_class *k, mi_val *v) {
    SV *o;
    SvGETMAGIC(sv);
    if (UNLIKELY(!SvROK(sv))) return MI_BAD_CLASS;
    o = SvRV(sv);
    if (UNLIKELY(!SvOBJECT(o))) return MI_BAD_CLASS;
    if (UNLIKELY(SvTYPE(o) == SVt_PVHV) && (!(o = unwrap(aTHX_ sv)) || !SvOBJECT(o))) return MI_BAD_CLASS;
    if (UNLIKELY(k->id >= MP_CLASSES || SvSTASH(o) != me->stash[k->id])) {
        SV *rv = sv_2mortal(newRV_inc(o));
        if (!sv_derived_from_pvn(rv, k->name, k->name_len, 0)) return MI_BAD_CLASS;
    }
    if (UNLIKELY(!SvIOK(o))) return MI_BAD_CLASS;
    v->tag = MI_OBJ; v->flags = 0; v->u.p = INT2PTR(void *, SvIVX(o));
    if (UNLIKELY(!v->u.p)) return MI_BAD_GONE;
    if (LIKELY(TICKET_IS_OURS(o))) {
        v->slot = TICKET_SLOT(o); v->gen = TICKET_GEN(o);
        if (GONE(v->slot, v->gen)) return MI_BAD_GONE;
    }
    else if (!MI_RUST->adopt(k, v)) TICKET_ADOPT(o, v);
    else {                                              /* libapreq2's objects have a pointer of their own, and the request's in magic */
        MAGIC *mg = SvTYPE(o) == SVt_PVMG ? mg_find(o, PERL_MAGIC_ext) : NULL;
        if (!mg || !(v->u.p = mg->mg_ptr) || MI_RUST->adopt(k, v)) return MI_BAD_GONE;
    }
    v->a.cursor = SvTYPE(o) >= SVt_PV ? TICKET_CURSOR(o) : NULL;
    if (UNLIKELY(!v->a.cursor)) return MI_BAD_CLASS;
    return 0;
}
/* Bytes that stay put, for calls that may run script code: short ones are copied to the door's own stack, long ones shared
 * copy-on-write. What only perl's stack or the op tree knows needs neither. */
typedef struct { char *p, *end; } scratch;
static const char *hold(pTHX_ SV *sv, const char *s, STRLEN n, scratch *h) {
    char *to = h->p;
    if ((SvTEMP(sv) && SvREFCNT(sv) == 1) || SvPADTMP(sv) || SvREADONLY(sv)) return s;
    if (LIKELY(n <= (size_t)(h->end - to))) { Copy(s, to, n, char); h->p += n; return to; }
    return SvPVX(sv_2mortal(SvPOK(sv) && !SvROK(sv) ? newSVsv_flags(sv, SV_NOSTEAL | SV_COW_SHARED_HASH_KEYS | SV_COW_OTHER_PVS) : newSVpvn(s, n)));
}
static int is_code(SV *sv) { return SvROK(sv) && SvTYPE(SvRV(sv)) == SVt_PVCV; }
/* Code or the name of a sub; the value lives at least as long as the call. */
static int fetch_code(pTHX_ SV *sv, mi_val *v) {
    STRLEN n;
    v->slot = NULL; v->flags = 0;
    sv = sv_mortalcopy(sv);                             /* magic done, and nobody else's */
    if (is_code(sv)) { v->tag = MI_CODE; v->u.p = sv; return 0; }
    if (!SvOK(sv) || SvROK(sv)) return MI_BAD_TYPE;
    v->tag = MI_BYTES; v->u.s = SvPV_nomg_const(sv, n); v->a.len = n;
    return 0;
}
static int fetch_codes(pTHX_ SV *sv, mi_val *v) {
    AV *av; mi_val *list; SSize_t i, n; int e;
    SvGETMAGIC(sv);
    v->slot = NULL; v->flags = 0;
    if (!SvOK(sv)) { v->tag = MI_UNDEF; return 0; }
    if (SvROK(sv) && SvTYPE(SvRV(sv)) == SVt_PVAV) { av = (AV *)SvRV(sv); n = av_len(av) + 1; } else { av = NULL; n = 1; }
    list = (mi_val *)SvPVX(sv_2mortal(newSV((n ? n : 1) * sizeof(mi_val))));
    for (i = 0; i < n; i++) {
        SV **p = av ? av_fetch(av, i, 0) : &sv;
        if (!p || (e = fetch_code(aTHX_ *p, list + i))) return MI_BAD_TYPE;
    }
    if (av) v->flags = MI_TRUE;
    v->tag = MI_CODES; v->u.p = list; v->a.len = n;
    return 0;
}
/* A value as what it is: text, a number, a boolean of perl's, or nothing. What was a number and was read as text is a number still; what was
 * text and was read as a number is text. References are none of these. Returns 1 then. */
int mp_fetch_plain(pTHX_ SV *sv, mi_val *v) {
    STRLEN n;
    v->slot = NULL; v->flags = 0;
    SvGETMAGIC(sv);
    if (SvROK(sv)) return 1;
    if (!SvOK(sv)) { v->tag = MI_UNDEF; return 0; }
#ifdef SvIsBOOL
    if (SvIsBOOL(sv)) { v->tag = MI_BOOL; v->u.i = SvTRUE_nomg_NN(sv); return 0; }
#endif
    if (!SvPOK(sv) && SvIOK(sv) && (!SvIsUV(sv) || SvUVX(sv) <= (UV)IV_MAX)) { v->tag = MI_INT; v->u.i = SvIVX(sv); return 0; }
    if (!SvPOK(sv) && SvNIOK(sv)) { v->tag = MI_NUM; v->u.n = SvNV_nomg(sv); return 0; }
    v->tag = MI_BYTES; v->u.s = SvPV_nomg_const(sv, n); v->a.len = n;
    return 0;
}
/* Perl takes any text for a number and warns where it does not look like one; what a reference or a glob would be is an address. */
static int numeric(SV *sv) { return SvROK(sv) ? SvAMAGIC(sv) : !isGV_with_GP(sv); }
static int takes_numbers(const mi_row *row) {
    const mi_param *p, *end = row->params + row->nparams;
    for (p = row->params; p < end; p++) if (p->kind == MI_INT || p->kind == MI_NUM) return 1;
    return 0;
}
/* Whether perl would warn if it took this argument for a number: that can run code of the script. */
static int warns(pTHX_ SV *sv) { return !SvNIOK(sv) && !(SvPOK(sv) && looks_like_number(sv)); }
static int fetch(pTHX_ mp_interp *me, int held, const mi_param *p, int kind, SV *sv, mi_val *v, scratch *h) {
    STRLEN n;
    if (UNLIKELY(p->nullable)) {
        SvGETMAGIC(sv);
        if (!SvOK(sv)) { v->tag = MI_UNDEF; v->flags = 0; v->slot = NULL; return 0; }
    }
    switch (kind) {
    case MI_OBJ: {
        int e = fetch_obj(aTHX_ me, sv, p->klass, v);
        if (held && SvROK(sv)) sv_2mortal(SvREFCNT_inc_simple_NN(SvRV(sv)));
        return e; }
    case MI_INT:
        if (LIKELY(SvIOK(sv) && !SvGMAGICAL(sv))) { v->u.i = SvIVX(sv); break; }
        SvGETMAGIC(sv);
        if (UNLIKELY(!numeric(sv))) return MI_BAD_TYPE;
        v->u.i = SvIV_nomg(sv);
        break;
    case MI_NUM:
        SvGETMAGIC(sv);
        if (UNLIKELY(!numeric(sv))) return MI_BAD_TYPE;
        v->u.n = SvNV_nomg(sv);
        break;
    case MI_BOOL: v->u.i = SvTRUE(sv) ? 1 : 0; break;
    case MI_NAME:
        if (SvROK(sv) && SvOBJECT(SvRV(sv))) { const char *name = HvNAME(SvSTASH(SvRV(sv))); v->u.s = name ? name : ""; v->a.len = strlen(v->u.s); break; }
        /* FALLTHROUGH */
    case MI_BYTES:
        v->u.s = SvPV_const(sv, n); v->a.len = n;
        if (UNLIKELY(held)) v->u.s = hold(aTHX_ sv, v->u.s, n, h);
        break;
    case MI_CODE:
        if (p->elem != MI_BYTES || is_code(sv)) return fetch_code(aTHX_ sv, v);
        kind = MI_BYTES;
        v->u.s = SvPV_const(sv, n); v->a.len = n;
        v->u.s = hold(aTHX_ sv, v->u.s, n, h); break;
    case MI_CODES: return fetch_codes(aTHX_ sv, v);
    case MI_PLAIN: return mp_fetch_plain(aTHX_ sv, v) ? MI_BAD_TYPE : (held && v->tag == MI_BYTES ? (v->u.s = hold(aTHX_ sv, v->u.s, v->a.len, h), 0) : 0);
    case MI_FIELDS: return MI_BAD_TYPE;                 /* of rows that only Lua has */
    case MI_ANY: sv_2mortal(SvREFCNT_inc_simple_NN(sv)); v->u.p = sv; break;
    case MI_OUT:
        if (SvREADONLY(sv)) return MI_BAD_READONLY;
        sv_2mortal(SvREFCNT_inc_simple_NN(sv));
        SvGETMAGIC(sv);
        if (!SvOK(sv)) sv_setpvs(sv, "");
        (void)SvPV_force_nomg(sv, n); (void)SvPOK_only(sv);
        v->u.p = sv; v->a.len = n; break;
    }
    v->tag = kind; v->flags = 0; v->slot = NULL;
    return 0;
}
/* Tied hashes. An element that is taken while keys are walked through gets its value at once, as with mod_perl: a key may come several
 * times, and `my %h = %$t` asks for the values when the walk is over. */
static MGVTBL tied_magic;
static int tied_copy(pTHX_ SV *hv, MAGIC *mg, SV *elem, const char *key, I32 klen) {
    SV *rv = mg->mg_obj;
    PERL_UNUSED_ARG(hv);
    sv_magic(elem, rv, PERL_MAGIC_tiedelem, key, klen);
    if (rv && SvROK(rv) && SvTYPE(SvRV(rv)) >= SVt_PV && *TICKET_CURSOR(SvRV(rv))) SvGETMAGIC(elem);
    return 1;
}
void mp_tie_init(void) { tied_magic = PL_vtbl_pack; tied_magic.svt_copy = tied_copy; }
void mp_tie(pTHX_ SV *hv, SV *rv) {
    MAGIC *mg;
    sv_magic(hv, rv, PERL_MAGIC_tied, NULL, 0);
    if ((mg = SvMAGIC(hv)) && mg->mg_type == PERL_MAGIC_tied) { mg->mg_virtual = &tied_magic; mg->mg_flags |= MGf_COPY; }
}
static SV *object(pTHX_ mp_interp *me, const mi_val *v) {
    const mi_class *k = v->a.klass; HV *st = stash_of(aTHX_ me, k);
    SV *o = newSV_type(SVt_PVMG), *rv;
    SvIV_set(o, PTR2IV(v->u.p)); SvIOK_on(o);
    TICKET_SET(o, v);
    /* sv_bless without its checks: what it does for a fresh plain referent */
    SvOBJECT_on(o); SvSTASH_set(o, (HV *)SvREFCNT_inc_simple_NN((SV *)st));
    rv = newRV_noinc(o);
    if (k->shape == 1) {
        HV *hv = newHV(); SV *h;
        mp_tie(aTHX_ (SV *)hv, rv); SvREFCNT_dec_NN(rv);
        h = newRV_noinc((SV *)hv);
        return sv_bless(h, st);
    }
    return rv;
}
/* The object that a handler gets as its first argument. Most handlers keep no reference to it, so that it can be used for the next call
 * (mp_take_back). */
#define LENT (SVt_PVMG | SVs_OBJECT | SVf_IOK | SVp_IOK)
SV *mp_lend(pTHX_ mp_interp *me, const mi_val *v) {
    SV *rv = me->spare, *o;
    if (UNLIKELY(!rv) || SvSTASH(o = SvRV(rv)) != stash_of(aTHX_ me, v->a.klass)) return object(aTHX_ me, v);
    me->spare = NULL;
    SvIV_set(o, PTR2IV(v->u.p));
    TICKET_SET(o, v); *TICKET_CURSOR(o) = 0;
    return rv;
}
/* Keeps the object for the next call if the handler has not changed it, no reference to it is left (weak ones included), and its end
 * would run no code; else frees it, which may run a script's code. */
void mp_take_back(pTHX_ mp_interp *me, SV *rv) {
    if (LIKELY(SvREFCNT(rv) == 1 && SvFLAGS(rv) == (SVt_IV | SVf_ROK) && !me->spare)) {
        SV *o = SvRV(rv);
        if (LIKELY(SvREFCNT(o) == 1 && SvFLAGS(o) == LENT && !SvMAGIC(o))) {
            HV *st = SvSTASH(o); U32 gen = mp_generation(aTHX_ st);
            if (UNLIKELY(st != me->spare_class || gen != me->spare_gen)) {
                if (gv_fetchmeth_pvn(st, "DESTROY", 7, 0, 0) || gv_fetchmeth_pvn(st, "AUTOLOAD", 8, 0, 0)) goto end;
                me->spare_class = st; me->spare_gen = mp_generation(aTHX_ st);
            }
            me->spare = rv;
            return;
        }
    }
end:
    SvREFCNT_dec_NN(rv);
}
static SV *many(pTHX_ mp_interp *me, const mi_val *v) {     /* a new array or hash; counted reference */
    const mi_val *l = v->u.p; size_t i, n = v->a.len;
    if (v->tag == MI_ARRAY) {
        AV *av = newAV();
        for (i = 0; i < n; i++) av_push(av, SvREFCNT_inc_NN(mp_sv(aTHX_ me, l + i, NULL)));
        return newRV_noinc((SV *)av);
    } else {
        HV *hv = newHV();
        for (i = 0; i + 1 < n; i += 2) {
            SV *value = SvREFCNT_inc_NN(mp_sv(aTHX_ me, l + i + 1, NULL));
            if (!hv_store(hv, l[i].u.s, (I32)l[i].a.len, value, 0)) SvREFCNT_dec(value);
        }
        return newRV_noinc((SV *)hv);
    }
}
/* A new or (targ) reused SV for a value. Mortal unless targ. */
SV *mp_sv(pTHX_ mp_interp *me, const mi_val *v, SV *targ) {
    SV *sv;
    switch (v->tag) {
    case MI_INT:
        if (targ) { sv_setiv(targ, v->u.i); SvSETMAGIC(targ); return targ; }
        return sv_2mortal(newSViv(v->u.i));
    case MI_NUM:   return sv_2mortal(newSVnv(v->u.n));
    case MI_BOOL:  return v->u.i ? &PL_sv_yes : &PL_sv_zero;       /* mod_perl's functions are ints: false is 0 */
    case MI_BYTES:
        if (targ) { sv_setpvn(targ, v->u.s, v->a.len); SvUTF8_off(targ); SvSETMAGIC(targ); sv = targ; }
        else sv = newSVpvn_flags(v->u.s, v->a.len, SVs_TEMP);
        if (UNLIKELY(v->flags & MI_TAINTED)) SvTAINTED_on(sv);
        return sv;
    case MI_OBJ:   return sv_2mortal(object(aTHX_ me, v));
    case MI_ANY: case MI_CODE: return (SV *)v->u.p;
    case MI_KEPT:  return sv_2mortal(v->flags & MI_OWNED ? (SV *)v->u.p : SvREFCNT_inc_simple_NN((SV *)v->u.p));
    case MI_DUAL:
        if (!v->a.len) return sv_2mortal(newSViv((int32_t)v->gen));
        sv = newSVpvn_flags(v->u.s, v->a.len, SVs_TEMP);
        (void)SvUPGRADE(sv, SVt_PVIV); SvIV_set(sv, (int32_t)v->gen); SvIOK_on(sv);
        return sv;
    case MI_ARRAY: case MI_HASH: return sv_2mortal(many(aTHX_ me, v));
    default:       return &PL_sv_undef;
    }
}
/* MI_HOLDS: the new object keeps that of argument `arg` (a pool the script made) alive. */
static void keep_arg(pTHX_ const mi_row *row, int arg, SV *made, SV **st) {
    int i, a = 0;
    for (i = 0; i < arg; i++) a += row->params[i].kind != MI_WANT;
    if (SvROK(made) && SvROK(st[a])) sv_magicext(SvRV(made), SvRV(st[a]), PERL_MAGIC_ext, NULL, NULL, 0);
}
static void bad(pTHX_ const mi_row *row, int i, int argno, int why, const mi_class *k) __attribute__((noreturn, noinline, cold));
static void bad(pTHX_ const mi_row *row, int i, int argno, int why, const mi_class *k) {
    char buf[256]; size_t n = mi_bad(row, i, argno, why, k, buf, sizeof buf);
    Perl_croak(aTHX_ "%.*s", (int)n, buf);
}
/* An invocant of another kind: a reference that leads to none is told in the words that code written for mod_perl looks for. */
static void bad_invocant(pTHX_ CV *cv, const mi_row *row, SV *sv, const mi_class *k) __attribute__((noreturn, noinline, cold));
static void bad_invocant(pTHX_ CV *cv, const mi_row *row, SV *sv, const mi_class *k) {
    char buf[256]; size_t n = mi_bad(row, 0, 0, MI_BAD_CLASS, k, buf, sizeof buf); SV *o = SvROK(sv) ? SvRV(sv) : NULL;
    if (o && SvTYPE(o) == SVt_PVHV && !unwrap(aTHX_ sv))
        Perl_croak(aTHX_ "%.*s: method `%s' invoked by a `%s' object with no `r' key!", (int)n, buf, GvNAME(CvGV(cv)),
            SvOBJECT(o) && MP_HAS_NAME(SvSTASH(o)) ? HvNAME(SvSTASH(o)) : "unknown");
    if (o && (SvTYPE(o) == SVt_PVAV || SvTYPE(o) == SVt_PVCV))
        Perl_croak(aTHX_ "%.*s: a reference of type %s is unsupported", (int)n, buf, sv_reftype(o, 0));
    Perl_croak(aTHX_ "%.*s", (int)n, buf);
}
/* What Rust failed with, as an exception at the caller's line. */
void mp_raise(pTHX_ mp_interp *me, void *err) {
    const char *s; size_t n; int64_t code; void *kept; int kind = mi_err(err, &s, &n, &code, &kept); SV *e;
    if (kind == MI_ERR_EXIT || UNLIKELY(me->leaving)) {
        if (kind == MI_ERR_EXIT && !me->leaving) me->exit_status = (int)code;
        mi_err_done(err);
        mp_go_on_leaving(aTHX_ me);
    }
    if (kind == MI_ERR_SCRIPT) e = sv_2mortal(newSVsv((SV *)kept));
    else if (kind == MI_ERR_STATUS) e = mp_exception(aTHX_ (IV)code, s, n);
    else e = sv_2mortal(Perl_newSVpvf(aTHX_ "%.*s at %s line %" UVuf ".\n", (int)n, s, CopFILE(PL_curcop), (UV)CopLINE(PL_curcop)));
    mi_err_done(err);
    DRAIN(me);
    croak_sv(e);
}
/* The class itself where a current object may stand for it. */
static int current(pTHX_ const mi_row *row, const mi_param *p, SV *sv, mi_val *v) {
    return row->flags & MI_F_CURRENT && !SvROK(sv) && SvPOK(sv)
        && sv_derived_from_pvn(sv, p->klass->name, p->klass->name_len, 0) && !mi_current(p->klass, v);
}
/* Runs the row and gives what it returned to perl, as the caller's stack says. `out`: a buffer the script lent. */
static inline __attribute__((always_inline)) void enter(pTHX_ mp_interp *me, mi_call *c, mi_val *ret, SV *out, I32 ax, I32 items) {
    const mi_row *row = c->row; void *err; SV **sp; U8 gimme = GIMME_V;
    STATIC_ASSERT_STMT(G_SCALAR - G_VOID == MI_WANT_ONE && G_ARRAY - G_VOID == MI_WANT_LIST);
    c->want = gimme - G_VOID;
    ret->flags = 0;
    if (UNLIKELY(mi_enter(c, ret, &err))) mp_raise(aTHX_ me, err);
    if (UNLIKELY(me->leaving)) { if (ret->flags & MI_OWNED && ret->tag != MI_KEPT) mi_done(ret); mp_go_on_leaving(aTHX_ me); }
    if (UNLIKELY(ret->flags & MI_REF) && ret->tag == MI_BYTES) {
        SV *sv = newSVpvn(ret->u.s, ret->a.len);
        if (ret->flags & MI_TAINTED) SvTAINTED_on(sv);
        if (ret->flags & MI_OWNED) mi_done(ret);
        ret->tag = MI_KEPT; ret->flags = MI_OWNED; ret->u.p = newRV_noinc(sv);
    }
    if (ret->tag == MI_NONE || (gimme == G_VOID && !ret->flags && ret->tag != MI_LIST)) {   /* nobody looks at the result */
        if (UNLIKELY(out != NULL)) SvSETMAGIC(out);
        DRAIN(me);
        if (UNLIKELY(me->leaving)) mp_go_on_leaving(aTHX_ me);
        XSRETURN_EMPTY;
    }
    if (items < 1 && ret->tag != MI_LIST) { sp = PL_stack_base + ax - 1; EXTEND(sp, 1); }
    switch (ret->tag) {
    case MI_INT: { dXSTARG; TARGi(ret->u.i, 1); ST(0) = TARG; break; }
    case MI_BYTES: {
        dXSTARG; SV *sv = mp_sv(aTHX_ me, ret, TARG);
        if (UNLIKELY(ret->flags & MI_OWNED)) mi_done(ret);
        ST(0) = sv; break; }
    case MI_LIST: {
        const mi_val *l = ret->u.p; size_t n = ret->a.len, k;
        if (ret->flags & MI_FIRST && gimme == G_SCALAR && n > 1) n = 1;
        sp = PL_stack_base + ax - 1; EXTEND(sp, (SSize_t)n);
        for (k = 0; k < n; k++) ST(k) = mp_sv(aTHX_ me, l + k, NULL);
        if (ret->flags & MI_OWNED) mi_done(ret);
        if (UNLIKELY(out != NULL)) SvSETMAGIC(out);
        DRAIN(me); if (UNLIKELY(me->leaving)) mp_go_on_leaving(aTHX_ me);
        XSRETURN(n); }
    case MI_THIS: break;
    default: {
        SV *sv = mp_sv(aTHX_ me, ret, NULL);
        if (UNLIKELY(ret->flags & MI_HOLDS && ret->tag == MI_OBJ)) keep_arg(aTHX_ row, ret->pad, sv, &ST(0));
        if (UNLIKELY(ret->flags & MI_OWNED && (ret->tag == MI_ARRAY || ret->tag == MI_HASH))) mi_done(ret);
        ST(0) = sv; }
    }
    if (UNLIKELY(out != NULL)) {                        /* may run code: the result is built. Set-magic clears taint, so it goes first */
        SvSETMAGIC(out);
        if (ret->flags & MI_TAINTED) SvTAINTED_on(out);
    }
    DRAIN(me);
    if (UNLIKELY(me->leaving)) mp_go_on_leaving(aTHX_ me);
    XSRETURN(1);
}
/* Not a constant, nor what an operator or a function has just returned. Reading its text runs no code. */
static int has_text(SV *sv) { return SvPOK(sv) && !SvROK(sv) && !SvGMAGICAL(sv); }
static int is_variable(SV *sv) { return has_text(sv) && !SvREADONLY(sv) && !(SvFLAGS(sv) & (SVs_TEMP | SVs_PADTMP)); }
/* A parameter that takes no argument. */
static inline void unasked(pTHX_ const mi_param *p, SV *before, mi_val *v) {
    v->tag = MI_NONE;
    if (p->elem == MI_AUTOFLUSH) { v->tag = MI_BOOL; v->u.i = PL_defoutgv && GvIO(PL_defoutgv) && IoFLAGS(GvIOp(PL_defoutgv)) & IOf_FLUSH; }
    else if (p->elem == MI_PLACE && CopFILE(PL_curcop)) { v->tag = MI_BYTES; v->u.s = CopFILE(PL_curcop); v->a.len = strlen(v->u.s); v->gen = CopLINE(PL_curcop); }
    else if (p->elem == MI_ANY && before && is_variable(before)) { sv_2mortal(SvREFCNT_inc_simple_NN(before)); v->tag = MI_ANY; v->u.p = before; }
}

/* A call on an interpreter that has no record of its own, or one that has no home yet: in a thread that a script made, or in CLONE. A
 * row that needs neither answers. Another one dies; where nothing would catch that, perl would end the process, so it is only told. */
static void general(pTHX_ mp_interp *me, CV *cv, I32 ax, I32 items) __attribute__((noinline));
static int is_caught(pTHX) {                            /* PL_in_eval does not tell: a thread begins with its parent's */
    const PERL_SI *si; I32 i;
    for (si = PL_curstackinfo; PL_in_eval && si; si = si->si_prev)
        for (i = si->si_cxix; i >= 0; i--) if (CxTYPE(&si->si_cxstack[i]) == CXt_EVAL) return 1;
    return 0;
}
static void elsewhere(pTHX_ CV *cv, I32 ax, I32 items) __attribute__((noinline, cold));
static void elsewhere(pTHX_ CV *cv, I32 ax, I32 items) {
    const mi_row *row = CvXSUBANY(cv).any_ptr;
    static const char why[] = "%s called while the interpreter is being cloned, or in a thread of the script's at %s line %" UVuf ".\n";
    const char *file = CopFILE(PL_curcop) ? CopFILE(PL_curcop) : "?"; const UV line = CopLINE(PL_curcop);
    if (row->flags & MI_F_ENDING) XSRETURN_EMPTY;
    if (row->flags & MI_F_ANYWHERE) {
        static const mi_home none = { &mp_ops, NULL, 0 };
        mp_interp alone;
        Zero(&alone, 1, mp_interp);
        alone.perl = MP_THX; alone.home = &none;
        general(aTHX_ &alone, cv, ax, items);
        return;
    }
    if (is_caught(aTHX)) croak(why, GvNAME(CvGV(cv)), file, line);
    PerlIO_printf(PerlIO_stderr(), why, GvNAME(CvGV(cv)), file, line);
    if (row->flags & MI_F_LOOSE && items && SvPOK(ST(items - 1)) && !SvROK(ST(items - 1)))      /* a function of the log, as a hook of `warn`: its line */
        PerlIO_write(PerlIO_stderr(), SvPVX(ST(items - 1)), SvCUR(ST(items - 1)));
    XSRETURN_EMPTY;
}
/* Any row with any arguments. */
static void general(pTHX_ mp_interp *me, CV *cv, I32 ax, I32 items) {
    const mi_row *row = CvXSUBANY(cv).any_ptr;
    const mi_param *p = row->params, *end = p + row->nparams;
    mi_call c; mi_val ret, *v = c.args, rest[8];
    SV *out = NULL; char room[1024]; scratch h = { room, room + sizeof room };
    int a = 0, e, i, held = row->flags & MI_F_REENTERS; U32 any = 0;
    if (UNLIKELY(items < row->min || (items > row->max && row->max != MI_MANY))) bad(aTHX_ row, 0, 0, MI_BAD_COUNT, NULL);
    c.row = row; c.home = me->home; c.ctx = MP_THX; c.rest = NULL; c.nrest = 0; c.argc = items > 255 ? 255 : items;
    c.args[0].slot = NULL; c.args[0].gen = 0;
    for (i = row->has_this; i < items; i++) any |= SvFLAGS(ST(i));
    any &= SVs_GMG | SVf_ROK;                           /* tie, overload: fetching one argument may run code that frees another */
    if (!any && takes_numbers(row))                     /* so may a handler of warnings */
        for (i = row->has_this; !any && i < items; i++) any = warns(aTHX_ ST(i));
    held |= any;
    for (; p < end; p++, v++) {
        if (p->kind == MI_WANT) {
            unasked(aTHX_ p, a ? ST(a - 1) : NULL, v);
            continue;
        }
        if (p->kind == MI_REST) {                       /* up to 8 on the C stack, else in a mortal buffer */
            int n = items > a ? items - a : 0; mi_val *r = rest;
            v->tag = MI_NONE;
            if (n > 8) r = (mi_val *)SvPVX(sv_2mortal(newSV(n * sizeof(mi_val))));
            for (i = 0; i < n; i++)
                if ((e = fetch(aTHX_ me, held, p, p->elem, ST(a + i), r + i, &h))) bad(aTHX_ row, p - row->params, a + i + !row->has_this, e, NULL);
            c.rest = r; c.nrest = n;
            continue;
        }
        if (a >= items) { v->tag = MI_NONE; v->flags = 0; v->slot = NULL; continue; }
        if ((e = fetch(aTHX_ me, held, p, p->kind, ST(a), v, &h)) && !(a == 0 && current(aTHX_ row, p, ST(0), v))) {
            if (e == MI_BAD_GONE && a == 0 && row->flags & MI_F_ENDING) {
                if (!p->nullable) XSRETURN_EMPTY;
                if (TICKET_IS_OURS(SvRV(ST(0)))) { v->tag = MI_UNDEF; v->flags = 0; v->slot = NULL; a++; continue; }
            }
            if (e == MI_BAD_CLASS && a == 0 && p->nullable && row->has_this) {
                v->tag = MI_UNDEF; v->flags = 0; v->slot = NULL;
                if (row->flags & MI_F_LOOSE) continue;
                if (!SvROK(ST(0)) && sv_derived_from_pvn(ST(0), p->klass->name, p->klass->name_len, 0)) { a++; continue; }
            }
            if (e == MI_BAD_CLASS && a == 0 && row->has_this) bad_invocant(aTHX_ cv, row, ST(0), p->klass);
            bad(aTHX_ row, p - row->params, a + !row->has_this, e, p->klass);
        }
        if (UNLIKELY(p->kind == MI_OUT && v->tag == MI_OUT)) out = v->u.p;
        a++;
    }
    if (UNLIKELY(any))                                  /* ... or end an owner */
        for (i = 0, p = row->params; p < end; p++, i++)
            if (p->kind == MI_OBJ && c.args[i].tag == MI_OBJ && c.args[i].slot && GONE(c.args[i].slot, c.args[i].gen))
                bad(aTHX_ row, i, i, MI_BAD_GONE, p->klass);
    enter(aTHX_ me, &c, &ret, out, ax, items);
}

/* The pointer and ticket of a living object of the very class, as scripts hold it: plain, or a tied hash around it. NULL: anything
 * else, of which `fetch_obj` knows what to say. */
static inline __attribute__((always_inline)) SV *plain_object(pTHX_ mp_interp *me, SV *sv, const mi_class *k, mi_val *v) {
    SV *o; MAGIC *mg;
    if (UNLIKELY((SvFLAGS(sv) & (SVf_ROK | SVs_GMG)) != SVf_ROK || k->id >= MP_CLASSES)) return NULL;
    o = SvRV(sv);
    if (SvTYPE(o) == SVt_PVHV) {
        if (!SvOBJECT(o) || !SvRMAGICAL(o) || !(mg = SvMAGIC(o)) || mg->mg_type != PERL_MAGIC_tied || !mg->mg_obj || !SvROK(mg->mg_obj)) return NULL;
        o = SvRV(mg->mg_obj);
    }
    if (UNLIKELY((SvFLAGS(o) & (SVTYPEMASK | SVs_OBJECT | SVf_IOK | SVp_NOK)) != (SVt_PVMG | SVs_OBJECT | SVf_IOK))) return NULL;
    if (UNLIKELY(SvSTASH(o) != me->stash[k->id] || (NVW(o)[0] & 0xFF000000u) != COOKIE || !SvIVX(o))) return NULL;
    v->tag = MI_OBJ; v->flags = 0; v->u.p = INT2PTR(void *, SvIVX(o));
    v->slot = TICKET_SLOT(o); v->gen = TICKET_GEN(o);
    if (GONE(v->slot, v->gen)) return NULL;
    v->a.cursor = TICKET_CURSOR(o);
    return o;
}
/* A string that is one and nothing else. */
static inline int is_string(SV *sv) { return (SvFLAGS(sv) & (SVf_POK | SVf_ROK | SVs_GMG)) == SVf_POK; }
/* The number that a string of digits stands for, a header's value for instance. */
static int digits(SV *sv, mi_val *v) __attribute__((noinline));
static int digits(SV *sv, mi_val *v) {
    const char *s, *end; int64_t n = 0;
    if (!is_string(sv) || !SvCUR(sv) || SvCUR(sv) > 18) return 0;
    for (s = SvPVX_const(sv), end = s + SvCUR(sv); s < end; s++) {
        if (*s < '0' || *s > '9') return 0;
        n = 10 * n + (*s - '0');
    }
    v->u.i = n;
    return 1;
}
static inline int is_integer(SV *sv, mi_val *v) {
    if (UNLIKELY((SvFLAGS(sv) & (SVf_IOK | SVf_ROK | SVs_GMG)) != SVf_IOK)) return digits(sv, v);
    v->u.i = SvIVX(sv);
    return 1;
}
/* A plain variable that has a string or nothing becomes a buffer, as `fetch` makes one of anything. Memory that it had for another string
 * is room for the next one. */
static int is_buffer(pTHX_ const mi_param *p, SV *sv, mi_val *v) __attribute__((noinline));
static int is_buffer(pTHX_ const mi_param *p, SV *sv, mi_val *v) {
    if (UNLIKELY(SvFLAGS(sv) & (SVf_THINKFIRST | SVs_GMG | SVs_SMG) || SvTYPE(sv) > SVt_PVMG)) return 0;
    if (!SvPOK(sv)) {
        if (UNLIKELY(SvOK(sv) || p->nullable)) return 0;
        if (SvTYPE(sv) >= SVt_PV && SvLEN(sv) && !SvOOK(sv)) { SvCUR_set(sv, 0); *SvPVX(sv) = 0; }
        else sv_setpvs(sv, "");
    }
    (void)SvPOK_only(sv);
    v->u.p = sv_2mortal(SvREFCNT_inc_simple_NN(sv)); v->a.len = SvCUR(sv);
    return 1;
}
/* The XSUB: the calls that most scripts make, an object with strings, integers and a buffer, without a detour. Whatever is not just so
 * is left to `general`, which begins anew. */
XS_EXTERNAL(mp_xsub) {
    dXSARGS;
    const mi_row *row = CvXSUBANY(cv).any_ptr;
    const mi_param *p = row->params, *end = p + row->nparams;
    mp_interp *me = MP_ME;
    mi_call c; mi_val ret, *v = c.args, rest[8];
    char room[1024]; scratch h = { room, room + sizeof room };
    const int held = row->flags & MI_F_REENTERS; SV **arg = &ST(0), **stop = arg + items, *out = NULL;
    if (UNLIKELY((void *)me->perl != MP_THX || !me->home || items < row->min || (items > row->max && row->max != MI_MANY) || items > 255)) goto detour;
    c.row = row; c.home = me->home; c.ctx = MP_THX; c.rest = NULL; c.nrest = 0; c.argc = items;
    c.args[0].slot = NULL; c.args[0].gen = 0;
    for (; p < end; p++, v++) {
        SV *sv;
        if (p->kind == MI_WANT) {
            unasked(aTHX_ p, arg > &ST(0) ? arg[-1] : NULL, v);
            continue;
        }
        if (arg >= stop) { v->tag = MI_NONE; v->flags = 0; v->slot = NULL; continue; }
        sv = *arg;
        switch (p->kind) {
        case MI_OBJ:
            if (UNLIKELY(!(sv = plain_object(aTHX_ me, sv, p->klass, v)))) goto detour;
            if (held) sv_2mortal(SvREFCNT_inc_simple_NN(SvRV(*arg)));
            arg++;
            continue;
        case MI_BYTES:
            if (UNLIKELY(!is_string(sv))) goto detour;
            v->u.s = SvPVX(sv); v->a.len = SvCUR(sv);
            if (held) v->u.s = hold(aTHX_ sv, v->u.s, v->a.len, &h);
            break;
        case MI_INT:
            if (UNLIKELY(!is_integer(sv, v))) goto detour;
            break;
        case MI_REST: {
            mi_val *r = rest;
            if (p->elem != MI_BYTES || stop - arg > 8) goto detour;
            v->tag = MI_NONE;
            for (; arg < stop; arg++, r++) {
                sv = *arg;
                if (UNLIKELY(!is_string(sv))) goto detour;
                r->tag = MI_BYTES; r->flags = 0; r->slot = NULL;
                r->u.s = SvPVX(sv); r->a.len = SvCUR(sv);
                if (held && (!p->reenters || r->a.len >= MI_LONG)) r->u.s = hold(aTHX_ sv, r->u.s, r->a.len, &h);
            }
            c.rest = rest; c.nrest = r - rest;
            continue; }
        default:
            if (UNLIKELY(p->kind != MI_OUT || !is_buffer(aTHX_ p, sv, v))) goto detour;
            out = sv;
        }
        v->tag = p->kind; v->flags = 0; v->slot = NULL;
        arg++;
    }
    enter(aTHX_ me, &c, &ret, out, ax, items);
    return;
detour:
    if (LIKELY((void *)me->perl == MP_THX && me->home)) general(aTHX_ me, cv, ax, items);
    else elsewhere(aTHX_ cv, ax, items);
}

/* What others left: values to free, or to call and then free. Called by whoever holds the interpreter. */
void mp_drain(pTHX_ mp_interp *me) {
    mi_drop d;
    if (!me->home) return;
    while (mi_drop_next(me->home, &d)) {
        SV *value = (SV *)d.value, *arg = (SV *)d.arg, *ret;
        if (d.apart) mi_apart(1);
        if (d.call) {
            int tag = mp_run(aTHX_ me, value, arg, NULL, 0, &ret);
            if (tag == MP_DIED && ret) { STRLEN n; const char *s = SvROK(ret) ? (n = 4, "died") : SvPV_nomg_const(ret, n); PerlIO_write(PerlIO_stderr(), s, n); }
            mp_release(aTHX_ me, ret);
        }
        mp_release(aTHX_ me, arg);
        mp_release(aTHX_ me, value);
        if (d.apart) mi_apart(-1);
    }
}

/* ---- mi_ops: what crates/interp asks of this engine's values ---- */
static void op_keep(void *ctx, const mi_val *v, mi_val *k) {
    dTHXa((PerlInterpreter *)ctx);
    PERL_UNUSED_CONTEXT;
    k->tag = MI_KEPT; k->flags = 0; k->slot = NULL;
    k->u.p = v->tag == MI_BYTES ? newSVpvn(v->u.s, v->a.len) : v->tag == MI_CODE ? newSVsv((SV *)v->u.p) : SvREFCNT_inc_simple_NN((SV *)v->u.p);
}
static char *ready(pTHX_ SV *sv, size_t at, size_t n) {     /* room for n bytes at `at`; NULL: it is no buffer any more */
    char *b; STRLEN cur;
    if (SvROK(sv) || SvREADONLY(sv) || SvTYPE(sv) > SVt_PVLV || isGV(sv)) return NULL;
    if (!SvPOK(sv)) sv_setpvs(sv, "");                  /* a callback undefined it */
    if (SvTHINKFIRST(sv)) sv_force_normal(sv);
    cur = SvCUR(sv); b = SvGROW(sv, at + n + 1);
    if (at > cur) Zero(b + cur, at - cur, char);
    return b;
}
static int op_put(void *ctx, mi_val *out, size_t at, const char *s, size_t n) {
    dTHXa((PerlInterpreter *)ctx);
    SV *sv = out->u.p; char *b = ready(aTHX_ sv, at, n);
    if (!b) return 1;
    Copy(s, b + at, n, char); SvCUR_set(sv, at + n); b[at + n] = 0; (void)SvPOK_only(sv);
    out->a.len = at + n;
    return 0;
}
/* The variable is undefined while its memory, of which `slot` and `a.len` know meanwhile, is lent. */
static int is_bare(SV *sv) { return !(SvFLAGS(sv) & SVf_THINKFIRST) && SvTYPE(sv) >= SVt_PV && SvTYPE(sv) <= SVt_PVMG && !SvOK(sv) && !SvPVX(sv); }
static char *op_room(void *ctx, mi_val *out, size_t at, size_t n) {
    dTHXa((PerlInterpreter *)ctx);
    SV *sv = out->u.p; char *own;
    if (!ready(aTHX_ sv, at, n)) return NULL;
    if (SvOOK(sv)) sv_backoff(sv);
    own = SvPVX(sv);
    out->slot = (const mi_slot *)own; out->a.len = SvLEN(sv);
    SvPV_set(sv, NULL); SvCUR_set(sv, 0); SvLEN_set(sv, 0); SvPOK_off(sv);
    return own + at;
}
static int op_fill(void *ctx, mi_val *out, size_t end) {
    dTHXa((PerlInterpreter *)ctx);
    SV *sv = out->u.p; char *own = (char *)out->slot; STRLEN room = out->a.len;
    out->slot = NULL; out->a.len = end;
    if (UNLIKELY(!is_bare(sv))) {                       /* a callback gave it another value */
        if (!ready(aTHX_ sv, 0, 0)) { Safefree(own); return 1; }
        if (SvOOK(sv)) sv_backoff(sv);
        Safefree(SvPVX(sv));
    }
    SvPV_set(sv, own); SvLEN_set(sv, room); SvCUR_set(sv, end); own[end] = 0; (void)SvPOK_only(sv);
    return 0;
}
static void *op_bag(void *ctx) { dTHXa((PerlInterpreter *)ctx); PERL_UNUSED_CONTEXT; return newRV_noinc((SV *)newHV()); }
static int op_bag_set(void *ctx, void *bag, const char *k, size_t n, void *kept) {
    dTHXa((PerlInterpreter *)ctx); HV *hv = (HV *)SvRV((SV *)bag);
    SV **was = hv_fetch(hv, k, (I32)n, 0), *old = was ? SvREFCNT_inc_simple_NN(*was) : NULL;
    if (!hv_store(hv, k, (I32)n, (SV *)kept, 0)) SvREFCNT_dec((SV *)kept);
    sv_2mortal(old);                                    /* DESTROY runs when the caller's statement ends: Rust has the bags in hand */
    return 0;
}
static void *op_bag_get(void *ctx, void *bag, const char *k, size_t n) {
    dTHXa((PerlInterpreter *)ctx);
    SV **p = hv_fetch((HV *)SvRV((SV *)bag), k, (I32)n, 0);
    return p ? SvREFCNT_inc_simple_NN(*p) : NULL;
}
static const char *op_text(void *ctx, void *v, size_t *n) {
    dTHXa((PerlInterpreter *)ctx);
    SV *sv = v;
    PERL_UNUSED_CONTEXT;
    if (!has_text(sv)) return NULL;
    *n = SvCUR(sv);
    return SvPVX_const(sv);
}
const mi_ops mp_ops = { mp_op_call, op_keep, op_put, op_room, op_fill, op_bag, op_bag_set, op_bag_get, mp_op_find, op_text, NULL };
