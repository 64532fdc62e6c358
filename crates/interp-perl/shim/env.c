/* %ENV of a request. Called by src/env.rs. Nothing here reaches environ. */
#include "shim.h"

static HV *env_hv(pTHX) { return PL_envgv ? GvHVn(PL_envgv) : NULL; }

/* ---- what a script writes to %ENV of a response goes to its sink as well. The magic stays on the values from one response to
 * the next and holds none: it asks its interpreter's record. A thread that the script made has the magic and no sink. ---- */
#define SINK(me) ((me) && (me)->perl == MP_THX && (me)->env_sink)
static const char *key_of(pTHX_ const MAGIC *mg, STRLEN *n) {
    if (mg->mg_len == HEf_SVKEY) return SvPV_const((SV *)mg->mg_ptr, *n);
    *n = mg->mg_len;
    return mg->mg_ptr;
}
static int elem_set(pTHX_ SV *sv, MAGIC *mg) {
    mp_interp *me = MP_ME; STRLEN klen, n = 0; const char *s = "", *key;
    if (!SINK(me)) return 0;
    if (SvOK(sv)) s = SvPV_nomg_const(sv, n);
    key = key_of(aTHX_ mg, &klen);
    if (SINK(me)) me->env_sink->set(me->env_ctx, key, klen, s, n);      /* the text of an object is a script's: it may have ended the response */
    return 0;
}
static int elem_clear(pTHX_ SV *sv, MAGIC *mg) {
    mp_interp *me = MP_ME; STRLEN klen; const char *key;
    PERL_UNUSED_ARG(sv);
    if (!SINK(me)) return 0;
    key = key_of(aTHX_ mg, &klen);
    me->env_sink->unset(me->env_ctx, key, klen);
    return 0;
}
static const MGVTBL elem_magic = { NULL, elem_set, NULL, elem_clear, NULL, NULL, NULL, NULL };
static void mark(pTHX_ SV *sv, const char *key, I32 klen) { sv_magicext(sv, NULL, PERL_MAGIC_envelem, &elem_magic, key, klen); }

static int hash_set(pTHX_ SV *sv, MAGIC *mg) {           /* `local %ENV` begins or ends */
    mp_interp *me = MP_ME; HV *hv = (HV *)sv; HE *he;
    PERL_UNUSED_ARG(mg);
    if (!PL_localizing || !SINK(me)) return 0;
    hv_iterinit(hv);
    while ((he = hv_iternext(hv))) {
        I32 klen; STRLEN n = 0; char *key = hv_iterkey(he, &klen); SV *val = HeVAL(he); const char *s = SvOK(val) ? SvPV_nomg_const(val, n) : "";
        if (SINK(me)) me->env_sink->set(me->env_ctx, key, klen, s, n);
    }
    return 0;
}
static int hash_clear(pTHX_ SV *sv, MAGIC *mg) {
    mp_interp *me = MP_ME;
    PERL_UNUSED_ARG(sv); PERL_UNUSED_ARG(mg);
    if (SINK(me)) me->env_sink->clear(me->env_ctx);
    return 0;
}
static int hash_copy(pTHX_ SV *sv, MAGIC *mg, SV *elem, const char *key, I32 klen) {
    PERL_UNUSED_ARG(sv); PERL_UNUSED_ARG(mg);
    mark(aTHX_ elem, key, klen);
    return 1;
}
static int hash_local(pTHX_ SV *sv, MAGIC *mg);
static const MGVTBL hash_magic = { NULL, hash_set, NULL, hash_clear, NULL, hash_copy, NULL, hash_local };
static void mark_hash(pTHX_ SV *hv) { sv_magicext(hv, NULL, PERL_MAGIC_env, &hash_magic, NULL, 0)->mg_flags |= MGf_COPY | MGf_LOCAL; }
static int hash_local(pTHX_ SV *sv, MAGIC *mg) { PERL_UNUSED_ARG(mg); mark_hash(aTHX_ sv); return 1; }
/* Whether a value's or a hash's only magic is ours. */
static int is_marked(const SV *sv, const MGVTBL *with) {
    const MAGIC *mg = SvTYPE(sv) >= SVt_PVMG ? SvMAGIC(sv) : NULL;
    return mg && mg->mg_virtual == with && !mg->mg_moremagic;
}
void mp_env_to(mp_interp *me, const mp_env_sink *sink, void *ctx, mp_env_before *before) {
    if (before) { before->sink = me->env_sink; before->ctx = me->env_ctx; }
    me->env_sink = sink; me->env_ctx = ctx;
}

