/* A lazy frame of %ENV (env.c): it begins without the request's CGI variables, and each comes when it is asked for. Called by src/env.rs.
 *
 * perl calls the hash's `uvar` magic with each key that is read, tested, written or deleted, before it looks for it. The hash has no
 * callback for `clear`, as perl treats one that has both like a tied hash: that it was emptied is seen when it is next asked for
 * anything, by the number of its entries, from which only deletes take. What is emptied stays so, also key by key. */
#include "env.h"
extern char **environ;

/* The names of CGI. They are the request's alone, whatever %ENV had before under them. */
int mp_env_is_cgi(const char *key, size_t n) {
#define IS(name) (n == sizeof name - 1 && !memcmp(key, name, sizeof name - 1))
    switch (n ? *key : 0) {
    case 'A': return IS("AUTH_TYPE");
    case 'C': return IS("CONTENT_LENGTH") || IS("CONTENT_TYPE") || IS("CONTEXT_PREFIX") || IS("CONTEXT_DOCUMENT_ROOT");
    case 'D': return IS("DOCUMENT_ROOT");
    case 'G': return IS("GATEWAY_INTERFACE");
    case 'H': return n > 5 && !memcmp(key, "HTTP_", 5);
    case 'P': return IS("PATH_INFO") || IS("PATH_TRANSLATED");
    case 'Q': return IS("QUERY_STRING");
    case 'R': return IS("REMOTE_ADDR") || IS("REMOTE_HOST") || IS("REMOTE_PORT") || IS("REMOTE_USER") || IS("REMOTE_IDENT") || IS("REQUEST_METHOD")
        || IS("REQUEST_SCHEME") || IS("REQUEST_URI");
    case 'S': return IS("SCRIPT_NAME") || IS("SCRIPT_FILENAME") || IS("SERVER_NAME") || IS("SERVER_ADDR") || IS("SERVER_PORT") || IS("SERVER_PROTOCOL")
        || IS("SERVER_ADMIN") || IS("SERVER_SIGNATURE") || IS("SERVER_SOFTWARE");
    }
    return 0;
}

static void add(pTHX_ mp_env_frame *f, const char *key, size_t klen, const char *value, size_t vlen) {
    HV *hv = f->of; SV *sv = newSV_type(SVt_PVMG); const STRLEN max = HvMAX(hv);
#ifdef PERL_HASH_RANDOMIZE_KEYS
    const U32 rand = HvHasAUX(hv) ? HvAUX(hv)->xhv_rand : 0;
#endif
    const U32 was = open_up(hv);
    sv_setpvn(sv, value, vlen);
    mp_env_mark(aTHX_ sv, key, (I32)klen);
    if (f->taint) SvTAINTED_on(sv);
    if (!hv_store(hv, key, (I32)klen, sv, 0)) SvREFCNT_dec_NN(sv);
#ifdef PERL_HASH_RANDOMIZE_KEYS                          /* a reader adds nothing, for a loop with `each` */
    if (max == HvMAX(hv) && HvHasAUX(hv) && rand) HvAUX(hv)->xhv_rand = rand;
#endif
    SvFLAGS(hv) |= was;
}

static int is_there(pTHX_ const mp_env_frame *f, const char *key, STRLEN n, int flags) {
    return hv_common(f->of, NULL, key, n, flags, HV_FETCH_ISEXISTS | HV_DISABLE_UVAR_XKEY, NULL, 0) != NULL;
}

/* Whether the hash has been emptied meanwhile. */
void mp_env_look(mp_env_frame *f) {
    if (LIKELY(!f->k->lazy || HvTOTALKEYS(f->of) >= f->least)) return;
    f->lazy = 0; f->least = 0;
    f->sink->clear(f->ctx);
}

/* All variables, now. */
void mp_env_fill(mp_interp *me) {
    mp_env_frame *f = me->env_top;
    if (LIKELY(!f || !f->lazy)) return;
    mp_env_look(f);
    if (!f->lazy) return;
    f->lazy = 0;
    f->sink->all(f->ctx, me);
}
/* A thread that a script makes has a copy of what there is: where there may be one, all of them are there from the start. Asked when a
 * frame begins, and when something was loaded in it. */
