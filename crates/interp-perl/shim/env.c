/* %ENV of a response, and of what runs inside one. Called by src/env.rs. Nothing here reaches environ.
 *
 * It is a stack of frames. Each has a %ENV of its own that begins as a copy of what %ENV shows, with its variables put in;
 * when it ends, %ENV is what it was. A frame keeps its hash for the next one at its depth: see `settle`. */
#include "env.h"


/* ---- what a script writes to %ENV of a frame goes to that frame's sink as well. The magic stays on the values from one frame
 * to the next, and asks its interpreter's record to which frame a value belongs. To none belongs a value in a thread that the script
 * made, a value of an earlier response, and a value that somebody deleted. ---- */
static const char *key_of(pTHX_ const MAGIC *mg, I32 *n) {      /* n is negative if the key is UTF-8 */
    STRLEN len; const char *s;
    if (mg->mg_len != HEf_SVKEY) { *n = (I32)mg->mg_len; return mg->mg_ptr; }
    s = SvPV_const((SV *)mg->mg_ptr, len);
    *n = SvUTF8((SV *)mg->mg_ptr) ? -(I32)len : (I32)len;
    return s;
}
#define LENGTH(klen) ((size_t)((klen) < 0 ? -(klen) : (klen)))
/* The frame in whose %ENV the value has this key. */
static const mp_env_frame *frame_of(pTHX_ const SV *sv, const char *key, I32 klen) {
    const mp_interp *me = mp_in_frame(aTHX); const mp_env_frame *f = me ? me->env_top : NULL; HV *hv = env_hv();
    for (; f && hv; hv = f->k->hv, f = f->outer) {
        SV **at = hv_common_key_len(hv, key, klen, HV_FETCH_JUST_SV | HV_DISABLE_UVAR_XKEY, NULL, 0);
        if (at && *at == sv) return f;
    }
    return NULL;
}
static int elem_set(pTHX_ SV *sv, MAGIC *mg) {
    STRLEN n = 0; I32 klen; const char *s = "", *key; const mp_env_frame *f;
    if (!mp_in_frame(aTHX)) return 0;
    if (SvOK(sv)) s = SvPV_nomg_const(sv, n);           /* the text of an object is a script's: it may end the response */
    key = key_of(aTHX_ mg, &klen);
    if ((f = frame_of(aTHX_ sv, key, klen))) f->sink->set(f->ctx, key, LENGTH(klen), s, n);
    return 0;
}
static int elem_clear(pTHX_ SV *sv, MAGIC *mg) {
    I32 klen; const char *key; const mp_env_frame *f;
    if (!mp_in_frame(aTHX)) return 0;
    key = key_of(aTHX_ mg, &klen);
    if ((f = frame_of(aTHX_ sv, key, klen))) f->sink->unset(f->ctx, key, LENGTH(klen));
    return 0;
}
static const MGVTBL elem_magic = { NULL, elem_set, NULL, elem_clear, NULL, NULL, NULL, NULL };
void mp_env_mark(pTHX_ SV *sv, const char *key, I32 klen) { sv_magicext(sv, NULL, PERL_MAGIC_envelem, &elem_magic, key, klen); }

