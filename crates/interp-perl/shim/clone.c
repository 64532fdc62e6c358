/* Clones, and the wrap around CLONE and CLONE_SKIP. Called by src/perl.rs on a big-stack thread. */
#include "shim.h"

/* The clone in the making, on the thread that makes it. */
static __thread struct { mp_interp *from, *to; char *error; size_t len; } making;

static void complain(pTHX_ mp_interp *me, int tag, SV *err) {
    STRLEN n; const char *s; SV *t = NULL;
    if (making.error) return;                           /* the first one tells */
    if (tag == MP_CORE_EXIT) { s = "CORE::exit was called"; n = strlen(s); }
    else {
        if (err && !mp_has_text(aTHX_ err)) err = t = mp_dump(aTHX_ err);
        else if (err && SvROK(err) && mp_run(aTHX_ me, (SV *)get_cv("ModInterp::text", 0), err, NULL, 0, &t) == MP_OK && t) err = t;
        /* no code runs here any more: nothing would catch what it throws */
        s = err && !SvROK(err) ? SvPV_nomg_const(err, n) : (s = "an exception that has no text", n = strlen(s), s);
    }
    if ((making.error = malloc(n + 1))) { Copy(s, making.error, n, char); making.error[n] = 0; making.len = n; }
    SvREFCNT_dec(t);
}

static MGVTBL sealed = { 0 };

/* perl_clone calls it in place of a class's CLONE (any_i32 0) or CLONE_SKIP (1), with no eval around it. */
XS_EXTERNAL(mp_xs_clone) {
    dXSARGS;
    MAGIC *mg = mg_findext((SV *)cv, PERL_MAGIC_ext, &sealed);
    SV *klass = items ? ST(0) : &PL_sv_undef, *ret = NULL;
    const I32 skip = CvXSUBANY(cv).any_i32; int tag, yes = 0;
#ifdef USE_ITHREADS
    if (making.to && aTHX != making.from->perl && MP_ME == making.from) {       /* its record must not be the parent's */
        making.to->perl = aTHX;
        PL_my_cxt_list[mp_cxt_index] = making.to;
    }
#endif
    SP -= items; PUTBACK;
    if (!mg || !mg->mg_obj) XSRETURN_EMPTY;
    tag = mp_run(aTHX_ MP_ME, mg->mg_obj, klass, NULL, 0, &ret);
    if (tag == MP_OK) yes = ret && (SvROK(ret) || SvTRUE_nomg(ret));
    else if (!skip) complain(aTHX_ MP_ME, tag, ret);
    SvREFCNT_dec(ret);
    MP_ME->leaving = 0;
    if (!skip) XSRETURN_EMPTY;
    ST(0) = boolSV(yes);
    XSRETURN(1);
}
static void seal(pTHX_ HV *stash, const char *name, I32 skip) {
    GV *gv = gv_fetchmeth_pv(stash, name, -1, 0); CV *was, *cv;
    if (!gv || !isGV(gv) || GvSTASH(gv) != stash || GvCVGEN(gv) || !(was = GvCV(gv))) return;
    if (CvISXSUB(was) && CvXSUB(was) == mp_xs_clone) return;
    cv = newXS(NULL, mp_xs_clone, "mod_interp");
    CvXSUBANY(cv).any_i32 = skip;
    sv_magicext((SV *)cv, (SV *)was, PERL_MAGIC_ext, &sealed, NULL, 0);         /* counts `was`; perl_clone maps it */
    GvCV_set(gv, cv);
    SvREFCNT_dec((SV *)was);
    mro_method_changed_in(stash);
}
void mp_seal(mp_interp *me) {
    dTHXa(me->perl);
    SV *arena, *ret = NULL; HV **found = NULL; size_t n = 0, room = 0, i;
    (void)mp_run(aTHX_ me, (SV *)get_cv("ModInterp::flush", 0), NULL, NULL, 0, &ret);
    SvREFCNT_dec(ret);
    me->leaving = 0;
    for (arena = PL_sv_arenaroot; arena; arena = (SV *)SvANY(arena)) {
        SV *sv, *end = &arena[SvREFCNT(arena)];
        for (sv = arena + 1; sv < end; sv++) {
            if (SvTYPE(sv) != SVt_PVHV || !SvREFCNT(sv) || !MP_HAS_NAME((HV *)sv)) continue;
            if (!hv_existss((HV *)sv, "CLONE") && !hv_existss((HV *)sv, "CLONE_SKIP")) continue;
            if (n == room) { HV **more = realloc(found, (room = room ? room * 2 : 64) * sizeof *found); if (!more) break; found = more; }
            found[n++] = (HV *)sv;
        }
    }
    for (i = 0; i < n; i++) { seal(aTHX_ found[i], "CLONE", 0); seal(aTHX_ found[i], "CLONE_SKIP", 1); }
    free(found);
}
const char *mp_clone_error(size_t *len) { *len = making.len; return making.error; }
void mp_clone_done(void) { free(making.error); making.error = NULL; making.len = 0; }      /* the thread ends */