/* Stores without the hash's magic: the value is no element of environ. */
static void store(pTHX_ HV *hv, const mp_pair *p, int taint) {
    U32 magic = SvMAGICAL(hv); SV *sv = newSVpvn(p->value, p->vlen);
    if (is_marked((SV *)hv, &hash_magic)) mark(aTHX_ sv, p->key, (I32)p->klen);
    SvMAGICAL_off(hv);
    if (!hv_store(hv, p->key, (I32)p->klen, sv, 0)) SvREFCNT_dec(sv);
    else if (taint) SvTAINTED_on(sv);
    SvFLAGS(hv) |= magic;
}
void mp_env_set(mp_interp *me, const mp_pair *p, size_t n, int taint) {
    dTHXa(me->perl); HV *hv = env_hv(aTHX); size_t i;
    for (i = 0; hv && i < n; i++) store(aTHX_ hv, p + i, taint);
}
void mp_env_delete(mp_interp *me, const mp_pair *p, size_t n) {
    dTHXa(me->perl); HV *hv = env_hv(aTHX); size_t i; U32 magic;
    if (!hv) return;
    magic = SvMAGICAL(hv);
    SvMAGICAL_off(hv);
    for (i = 0; i < n; i++) mp_release(aTHX_ me, SvREFCNT_inc(hv_delete(hv, p[i].key, (I32)p[i].klen, 0)));
    SvFLAGS(hv) |= magic;
}

