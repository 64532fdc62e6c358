/* A perl that is not the server's, as in `perl -MAPR`: the interpreter is perl's own and runs already. It gets a record, and the subs that
 * lib/ asks for. Called by crates/apr-perl. */
#include "shim.h"
#include "bind.h"

/* What Rust does about an interpreter (src/plain.rs). */
typedef struct {
    const mi_home *(*begin)(void *ctx);                 /* its home; NULL: APR does not start */
    void (*stop)(const mi_home *home);                  /* END: ends the pools that scripts made */
    void (*end)(const mi_home *home);                   /* it is being destroyed */
} mp_plain;
static const mp_plain *plain;
static mp_interp gone;                                  /* the record of an interpreter that has none any more */

static void set(pTHX_ mp_interp *me) {
#ifdef USE_ITHREADS
    PL_my_cxt_list[mp_cxt_index] = me;
#else
    mp_only = me;
#endif
}
static int is_mine(pTHX_ const mp_interp *me) { return me && me->home && (void *)me->perl == MP_THX; }
static void begin(pTHX) {
    mp_interp *me = calloc(1, sizeof *me);
    set(aTHX_ &gone);
    if (!me) return;
    me->perl = MP_THX;
    me->depth = 1;                                      /* perl's own code runs around every call of ours */
    if (!(me->home = plain->begin(MP_THX))) { free(me); return; }
    set(aTHX_ me);
}
/* perl calls it after the last DESTROY, of a thread's interpreter, too. */
static void end(pTHX_ void *unused) {
    mp_interp *me = MP_ME; int i;
    PERL_UNUSED_ARG(unused);
    if (!is_mine(aTHX_ me)) return;
    mp_drain(aTHX_ me);
    set(aTHX_ &gone);
    plain->end(me->home);
    for (i = 0; i < MP_CLASSES; i++) SvREFCNT_dec((SV *)me->stash[i]);
    free(me);
}

/* APR::END(): scripts' cleanups on pools run while all that they use is there. */
XS_EXTERNAL(mp_xs_stop) {
    dXSARGS; mp_interp *me = MP_ME;
    PERL_UNUSED_VAR(items);
    if (is_mine(aTHX_ me)) {
        plain->stop(me->home);
        if (UNLIKELY(me->leaving)) mp_go_on_leaving(aTHX_ me);
    }
    XSRETURN_EMPTY;
}
/* APR->CLONE: a thread's interpreter gets a record of its own; its list has its maker's. */
XS_EXTERNAL(mp_xs_plain_clone) {
    dXSARGS;
    PERL_UNUSED_VAR(items);
    if (!is_mine(aTHX_ MP_ME)) begin(aTHX);
    XSRETURN_EMPTY;
}
/* CLONE_SKIP of the classes whose objects are addresses: APR's pools are not for several threads. */
XS_EXTERNAL(mp_xs_skip) { dXSARGS; PERL_UNUSED_VAR(items); SP -= items; EXTEND(SP, 1); ST(0) = &PL_sv_yes; XSRETURN(1); }
static void bound(pTHX_ const mp_bound *b) {
    SV *name;
    if (!b->row->has_this || b->row->params->kind != MI_OBJ) return;
    name = sv_2mortal(newSVpvf("%s::CLONE_SKIP", b->package));
    if (!get_cv(SvPV_nolen(name), 0)) newXS(SvPV_nolen(name), mp_xs_skip, "APR");
}
/* The interpreter that this thread is in, as a home knows it. */
void *mp_plain_current(void) {
    dTHX;
    return MP_THX;
}

/* A cleanup of the current interpreter's died of this. */
void mp_plain_died(SV *exception) { dTHX; mp_cleanup_died(aTHX_ MP_ME, exception); }

/* boot_APR, with a third argument of crates/apr-perl's: croaks unless the library was compiled for this perl. */
void mp_plain_boot(pTHX_ CV *cv, const mp_plain *host) {
    static const char file[] = "APR";
#ifdef dXSBOOTARGSAPIVERCHK
    dXSBOOTARGSAPIVERCHK;
#else
    dXSARGS;
    XS_APIVERSION_BOOTCHECK;
#endif
    PERL_UNUSED_VAR(items);
    plain = host;
    mp_when_bound = bound;
#ifdef USE_ITHREADS
    (void)Perl_my_cxt_init(aTHX_ &mp_cxt_index, sizeof(void *));
#endif
    begin(aTHX);
    if (!is_mine(aTHX_ MP_ME)) croak("APR: the Apache Portable Runtime does not start");
    call_atexit(end, NULL);
    newXS("ModInterp::bind", mp_xs_bind, file);
    newXS("ModInterp::text", mp_xs_text, file);
    newXS("ModInterp::code", mp_xs_code, file);
    newXS("ModInterp::define_layer", mp_xs_define_layer, file);
    newXS("ModInterp::cleanup_died", mp_xs_cleanup_died, file);
    newXS("APR::CLONE", mp_xs_plain_clone, file);
    newXS("APR::END", mp_xs_stop, file);
    XSRETURN_YES;
}