/* The innermost frame, if this hash is its %ENV. */
static const mp_env_frame *frame_of_hash(pTHX_ const SV *sv) {
    const mp_interp *me = mp_in_frame(aTHX);
    return me && sv == (SV *)env_hv() ? me->env_top : NULL;
}
static int hash_set(pTHX_ SV *sv, MAGIC *mg) {          /* `local %ENV` begins (1) or ends (2) */
    const mp_env_frame *f = frame_of_hash(aTHX_ sv); HV *hv = (HV *)sv; HE *he;
    PERL_UNUSED_ARG(mg);
    if (!PL_localizing || !f) return 0;
    if (PL_localizing == 1) mp_env_fill(MP_ME);         /* what is put aside is put back whole */
    if (PL_localizing == 2) f->sink->clear(f->ctx);
    hv_iterinit(hv);
    while ((he = hv_iternext(hv))) {
        I32 klen; STRLEN n = 0; char *key = hv_iterkey(he, &klen); SV *val = HeVAL(he); const char *s = SvOK(val) ? SvPV_nomg_const(val, n) : "";
        if ((f = frame_of_hash(aTHX_ sv))) f->sink->set(f->ctx, key, LENGTH(klen), s, n);
    }
    return 0;
}
static int hash_clear(pTHX_ SV *sv, MAGIC *mg) {
    const mp_env_frame *f = frame_of_hash(aTHX_ sv);
    PERL_UNUSED_ARG(mg);
    if (f) f->sink->clear(f->ctx);
    return 0;
}
static int hash_copy(pTHX_ SV *sv, MAGIC *mg, SV *elem, const char *key, I32 klen) {
    PERL_UNUSED_ARG(sv); PERL_UNUSED_ARG(mg);
    mp_env_mark(aTHX_ elem, key, klen);
    return 1;
}
static int hash_local(pTHX_ SV *sv, MAGIC *mg);
static const MGVTBL hash_magic = { NULL, hash_set, NULL, hash_clear, NULL, hash_copy, NULL, hash_local };
/* Of a lazy frame's. With a callback for `clear` perl would take it for a tied hash (lazy.c). */
static const MGVTBL lazy_magic = { NULL, hash_set, NULL, NULL, NULL, hash_copy, NULL, hash_local };
static void mark_hash(pTHX_ SV *hv, const MGVTBL *with) { sv_magicext(hv, NULL, PERL_MAGIC_env, with, NULL, 0)->mg_flags |= MGf_COPY | MGf_LOCAL; }
static int hash_local(pTHX_ SV *sv, MAGIC *mg) { mark_hash(aTHX_ sv, mg->mg_virtual); return 1; }
/* Whether a value's or a hash's only magic is ours. */
static int is_marked(const SV *sv, const MGVTBL *with) {
    const MAGIC *mg = SvTYPE(sv) >= SVt_PVMG ? SvMAGIC(sv) : NULL;
    return mg && mg->mg_virtual == with && !mg->mg_moremagic;
}
/* Whether what is stored in the hash is marked: in the %ENV of a frame, and in one that a script localised there. */
static int marks(pTHX_ const HV *hv) {
    const MAGIC *mg = SvMAGICAL(hv) ? mg_find((const SV *)hv, PERL_MAGIC_env) : NULL;
    return mg && (mg->mg_virtual == &hash_magic || mg->mg_virtual == &lazy_magic);
}

/* Gives up a value: frees it now, or hands it to `free_later` if freeing it could run a script's code. */
static void let_go(pTHX_ SV *sv, AV **later) {
    if (LIKELY(SvREFCNT(sv) > 1 || (SvTYPE(sv) <= SVt_PVMG && !SvROK(sv) && !SvOBJECT(sv)))) { SvREFCNT_dec_NN(sv); return; }
    if (!*later) *later = newAV();
    av_push(*later, sv);
}
static void free_later(pTHX_ mp_interp *me, AV *later) {
    if (LIKELY(!later)) return;
    while (AvFILLp(later) >= 0) mp_release(aTHX_ me, av_pop(later));
    SvREFCNT_dec_NN((SV *)later);
}

/* ---- frames ---- */

/* Exchanges the contents of two hashes. The hashes themselves stay: a reference to one of them, weak or not, then sees the content
 * of the other. */
