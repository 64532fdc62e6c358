/* %ENV of a request. Called by src/env.rs. Nothing here reaches environ. */
#include "shim.h"

static HV *env_hv(pTHX) { return PL_envgv ? GvHVn(PL_envgv) : NULL; }

/* Stores without the hash's magic: the value is no element of environ. */
static void store(pTHX_ HV *hv, const mp_pair *p, int taint) {
    U32 magic = SvMAGICAL(hv); SV *sv = newSVpvn(p->value, p->vlen);
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
/* One value, overwritten in place while nobody else holds it. Its unused IV tells in which round it was set. */
static void put(pTHX_ HV *hv, const char *k, size_t klen, const char *s, size_t n, int taint, IV round, size_t *count) {
    SV **p = hv_fetch(hv, k, (I32)klen, 1), *sv;
    if (!p) return;
    sv = *p;
    if (UNLIKELY(SvREFCNT(sv) != 1 || SvROK(sv) || SvMAGICAL(sv) || SvREADONLY(sv) || SvTYPE(sv) > SVt_PVMG || isREGEXP(sv))) {
        sv = newSV_type(SVt_PVIV);
        SvREFCNT_dec(*p); *p = sv;
    }
    if (SvTYPE(sv) < SVt_PVIV) (void)SvUPGRADE(sv, SVt_PVIV);
    if (SvIOK(sv) || SvIVX(sv) != round) { ++*count; }
    sv_setpvn(sv, s, n); SvPOK_only(sv);
    SvIV_set(sv, round);
    if (UNLIKELY(taint)) SvTAINTED_on(sv);
}
/* 1: inside another response, whose %ENV gets the variables and keeps them. */
int mp_env_begin(mp_interp *me, const mp_pair *p, size_t n, int taint) {
    dTHXa(me->perl); HV *hv = env_hv(aTHX), *spare; size_t i, count = 0; HE **bucket; STRLEN b; IV round;
    if (!hv) return 1;
    if (me->env_on) { mp_env_set(me, p, n, taint); return 1; }
    if (!me->env) me->env = newHV();
    spare = me->env;
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
    for (i = 0; i < n; i++) put(aTHX_ spare, p[i].key, p[i].klen, p[i].value, p[i].vlen, taint, round, &count);
    if (UNLIKELY((size_t)HvUSEDKEYS(spare) != count)) { /* left by an earlier response or its script */
        HE *he; AV *gone = newAV();
        hv_iterinit(spare);
        while ((he = hv_iternext(spare))) {
            SV *val = HeVAL(he);
            if (SvTYPE(val) < SVt_PVIV || SvIOK(val) || SvROK(val) || SvIVX(val) != round) av_push(gone, newSVhek(HeKEY_hek(he)));
        }
        while (AvFILL(gone) >= 0) {
            SV *key = av_pop(gone); SV *val = hv_delete_ent(spare, key, 0, 0);
            mp_release(aTHX_ me, SvREFCNT_inc(val));
            SvREFCNT_dec(key);
        }
        SvREFCNT_dec(gone);
    }
    exchange(hv, spare);
    me->env_on = 1;
    me->env_gv_hv = (HV *)SvREFCNT_inc_simple_NN((SV *)hv);
    return 0;
}
void mp_env_end(mp_interp *me) {
    dTHXa(me->perl);
    if (!me->env_on) return;
    me->env_on = 0;
    exchange(me->env_gv_hv, me->env);
    if (UNLIKELY(SvTYPE(me->env) != SVt_PVHV || SvMAGICAL(me->env))) { SvREFCNT_dec(me->env); me->env = NULL; }
    if (UNLIKELY(env_hv(aTHX) != me->env_gv_hv) && PL_envgv) {          /* *ENV = \%other */
        SvREFCNT_dec(GvHV(PL_envgv)); GvHV(PL_envgv) = (HV *)SvREFCNT_inc_simple_NN((SV *)me->env_gv_hv);
    }
    SvREFCNT_dec(me->env_gv_hv); me->env_gv_hv = NULL;
}