/* Exchanges what two hashes hold, not what they are: references to either see the other's content. */
static void exchange(HV *a, HV *b) {
    void *any = SvANY(a); U32 flags = SvFLAGS(a); SV **array = HvARRAY(a) ? (SV **)HvARRAY(a) : NULL;
    SvANY(a) = SvANY(b); SvFLAGS(a) = SvFLAGS(b); a->sv_u.svu_hash = b->sv_u.svu_hash;
    SvANY(b) = (XPVHV *)any; SvFLAGS(b) = flags; b->sv_u.svu_hash = (HE **)array;
}
/* In which round a value was set. It is a PVMG, whose stash nobody looks at while it is no object; numeric use keeps it. */
#define ROUND(sv) (((XPVMG *)SvANY(sv))->xmg_stash)
#define IS_OF(sv, round) (SvTYPE(sv) == SVt_PVMG && !SvOBJECT(sv) && ROUND(sv) == (HV *)(round))
/* A value that can be overwritten in place: `mine` references are the hash's and ours, and nobody has another. */
static int is_free(SV *sv, U32 mine) {
    return SvREFCNT(sv) == mine && SvTYPE(sv) == SVt_PVMG && !(SvFLAGS(sv) & (SVf_ROK | SVs_OBJECT | SVs_GMG | SVf_READONLY | SVf_PROTECT)) && is_marked(sv, &elem_magic) && !isREGEXP(sv);
}
static void fill(pTHX_ SV *sv, const char *s, size_t n, int taint, IV round, size_t *count) {
    if (ROUND(sv) != INT2PTR(HV *, round)) { ++*count; ROUND(sv) = INT2PTR(HV *, round); }
    sv_setpvn(sv, s, n); (void)SvPOK_only(sv);
    if (UNLIKELY(taint)) SvTAINTED_on(sv);
}
static SV *put(pTHX_ HV *hv, const char *k, size_t klen, const char *s, size_t n, int taint, IV round, size_t *count) {
    SV **p = hv_fetch(hv, k, (I32)klen, 1), *sv;
    if (!p) return NULL;
    sv = *p;
    if (!is_free(sv, 1)) {
        sv = newSV_type(SVt_PVMG);
        mark(aTHX_ sv, k, (I32)klen);
        SvREFCNT_dec(*p); *p = sv;
    }
    fill(aTHX_ sv, s, n, taint, round, count);
    return sv;
}
/* The variables of most requests are the same in the same order: each place remembers its value, counted. */
static void put_at(pTHX_ mp_interp *me, size_t i, const mp_pair *p, int taint, IV round, size_t *count) {
    mp_env_slot *slot;
    if (UNLIKELY(i >= me->nenv)) {
        mp_env_slot *more = i < 512 ? realloc(me->env_slots, (i + 32) * sizeof *more) : NULL;
        if (!more) { put(aTHX_ me->env, p->key, p->klen, p->value, p->vlen, taint, round, count); return; }
        memset(more + me->nenv, 0, (i + 32 - me->nenv) * sizeof *more);
        me->env_slots = more; me->nenv = i + 32;
    }
    slot = me->env_slots + i;
    if (LIKELY(slot->sv && slot->klen == p->klen && !memcmp(slot->key, p->key, p->klen) && is_free(slot->sv, 2))) {
        fill(aTHX_ slot->sv, p->value, p->vlen, taint, round, count);
        return;
    }
    SvREFCNT_dec(slot->sv);
    slot->klen = 0;
    slot->sv = put(aTHX_ me->env, p->key, p->klen, p->value, p->vlen, taint, round, count);
    if (slot->sv && p->klen <= sizeof slot->key) { Copy(p->key, slot->key, p->klen, char); slot->klen = p->klen; SvREFCNT_inc_simple_void_NN(slot->sv); }
    else slot->sv = NULL;
}
void mp_env_forget(pTHX_ mp_interp *me) {
    size_t i;
    for (i = 0; i < me->nenv; i++) SvREFCNT_dec(me->env_slots[i].sv);
    free(me->env_slots); me->env_slots = NULL; me->nenv = 0;
    SvREFCNT_dec((SV *)me->env); me->env = NULL;
}
/* 1: inside another response, whose %ENV gets the variables and keeps them. */
int mp_env_begin(mp_interp *me, const mp_pair *p, size_t n, int taint) {
    dTHXa(me->perl); HV *hv = env_hv(aTHX), *spare; size_t i, count = 0; HE **bucket; STRLEN b; IV round; U32 magic;
    if (!hv) return 1;
    if (me->env_on) { mp_env_set(me, p, n, taint); return 1; }
    if (!me->env) { me->env = newHV(); mark_hash(aTHX_ (SV *)me->env); }
    spare = me->env;
    magic = SvMAGICAL(spare);
    SvMAGICAL_off(spare);
    if (!me->env_round) me->env_round = PTR2IV(me) << 16;
    round = ++me->env_round;
    if ((bucket = HvARRAY(hv))) for (b = 0; b <= HvMAX(hv); b++) {
        HE *he;
        for (he = bucket[b]; he; he = HeNEXT(he)) {
            STRLEN len; SV *val = HeVAL(he); const char *s;
            if (val == &PL_sv_placeholder || !SvOK(val) || SvROK(val)) continue;
            s = SvPV_nomg_const(val, len);
            put(aTHX_ spare, HeKEY(he), HeKLEN(he), s, len, SvTAINTED(val), round, &count);
        }
    }
    for (i = 0; i < n; i++) put_at(aTHX_ me, i, p + i, taint, round, &count);
    if (UNLIKELY((size_t)HvUSEDKEYS(spare) != count)) { /* left by an earlier response or its script */
        HE *he; AV *gone = newAV();
        hv_iterinit(spare);
        while ((he = hv_iternext(spare))) {
            SV *val = HeVAL(he);
            if (!IS_OF(val, round)) av_push(gone, newSVhek(HeKEY_hek(he)));
        }
        while (AvFILL(gone) >= 0) {
            SV *key = av_pop(gone); SV *val = hv_delete_ent(spare, key, 0, 0);
            mp_release(aTHX_ me, SvREFCNT_inc(val));
            SvREFCNT_dec(key);
        }
        SvREFCNT_dec(gone);
    }
    SvFLAGS(spare) |= magic;
    exchange(hv, spare);
    me->env_on = 1; me->env_count = count;
    me->env_gv_hv = (HV *)SvREFCNT_inc_simple_NN((SV *)hv);
    return 0;
}
void mp_env_end(mp_interp *me) {
    dTHXa(me->perl); HE **bucket, *he; STRLEN b; size_t count = 0;
    if (!me->env_on) return;
    me->env_on = 0;
    exchange(me->env_gv_hv, me->env);
    if (is_marked((SV *)me->env, &hash_magic) && (bucket = HvARRAY(me->env)))
        for (b = 0; b <= HvMAX(me->env); b++)
            for (he = bucket[b]; he; he = HeNEXT(he)) if (IS_OF(HeVAL(he), me->env_round)) count++;
    /* A value that left the hash (`\delete $ENV{X}`) is the script's: our places must not write to it. Or it tied %ENV. */
    if (UNLIKELY(count != me->env_count)) mp_env_forget(aTHX_ me);
    if (UNLIKELY(env_hv(aTHX) != me->env_gv_hv) && PL_envgv) {          /* *ENV = \%other */
        SvREFCNT_dec(GvHV(PL_envgv)); GvHV(PL_envgv) = (HV *)SvREFCNT_inc_simple_NN((SV *)me->env_gv_hv);
    }
    SvREFCNT_dec(me->env_gv_hv); me->env_gv_hv = NULL;
}