#ifdef USE_ITHREADS
/* threads.xs keeps in a context of each interpreter which thread it is, and puts another one there while it makes or joins one.
 * It has no CLONE, so all clones would share the parent's context, and a join may find a stranger's thread in it. Each clone gets
 * its own, as MY_CXT_CLONE would make it. Returns the first thread's record, with which threads.xs's pool begins. */
static void *first_thread(pTHX) {
    HE *he; void *first = NULL;
    if (!PL_modglobal) return NULL;
    hv_iterinit(PL_modglobal);
    while ((he = hv_iternext(PL_modglobal))) {
        I32 n; const char *key = hv_iterkey(he, &n); SV *value = HeVAL(he);
        if (n > 14 && memEQ(key, "threads::_pool", 14) && SvIOK(value)) first = INT2PTR(void *, SvIV(value));
    }
    return first;
}
/* The context's number in the interpreter that loaded threads.xs: the context is the buffer of a scalar there, and begins with the
 * first thread. The list itself holds anything where a module is not loaded, so nothing is read through it. -1: not found. */
static int thread_slot(pTHX_ void *first) {
    static int known = -1; SV *arena; int slot = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (!first || slot >= 0) return first ? slot : -1;
    for (arena = PL_sv_arenaroot; arena && slot < 0; arena = (SV *)SvANY(arena)) {
        SV *sv, *end = &arena[SvREFCNT(arena)]; I32 i;
        for (sv = arena + 1; sv < end; sv++) {
            if (SvTYPE(sv) != SVt_PV || !SvREFCNT(sv) || SvOK(sv) || !SvPVX_const(sv) || SvLEN(sv) < sizeof first || *(void **)SvPVX(sv) != first) continue;
            for (i = 0; i < PL_my_cxt_size; i++) if (PL_my_cxt_list[i] == (void *)SvPVX(sv)) slot = i;
        }
    }
    __atomic_store_n(&known, slot, __ATOMIC_RELAXED);
    return slot;
}
static void own_thread_context(pTHX_ int slot, void *first) {
    SV *own;
    if (slot < 0 || slot >= PL_my_cxt_size) return;
    own = newSV(sizeof first);
    *(void **)SvPVX(own) = first;
    PL_my_cxt_list[slot] = SvPVX(own);
}

/* Whether scripts may have made threads of this interpreter, which then look at its record. */
int mp_may_have_threads(pTHX) { return first_thread(aTHX) != NULL; }

mp_interp *mp_clone(mp_interp *me) {
    PerlInterpreter *my_perl = me->perl, *c;
    mp_interp *to = calloc(1, sizeof *to); SV *arenas;
    mp_owned owned; void *thread; int slot;
    free(making.error); making.error = NULL; making.len = 0;
    if (!to) return NULL;
    to->touched = MP_NEW;
    making.from = me; making.to = to;
    owned = mp_owned_hide(aTHX);
    thread = first_thread(aTHX);
    slot = thread_slot(aTHX_ thread);
    c = perl_clone(my_perl, CLONEf_KEEP_PTR_TABLE);     /* CLONE runs in it, at its end */
    making.from = making.to = NULL;
    arenas = PL_sv_arenaroot;
    {
        dTHXa(c); AV *av;
        PL_my_cxt_list[mp_cxt_index] = to;
        to->perl = c;
        mp_read_ahead(aTHX_ arenas);
        mp_owned_clear(aTHX_ owned);
        own_thread_context(aTHX_ slot, thread);
        ptr_table_free(PL_ptr_table); PL_ptr_table = NULL;
        if ((av = get_av("DynaLoader::dl_librefs", 0))) av_clear(av);           /* the parent unloads them */
        if ((av = get_av("DynaLoader::dl_modules", 0))) av_clear(av);
        PL_srand_called = FALSE;                        /* each interpreter has its own sequence */
        PL_perl_destruct_level = 2;
        PL_origenviron = environ;
        mp_hands_cloned(aTHX_ to, me->nhands);
        if (making.error) {
            SvREFCNT_dec(PL_endav); PL_endav = NULL;
            if (!mp_destruct(c)) { free(to->hands); free(to); }
            to = NULL;
        }
    }
    PERL_SET_CONTEXT(my_perl);
    mp_owned_show(owned);
    return to;
}
#endif