static void exchange(pTHX_ HV *a, HV *b) {
    void *any = SvANY(a); U32 flags = SvFLAGS(a); SV **array = HvARRAY(a) ? (SV **)HvARRAY(a) : NULL;
    SvANY(a) = SvANY(b); SvFLAGS(a) = SvFLAGS(b); a->sv_u.svu_hash = b->sv_u.svu_hash;
    SvANY(b) = (XPVHV *)any; SvFLAGS(b) = flags; b->sv_u.svu_hash = (HE **)array;
    if (HvHasAUX(a) || HvHasAUX(b)) {                         /* the list of weak references belongs to the hash itself */
        AV *of_a = HvHasAUX(b) ? HvAUX(b)->xhv_backreferences : NULL, *of_b = HvHasAUX(a) ? HvAUX(a)->xhv_backreferences : NULL;
        if (LIKELY(of_a == of_b)) return;
        if (!HvHasAUX(a)) hv_iterinit(a);                  /* makes room for it */
        if (!HvHasAUX(b)) hv_iterinit(b);
        HvAUX(a)->xhv_backreferences = of_a; HvAUX(b)->xhv_backreferences = of_b;
    }
}

/* The hash entry for which a frame's value was made. It is kept in the field that holds an object's class (xmg_stash): perl reads that
 * field of objects only, and a frame's values are none. */
#define HOME(sv) (*(HE **)&((XPVMG *)SvANY(sv))->xmg_stash)
#define GIVEN(he) INT2PTR(HE *, PTR2UV(he) | 1)                /* while a frame begins: this time, too */

static int is_text(const SV *sv) {
    return (SvFLAGS(sv) & (SVf_IOK | SVf_NOK | SVf_POK | SVp_IOK | SVp_NOK | SVp_POK | SVf_ROK | SVf_UTF8)) == (SVf_POK | SVp_POK);
}
static int has_text(const SV *sv, const char *s, size_t n) {
    return is_text(sv) && SvCUR(sv) == n && !memcmp(SvPVX_const(sv), s, n);
}
static void set_text(pTHX_ SV *sv, const char *s, size_t n, int taint) {
    if (!has_text(sv, s, n)) { sv_setpvn(sv, s, n); (void)SvPOK_only(sv); }
    if (UNLIKELY(taint)) SvTAINTED_on(sv);
}

/* A frame's variables while the frame begins. Most requests have the same names in the same order. `at`: how many variables have been
 * put in; `same`: so far their names were those of the last frame, so that `places` has the entry of each. If they were not, the
 * entries that have been put in are noted. */
typedef struct { mp_env_kept *f; size_t at; int same; } giving;
static void no_more_same(giving *g) {
    size_t i;
    g->same = 0;
    for (i = 0; i < g->at; i++) { HE *he = g->f->places[i]; HOME(HeVAL(he)) = GIVEN(he); }
}
static SV *give_other(pTHX_ giving *g, const char *key, I32 klen) {
    mp_env_kept *f = g->f; HE *he; SV *sv;
    if (g->same) no_more_same(g);
    he = (HE *)hv_common(f->hv, NULL, key, LENGTH(klen), klen < 0 ? HVhek_UTF8 : 0, HV_FETCH_LVALUE, NULL, 0);
    if (!he) return NULL;
    sv = HeVAL(he);
    if (SvTYPE(sv) < SVt_PVMG) {                        /* a new value: those kept from the last frame are PVMGs */
        SvREFCNT_dec_NN(sv);
        HeVAL(he) = sv = newSV_type(SVt_PVMG);
        mp_env_mark(aTHX_ sv, key, (I32)LENGTH(klen));
    }
    HOME(sv) = GIVEN(he);
    if (g->at == f->room) {
        HE **more = realloc(f->places, (f->room + 48) * sizeof *more);
        if (!more) return sv;                           /* no memory to remember its entry: looked up in each frame */
        f->places = more; f->room += 48;
    }
    f->places[g->at++] = he;
    return sv;
}
static inline SV *give(pTHX_ giving *g, const char *key, I32 klen) {
    const mp_env_kept *f = g->f;
    if (LIKELY(g->at < f->nplaces)) {
        HE *he = f->places[g->at];
        if (LIKELY(HeKLEN(he) == klen && !memcmp(HeKEY(he), key, klen) && !HeKUTF8(he))) {
            if (LIKELY(g->same)) { g->at++; return HeVAL(he); }
            if (HOME(HeVAL(he)) == he) { HOME(HeVAL(he)) = GIVEN(he); g->at++; return HeVAL(he); }
        }
    }
    return give_other(aTHX_ g, key, klen);
}
static void give_done(pTHX_ giving *g) {
    mp_env_kept *f = g->f; HV *hv = f->hv; HE **bucket = HvARRAY(hv), *he, *next; STRLEN b;
    if (LIKELY(g->same && g->at == f->nplaces)) return;
    if (g->same) no_more_same(g);
    f->nplaces = g->at;
    if (bucket) for (b = 0; b <= HvMAX(hv); b++)
        for (he = bucket[b]; he; he = next) {
            next = HeNEXT(he);
            if (HOME(HeVAL(he)) == GIVEN(he)) HOME(HeVAL(he)) = he;
            else (void)hv_delete(hv, HeKEY(he), HeKUTF8(he) ? -HeKLEN(he) : HeKLEN(he), G_DISCARD);    /* the last time's */
        }
    f->count = HvUSEDKEYS(hv);
}