void mp_env_look_for_threads(pTHX_ mp_interp *me) {
#ifdef USE_ITHREADS
    if (me->env_top && me->env_top->lazy && UNLIKELY(gv_stashpvs("threads", 0) != NULL) && mp_may_have_threads(aTHX)) mp_env_fill(me);
#endif
}
/* Those that the innermost frame does not have yet. Called back by `all`. */
void mp_env_add(mp_interp *me, const mp_pair *p, size_t n) {
    dTHXa(me->perl); mp_env_frame *f = me->env_top; size_t i;
    if (!f || !f->k->lazy) return;
    for (i = 0; i < n; i++)
        if (!is_there(aTHX_ f, p[i].key, p[i].klen, 0)) add(aTHX_ f, p[i].key, p[i].klen, p[i].value, p[i].vlen);
    f->least = HvTOTALKEYS(f->of);
}

/* perl is about to do something with a key of the hash. */
static I32 on_key(pTHX_ IV action, SV *hv) {
    const mp_interp *me = mp_in_frame(aTHX); mp_env_frame *f = me ? me->env_top : NULL; const MAGIC *mg; SV *keysv;
    const char *key, *value; STRLEN n; size_t vlen; int there;
    if (!f || (SV *)f->of != hv || !f->k->lazy || !(mg = mg_find(hv, PERL_MAGIC_uvar)) || !(keysv = mg->mg_obj)) return 0;
    mp_env_look(f);
    if (!f->lazy && !(action & HV_DELETE)) { f->least = HvTOTALKEYS(f->of); return 0; }
    if (UNLIKELY(!SvPOK(keysv) || SvROK(keysv) || SvGMAGICAL(keysv))) {       /* perl has yet to make a text of it */
        mp_env_fill((mp_interp *)me);
        f->least = HvTOTALKEYS(f->of);
        if (action & HV_DELETE) f->least--;
        return 0;
    }
    key = SvPV_nomg_const(keysv, n);
    there = is_there(aTHX_ f, key, n, SvUTF8(keysv) ? HVhek_UTF8 : 0);
    if (!there && f->lazy && !(action & HV_FETCH_ISSTORE) && f->sink->get(f->ctx, key, n, &value, &vlen)) {
        add(aTHX_ f, key, n, value, vlen);
        there = 1;
    }
    f->least = HvTOTALKEYS(f->of);
    if ((action & HV_DELETE) && there && f->least && !--f->least) f->lazy = 0;
    return 0;
}

void mp_env_watch(pTHX_ HV *hv) {
    struct ufuncs on = { on_key, NULL, 0 };
    sv_magic((SV *)hv, NULL, PERL_MAGIC_uvar, (const char *)&on, sizeof on);
    hv_ksplit(hv, 64);
}
/* Whether it is as mp_env_watch and `beside` have left it. */
int mp_env_watches(const HV *hv, const MGVTBL *beside) {
    const MAGIC *mg = SvTYPE(hv) >= SVt_PVMG ? SvMAGIC(hv) : NULL, *next = mg ? mg->mg_moremagic : NULL;
    return next && !next->mg_moremagic && mg->mg_type == PERL_MAGIC_uvar && ((struct ufuncs *)mg->mg_ptr)->uf_val == on_key && next->mg_virtual == beside;
}

/* Gives this process, which is about to be another program or was made for one, the variables of the lazy frame that runs; NULL:
 * there is none, and nothing was done. */
char **mp_env_to_program(pTHX_ mp_interp *me) {
    HV *hv = env_hv(); HE **bucket, *he; STRLEN b; size_t n = 0; char **all;
    if (!me->env_top || !me->env_top->k->lazy || !hv) return NULL;
    if (!(all = calloc(HvTOTALKEYS(hv) + 1, sizeof *all))) return NULL;
    if ((bucket = HvARRAY(hv))) for (b = 0; b <= HvMAX(hv); b++)
        for (he = bucket[b]; he; he = HeNEXT(he)) {
            SV *val = HeVAL(he); STRLEN len = 0; const char *s = ""; char *one;
            if (val == &PL_sv_placeholder || SvROK(val)) continue;
            if (SvPOK(val)) s = SvPV_nomg_const(val, len);
            else if (SvOK(val) && SvTYPE(val) <= SVt_PVMG) s = SvPV_nomg_const(val, len);
            if (!(one = malloc((size_t)HeKLEN(he) + len + 2))) continue;
            memcpy(one, HeKEY(he), (size_t)HeKLEN(he)); one[HeKLEN(he)] = '=';
            memcpy(one + HeKLEN(he) + 1, s, len); one[(size_t)HeKLEN(he) + 1 + len] = 0;
            all[n++] = one;
        }
    return environ = all;
}
void mp_env_free(char **all) {
    char **one = all;
    while (*one) free(*one++);
    free(all);
}