static void throw_away(pTHX_ mp_interp *me, mp_env_kept *f) {
    HV *hv = f->hv;
    f->hv = NULL; f->nplaces = 0; f->count = 0;
    mp_release(aTHX_ me, (SV *)hv);
}
/* When a frame has ended, its hash keeps for the next frame those values with which it began, if each is still under its own key and
 * nobody else can reach it. All other values are given up: what a script added, put in place of another, or took a reference to. */
static int is_ours(const SV *sv, const HE *he) {
    return SvTYPE(sv) == SVt_PVMG && HOME(sv) == he && SvREFCNT(sv) == 1 && is_marked(sv, &elem_magic) && SvLEN(sv) <= 65536
        && !(SvFLAGS(sv) & (SVf_ROK | SVs_OBJECT | SVs_GMG | SVf_READONLY | SVf_PROTECT));
}
static void settle(pTHX_ mp_interp *me, mp_env_kept *f) {
    HV *hv = f->hv; HE **bucket, *he, *next; STRLEN b, max; size_t count = 0; AV *gone = NULL; U32 was;
    if (UNLIKELY(!(f->lazy ? mp_env_watches(hv, &lazy_magic) : is_marked((SV *)hv, &hash_magic)) || (SvFLAGS(hv) & (SVf_READONLY | SVf_PROTECT | SVs_OBJECT)) || SvREFCNT(hv) != 1 || TAINTING_get)) {
        throw_away(aTHX_ me, f);
        return;
    }
    if (HvHasAUX(hv)) hv_iterinit(hv);                     /* an `each` that did not come to its end */
    was = open_up(hv);
    if ((bucket = HvARRAY(hv))) for (b = 0, max = HvMAX(hv); b <= max; b++)
        for (he = bucket[b]; he; he = next) {
            next = HeNEXT(he);
            if (LIKELY(is_ours(HeVAL(he), he))) { count++; continue; }
            let_go(aTHX_ HeVAL(he), &gone);
            HeVAL(he) = &PL_sv_undef;
            (void)hv_delete(hv, HeKEY(he), HeKUTF8(he) ? -HeKLEN(he) : HeKLEN(he), G_DISCARD);
        }
    SvFLAGS(hv) |= was;
    if (UNLIKELY(count != f->count)) { f->nplaces = 0; f->count = count; }      /* the number of entries has changed: one of `places` may be freed */
    free_later(aTHX_ me, gone);                         /* last: DESTROY may begin a frame */
}

/* Whether a frame does not begin with a variable: the last of those given are names without a value, and a lazy one asks for those of CGI. */
static int is_left_out(const mp_env_kept *k, const mp_pair *without, size_t n, const char *key, size_t klen) {
    for (; n; n--, without++) if (without->klen == klen && !memcmp(without->key, key, klen)) return 1;
    return k->lazy && mp_env_is_cgi(key, klen);
}
/* Puts in the variables with which a frame begins; `picks`: not all of them. Once for each, as most frames begin with all. */
static inline __attribute__((always_inline)) void give_all(pTHX_ giving *g, HV *hv, const mp_pair *under, size_t nunder, const mp_pair *p, size_t n, size_t nwithout, int taint, const int picks) {
    HE **bucket = HvARRAY(hv), *he; STRLEN b; size_t i; SV *sv;
#define LEFT_OUT(key, klen) (picks && is_left_out(g->f, p + n, nwithout, key, klen))
    for (i = 0; i < nunder; i++) if (!LEFT_OUT(under[i].key, under[i].klen) && (sv = give(aTHX_ g, under[i].key, (I32)under[i].klen))) set_text(aTHX_ sv, under[i].value, under[i].vlen, taint);
    if (bucket) for (b = 0; b <= HvMAX(hv); b++)
        for (he = bucket[b]; he; he = HeNEXT(he)) {
            SV *val = HeVAL(he);
            if (val == &PL_sv_placeholder || LEFT_OUT(HeKEY(he), (size_t)HeKLEN(he)) || !(sv = give(aTHX_ g, HeKEY(he), HeKUTF8(he) ? -HeKLEN(he) : HeKLEN(he)))) continue;
            if (LIKELY(is_text(val))) set_text(aTHX_ sv, SvPVX_const(val), SvCUR(val), SvTAINTED(val));
            else if (SvTYPE(val) <= SVt_PVMG) sv_setsv_flags(sv, val, SV_NOSTEAL);      /* no magic: no code of a script */
            else { STRLEN len; const char *s = SvPV_nomg_const(val, len); set_text(aTHX_ sv, s, len, 0); }
        }
    for (i = 0; i < n; i++) if (!LEFT_OUT(p[i].key, p[i].klen) && (sv = give(aTHX_ g, p[i].key, (I32)p[i].klen))) set_text(aTHX_ sv, p[i].value, p[i].vlen, taint);
}
/* 0: there is no %ENV. `under`: variables below those that %ENV shows already, of a lazy frame; NULL: the frame is none. */
int mp_env_begin(mp_interp *me, const void *owner, const mp_pair *under, size_t nunder, const mp_pair *p, size_t n, int taint, const mp_env_sink *sink, void *ctx) {
    dTHXa(me->perl); HV *hv = env_hv(); U32 was; giving g; mp_env_kept *k;
    mp_env_frame **at = me->env_top ? &me->env_top->inner : &me->env_first, *f = *at; size_t nwithout = 0;
    if (!hv) return 0;
    while (n && !p[n - 1].value) { n--; nwithout++; }
    if (me->env_top) mp_env_fill(me);                   /* it begins with all that the outer one has */
    if (!f) {
        if (!(f = calloc(1, sizeof *f))) return 0;
        f->outer = me->env_top;
        *at = f;
    }
    f->k = k = f->kept + (under != NULL);
    k->lazy = under != NULL;
    if (!k->hv) {
        k->hv = newHV();
        mark_hash(aTHX_ (SV *)k->hv, under ? &lazy_magic : &hash_magic);
        if (under) mp_env_watch(aTHX_ k->hv);
    }
    was = open_up(k->hv);
    g.f = k; g.at = 0; g.same = k->nplaces > 0;
    if (LIKELY(!under && !nwithout)) give_all(aTHX_ &g, hv, NULL, 0, p, n, 0, taint, 0);
    else give_all(aTHX_ &g, hv, under, nunder, p, n, nwithout, taint, 1);
    give_done(aTHX_ &g);
    SvFLAGS(k->hv) |= was;
    exchange(aTHX_ hv, k->hv);
    f->lazy = k->lazy; f->taint = taint; f->least = k->count;
    f->of = (HV *)SvREFCNT_inc_simple_NN((SV *)hv);
    f->owner = owner; f->sink = sink; f->ctx = ctx;
    me->env_top = f;
    if (k->lazy) mp_env_look_for_threads(aTHX_ me);
    return 1;
}
void mp_env_end(mp_interp *me) {
    dTHXa(me->perl); mp_env_frame *f = me->env_top; HV *of;
    if (!f) return;
    if (UNLIKELY(f->k->lazy)) mp_env_look(f);
    of = f->of; f->of = NULL;
    me->env_top = f->outer;
    exchange(aTHX_ of, f->k->hv);
    if (UNLIKELY(env_hv() != of) && PL_envgv) {         /* *ENV = \%other */
        HV *other = GvHV(PL_envgv);
        GvHV(PL_envgv) = (HV *)SvREFCNT_inc_simple_NN((SV *)of);
        mp_release(aTHX_ me, (SV *)other);
    }
    SvREFCNT_dec_NN((SV *)of);                          /* never the last: it is %ENV */
    settle(aTHX_ me, f->k);
}
void mp_env_forget(pTHX_ mp_interp *me) {
    mp_env_frame *f, *inner;
    for (f = me->env_first; f; f = inner) {
        inner = f->inner;
        SvREFCNT_dec((SV *)f->kept[0].hv); SvREFCNT_dec((SV *)f->kept[1].hv);
        free(f->kept[0].places); free(f->kept[1].places); free(f);
    }
    me->env_first = me->env_top = NULL;
    free(me->env_over.items); me->env_over.items = NULL; me->env_over.room = 0;
}
/* The request whose variables %ENV shows now; NULL if it shows no request's. */
const void *mp_env_owner(const mp_interp *me) { return me->env_top ? me->env_top->owner : me->env_over.owner; }

/* ---- variables in %ENV as it is ---- */
static void store(pTHX_ mp_interp *me, HV *hv, const mp_pair *p, int taint, int is_frames) {
    SV **at = hv_fetch(hv, p->key, (I32)p->klen, 0), *sv;
    if (at && SvTYPE(*at) <= SVt_PVMG && !(SvFLAGS(*at) & (SVf_ROK | SVs_OBJECT | SVf_READONLY | SVf_PROTECT))) {
        set_text(aTHX_ *at, p->value, p->vlen, taint);
        return;
    }
    sv = newSVpvn(p->value, p->vlen);
    if (taint) SvTAINTED_on(sv);
    if (is_frames) mp_env_mark(aTHX_ sv, p->key, (I32)p->klen);
    if (at) { SV *old = *at; *at = sv; mp_release(aTHX_ me, old); }
    else if (!hv_store(hv, p->key, (I32)p->klen, sv, 0)) SvREFCNT_dec_NN(sv);
}
/* Without the hash's magic, and the values': nothing reaches environ or a sink. */
void mp_env_set(mp_interp *me, const mp_pair *p, size_t n, int taint) {
    dTHXa(me->perl); HV *hv = env_hv(); size_t i; U32 was; int is_frames;
    if (!hv) return;
    is_frames = marks(aTHX_ hv);
    was = open_up(hv);
    for (i = 0; i < n; i++) store(aTHX_ me, hv, p + i, taint, is_frames);
    SvFLAGS(hv) |= was;
}

/* ---- variables that the calls of a request see in the interpreter's own %ENV, while no frame has begun. What a script writes to
 * other variables stays there, as with mod_perl; these are taken out when the call ends, and what was there comes back. ---- */
#define SAME (&PL_sv_yes)                               /* `old` of a variable that %ENV had already, with the same value: nothing was changed */
static mp_env_item *item_of(mp_env_over *o, const mp_pair *p) {
    size_t i;
    for (i = o->n; i-- > 0;) if (o->items[i].put.klen == p->klen && !memcmp(o->items[i].put.key, p->key, p->klen)) return o->items + i;
    return NULL;
}
static mp_env_item *new_item(mp_env_over *o, const mp_pair *p, U32 hash) {
    if (o->n == o->room) {
        mp_env_item *more = realloc(o->items, (o->room + 32) * sizeof *more);
        if (!more) return NULL;
        Zero(more + o->room, 32, mp_env_item);
        o->items = more; o->room += 32;
    }
    o->items[o->n].put = *p; o->items[o->n].old = NULL; o->items[o->n].hash = hash;
    return o->items + o->n++;
}
/* Looks a key up by a hash value that may be a wrong one: NULL does not mean that the key is missing. */
static HE *entry_of(HV *hv, const mp_pair *p, U32 hash) {
    HE *he = HvARRAY(hv) ? HvARRAY(hv)[hash & HvMAX(hv)] : NULL;
    for (; he; he = HeNEXT(he))
        if (HeHASH(he) == hash && HeKLEN(he) == (I32)p->klen && !HeKUTF8(he) && !memcmp(HeKEY(he), p->key, p->klen))
            return HeVAL(he) == &PL_sv_placeholder ? NULL : he;
    return NULL;
}
/* The usual case: a call needs the same variables as the last one, whose items are still noted. Whether %ENV still has this one. */
static int is_there(pTHX_ mp_env_over *o, const mp_pair *p, int taint) {
    mp_env_item *item = o->items + o->n; HE *he;
    if (taint && TAINTING_get) return 0;
    if (o->n >= o->room || item->put.key != p->key || item->put.klen != p->klen || !(he = entry_of(o->of, p, item->hash))) return 0;
    if (!has_text(HeVAL(he), p->value, p->vlen)) return 0;
    item->put = *p; item->old = SAME;
    o->n++;
    return 1;
}
/* Puts in a variable that the same call has put in before. If the first time nothing was changed (SAME) and now the value in %ENV is
 * another or is gone, the former value is noted, so that it can be put back. */
static void put_again(pTHX_ mp_env_item *item, const mp_pair *p, int in_place) {
    if (item->old == SAME && !(in_place && item->put.vlen == p->vlen && !memcmp(item->put.value, p->value, p->vlen)))
        item->old = newSVpvn(item->put.value, item->put.vlen);
    item->put = *p;
}
static void put_over(pTHX_ mp_env_over *o, const mp_pair *p, int taint, AV **later) {
    HV *hv = o->of; const size_t before = HvTOTALKEYS(hv); SV *sv, *made; mp_env_item *item = o->n ? item_of(o, p) : NULL;
    HE *he; int is_new;
    if (!item && LIKELY(is_there(aTHX_ o, p, taint))) return;
    he = (HE *)hv_common(hv, NULL, p->key, p->klen, 0, HV_FETCH_LVALUE, NULL, 0);
    is_new = before != HvTOTALKEYS(hv);
    if (!he) return;
    sv = HeVAL(he);
    if (!is_new && has_text(sv, p->value, p->vlen) && !(taint && TAINTING_get && !SvTAINTED(sv))) {
        if (item) put_again(aTHX_ item, p, 1);
        else if ((item = new_item(o, p, HeHASH(he)))) item->old = SAME;
        return;
    }
    made = newSVpvn(p->value, p->vlen);
    if (taint) SvTAINTED_on(made);
    HeVAL(he) = made;
    if (item) put_again(aTHX_ item, p, 0);
    else if ((item = new_item(o, p, HeHASH(he))) && !is_new) { item->old = sv; return; }
    if (is_new) SvREFCNT_dec_NN(sv); else let_go(aTHX_ sv, later);
}
/* Puts variables into %ENV. The caller keeps the pairs valid until mp_env_leave. */
/* The text that %ENV has under a name (Entered::env); NULL: none, or a reference. Good until code runs. */
const char *mp_env_get(mp_interp *me, const char *key, size_t klen, size_t *n) {
    dTHXa(me->perl); HV *hv = env_hv(); SV **at; STRLEN len; const char *s;
    if (!hv || mg_find((SV *)hv, PERL_MAGIC_tied)) return NULL;
    at = hv_fetch(hv, key, (I32)klen, 0);
    if (!at || !SvOK(*at) || SvROK(*at)) return NULL;
    s = SvPV_nomg_const(*at, len); *n = len;
    return s;
}
void mp_env_put(mp_interp *me, const void *owner, const mp_pair *p, size_t n, int taint) {
    dTHXa(me->perl); HV *hv = env_hv(); mp_env_over *o = &me->env_over; size_t i; U32 was; AV *later = NULL;
    if (!hv) return;
    if (me->env_top || !owner || (o->owner && o->of != hv)) { mp_env_set(me, p, n, taint); return; }    /* the last: in `local %ENV` */
    if (!o->owner) { o->owner = owner; o->of = (HV *)SvREFCNT_inc_simple_NN((SV *)hv); }
    was = open_up(o->of);
    for (i = 0; i < n; i++) put_over(aTHX_ o, p + i, taint, &later);
    SvFLAGS(o->of) |= was;
    free_later(aTHX_ me, later);
}
/* Takes the variables out again; tells `sink` the values of those that a script changed. */
void mp_env_leave(mp_interp *me, const mp_env_sink *sink, void *ctx) {
    dTHXa(me->perl); mp_env_over *o = &me->env_over; HV *hv = o->of; U32 was; AV *later = NULL;
    if (!o->owner) return;
    was = open_up(hv);
    while (o->n) {
        const mp_env_item item = o->items[--o->n]; const mp_pair *p = &item.put;
        HE *known = entry_of(hv, p, item.hash), *he = known ? known : (HE *)hv_common(hv, NULL, p->key, p->klen, 0, 0, NULL, 0);
        SV *sv = he ? HeVAL(he) : NULL; int changed = !sv || !has_text(sv, p->value, p->vlen);
        if (UNLIKELY(changed)) {
            STRLEN len = 0; const char *s = "";
            if (!sv) sink->unset(ctx, p->key, p->klen);
            else if (!SvROK(sv)) {
                if (SvOK(sv)) s = SvPV_nomg_const(sv, len);
                sink->set(ctx, p->key, p->klen, s, len);
            }
        }
        if (item.old == SAME) {                         /* with the hash's magic: the script's value may be in environ, and this one must follow it there */
            if (!changed) continue;
            if (!mg_find((SV *)hv, PERL_MAGIC_tied)) SvFLAGS(hv) |= was & (SVs_GMG | SVs_SMG | SVs_RMG);
            if (!sv || SvROK(sv) || SvREADONLY(sv) || SvOBJECT(sv) || SvTYPE(sv) > SVt_PVMG) {
                SV *made = newSVpvn(p->value, p->vlen);
                if (sv) { HeVAL(he) = &PL_sv_undef; let_go(aTHX_ sv, &later); }
                if (!hv_store(hv, p->key, (I32)p->klen, made, 0)) SvREFCNT_dec_NN(made); else SvSETMAGIC(made);
            }
            else { sv_setpvn(sv, p->value, p->vlen); (void)SvPOK_only(sv); SvSETMAGIC(sv); }
            SvMAGICAL_off(hv);
        }
        else if (item.old) {
            if (he) { HeVAL(he) = item.old; let_go(aTHX_ sv, &later); }
            else if (!hv_store(hv, p->key, (I32)p->klen, item.old, 0)) SvREFCNT_dec_NN(item.old);
        }
        else if (he) {
            HeVAL(he) = &PL_sv_undef;
            (void)hv_delete(hv, p->key, (I32)p->klen, G_DISCARD);
            let_go(aTHX_ sv, &later);
        }
    }
    SvFLAGS(hv) |= was;
    o->owner = NULL; o->of = NULL;
    free_later(aTHX_ me, later);
    mp_release(aTHX_ me, (SV *)hv);
}
