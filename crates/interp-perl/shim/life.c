/* An interpreter's birth, entry and death. Called by src/start.rs, src/perl.rs and src/process.rs. */
#include "shim.h"
#ifdef __GLIBC__
#  include <malloc.h>
#endif

void mp_init(void) {
    static int once;
    if (!once) {                                        /* PERL_SYS_TERM is never called, since XS files keep libperl mapped */
        char *arg[] = { "httpd", NULL }, **argv = arg, **env = environ;
        int argc = 1;
        once = 1;
        PERL_SYS_INIT3(&argc, &argv, &env);
        PERL_UNUSED_VAR(argc); PERL_UNUSED_VAR(argv); PERL_UNUSED_VAR(env);
        mp_leftovers_init();
        mp_process_init();
        mp_libs_init();
        mp_err_over = mp_err_end;
        mp_std_over = mp_touch_std;
    }
}

/* ---- environ: only the interpreter that is PL_curinterp writes it. Never NULL: perl would initialise itself again ---- */
#ifdef USE_ITHREADS
static PerlInterpreter nobody;
#  define RELEASE_ENVIRON(p) do { if (PL_curinterp == (p)) PL_curinterp = &nobody; } while (0)
#  define TAKE_ENVIRON(p) (PL_curinterp = (p))
#else
#  define RELEASE_ENVIRON(p) NOOP
#  define TAKE_ENVIRON(p) NOOP
#endif

/* The first thing a parent's program does, before any -M module: %ENV becomes what was given, environ stays as it is. The
 * values have the magic of environ's own, so that what the code writes from here on reaches it (in the main interpreter). */
XS_EXTERNAL(mp_xs_begun) {
    dXSARGS; mp_interp *me = MP_ME; HV *hv = PL_envgv ? GvHVn(PL_envgv) : NULL; char **var = me->boot_env; U32 magic;
    PERL_UNUSED_VAR(items);
    if (me->main) TAKE_ENVIRON(aTHX); else RELEASE_ENVIRON(aTHX);
    mp_err_begin(aTHX);
    if (!hv || !var) XSRETURN_EMPTY;
    magic = SvMAGICAL(hv);
    SvMAGICAL_off(hv);
    hv_clear(hv);
    SvFLAGS(hv) |= magic;
    for (; *var; var++) {
        const char *equals = strchr(*var, '='); SV *sv;
        if (!equals) continue;
        sv = newSVpv(equals + 1, 0);
        if (strncmp(*var, "MOD_PERL", 8)) SvTAINTED_on(sv);     /* as perl itself does; the rest says where the code runs */
        if (!hv_store(hv, *var, (I32)(equals - *var), sv, 0)) SvREFCNT_dec(sv);
    }
    me->boot_env = NULL;
    XSRETURN_EMPTY;
}

EXTERN_C void boot_DynaLoader(pTHX_ CV *cv);

/* The loader looks at this variable once. A shared object that lacks a symbol is refused when it is loaded; else its first call of what is
 * missing would end the process. The administrator's own value counts. */
XS_EXTERNAL(mp_xs_boot_loader) {
    static const char bind_now[] = "PERL_DL_NONLAZY";
    const int is_set = getenv(bind_now) != NULL;
    if (!is_set) setenv(bind_now, "1", 0);
    boot_DynaLoader(aTHX_ cv);
    if (!is_set) unsetenv(bind_now);
}

static void xs_init(pTHX) {
    static const char file[] = "mod_interp";
    CV *cv; GV *gv; SV *tainting = get_sv("Apache2::__T", GV_ADD);
    sv_setiv(tainting, TAINTING_get ? 1 : 0);
    SvREADONLY_on(tainting);
    newXS("DynaLoader::boot_DynaLoader", mp_xs_boot_loader, file);
    newXS("ModInterp::begun", mp_xs_begun, file);
    newXS("ModInterp::bind", mp_xs_bind, file);
    newXS("ModInterp::constants", mp_xs_const, file);
    newXS("ModPerl::Const::compile", mp_xs_const, file);
    newXS("ModInterp::text", mp_xs_text, file);
    newXS("ModInterp::cleanup_died", mp_xs_cleanup_died, file);
    newXS("ModInterp::flush", mp_xs_flush, file);
    newXS("ModInterp::number", mp_xs_number, file);
    newXS("ModInterp::run", mp_xs_eval, file);
    newXS("ModInterp::resolve", mp_xs_resolve, file);
    newXS("ModInterp::code", mp_xs_code, file);
    newXS("ModInterp::attributes", mp_xs_attributes, file);
    newXS("ModInterp::shown", mp_xs_shown, file);
    newXS("ModInterp::stdio_end", mp_xs_io_end, file);
    newXS("ModInterp::put_back", mp_xs_put_back, file);
    newCONSTSUB(gv_stashpvs("Apache2::XSLoader", GV_ADD), "BOOTSTRAP", newSViv(1));
    newCONSTSUB(gv_stashpvs("APR::XSLoader", GV_ADD), "BOOTSTRAP", newSViv(1));
    newXS("ModInterp::untaint", mp_xs_untaint, file);
    newXS("ModInterp::current_perl_id", mp_xs_perl_id, file);
    newXS("ModInterp::empty_package", mp_xs_empty_package, file);
    newXS("ModInterp::generation", mp_xs_generation, file);
    newXS("ModInterp::script_again", mp_xs_script_again, file);
    newXS("ModInterp::turn", mp_xs_turn, file);
    newXS("ModInterp::exit_status", mp_xs_exit_status, file);
    newXS("ModInterp::script_handler", mp_xs_make_script_handler, file);
    newXS("ModInterp::define_layer", mp_xs_define_layer, file);
    cv = newXS("ModPerl::Util::exit", mp_xs_exit, file);
    gv = gv_fetchpvs("CORE::GLOBAL::exit", GV_ADDMULTI, SVt_PVCV);
    GvCV_set(gv, (CV *)SvREFCNT_inc_simple_NN((SV *)cv));
    GvIMPORTED_CV_on(gv);
    mp_io_define(aTHX);
    mp_page_text_define(aTHX_ file);
    Perl_av_create_and_unshift_one(aTHX_ &PL_preambleav, newSVpvs("BEGIN { ModInterp::begun(); require DynaLoader }"));
}

typedef struct { int argc; char **argv; const char *argv0; char **env; int main; } mp_boot;

static mp_interp *record(pTHX) {
    mp_interp *me = calloc(1, sizeof *me);
    if (me) { me->perl = MP_THX; me->touched = MP_NEW; }
    return me;
}

mp_interp *mp_new(const mp_boot *b, int *status) {
    PerlInterpreter *my_perl;
    mp_interp *me;
    SV *zero;
    *status = -1;
    if (!(my_perl = perl_alloc())) return NULL;
    if (!(me = record(aTHX))) { perl_free(my_perl); return NULL; }
    perl_construct(my_perl);
#ifdef USE_ITHREADS
    (void)Perl_my_cxt_init(aTHX_ &mp_cxt_index, sizeof(void *));
    PL_my_cxt_list[mp_cxt_index] = me;
#else
    mp_only = me;
#endif
    PL_perl_destruct_level = 2;
    PL_exit_flags |= PERL_EXIT_DESTRUCT_END;            /* END blocks wait for mp_end */
    PL_origalen = 1;                                    /* what a script writes to $0 does not go to argv, which is gone then */
    me->main = b->main; me->boot_env = b->env;
    *status = perl_parse(my_perl, xs_init, b->argc, b->argv, NULL);     /* given an env of ours, perl would empty environ */
    if (!*status && !PL_main_root) *status = -1;          /* a module of -M called exit: there is no program */
    if (!*status) *status = perl_run(my_perl);
    if (*status) {
        if (mp_destruct(my_perl)) me = NULL;
        PERL_SET_CONTEXT(NULL);
        free(me);
        return NULL;
    }
    if ((zero = get_sv("0", 0))) { sv_setpv(zero, b->argv0); SvTAINTED_off(zero); }    /* without magic: the process's title is httpd's affair */
    if (PL_stderrgv && GvIOp(PL_stderrgv)) IoFLAGS(GvIOp(PL_stderrgv)) |= IOf_FLUSH;
    PERL_SET_CONTEXT(NULL);
    return me;
}

void mp_attach(mp_interp *me, const mi_home *home) { me->home = home; }
void *mp_perl(const mp_interp *me) { return me->perl; }
mp_interp *mp_record_of(void *perl) { dTHXa((PerlInterpreter *)perl); return MP_ME; }

/* Returns the context to give back to mp_leave. */
void *mp_enter(mp_interp *me) {
    void *before = PERL_GET_CONTEXT;
    dTHXa(me->perl);
    if (before != MP_THX) PERL_SET_CONTEXT(MP_THX);
    if (UNLIKELY(me->home && me->home->drops)) mp_drain(aTHX_ me);
    return before;
}
void mp_leave(void *before) { if (PERL_GET_CONTEXT != before) PERL_SET_CONTEXT(before); }

void mp_forget_srand(mp_interp *me) { dTHXa(me->perl); PERL_UNUSED_CONTEXT; PL_srand_called = FALSE; }

/* Runs the END blocks of PL_endav, the last defined first. Each may die; `said` is told of what. */
void mp_run_end(pTHX_ mp_interp *me, mp_said *said, void *ctx) {
    while (PL_endav && AvFILL(PL_endav) >= 0) {
        SV *cv = av_shift(PL_endav), *ret, *text = NULL;
        const int tag = mp_run(aTHX_ me, cv, NULL, NULL, 0, &ret);
        if (tag == MP_DIED && ret) {
            STRLEN n; const char *s;
            if (!mp_has_text(aTHX_ ret)) text = mp_dump(aTHX_ ret);
            else if (!SvROK(ret) || mp_run(aTHX_ me, (SV *)get_cv("ModInterp::text", 0), ret, NULL, 0, &text) != MP_OK || !text) text = SvREFCNT_inc_simple_NN(ret);
            s = SvROK(text) ? (n = 4, "died") : SvPV_nomg_const(text, n);
            said(ctx, s, n);
        }
        mp_release(aTHX_ me, text);
        mp_release(aTHX_ me, ret);
        mp_release(aTHX_ me, cv);
    }
    SvREFCNT_dec(PL_endav); PL_endav = NULL;
}
void mp_end(mp_interp *me, mp_said *said, void *ctx) {
    dTHXa(me->perl);
    if (!PL_endav) return;
    PL_phase = PERL_PHASE_END;
    mp_run_end(aTHX_ me, said, ctx);
}
/* Where the code stands that runs; NULL if nobody knows. */
const char *mp_caller(mp_interp *me, uint32_t *line) {
    dTHXa(me->perl);
    *line = PL_curcop ? CopLINE(PL_curcop) : 0;
    return PL_curcop ? CopFILE(PL_curcop) : NULL;
}
/* Its environment is the process's, and a line that it prints goes out as it comes. */
void mp_own_process(mp_interp *me) {
    dTHXa(me->perl);
    TAKE_ENVIRON(me->perl);
    mp_lines_go_out(IoOFP(GvIOn(mp_std_gv(aTHX_ me, 1))));
}
void mp_forget_end(mp_interp *me) { dTHXa(me->perl); SvREFCNT_dec(PL_endav); PL_endav = NULL; }

/* Destroys an interpreter; returns 0 if that was possible. If a DESTROY calls CORE::exit, which would end the server, the rest of the
 * interpreter stays in memory until the process ends. */
int mp_destruct(PerlInterpreter *my_perl) {
    dJMPENV; int rc;
    PL_perl_destruct_level = 2;
    PL_exit_flags &= ~PERL_EXIT_DESTRUCT_END;
    PL_origenviron = environ;                           /* otherwise perl would free environ, which other code may have replaced */
    JMPENV_PUSH(rc);
    if (rc == 0) perl_destruct(my_perl);
    JMPENV_POP;
    RELEASE_ENVIRON(my_perl);
#ifndef MULTIPLICITY                                    /* perl's variables are globals: the next interpreter begins with these */
    PL_strtab = NULL; PL_perl_destruct_level = 1;
#endif
    if (rc == 0) perl_free(my_perl);
    return rc;
}

/* Every thread that ran the interpreter has an arena with holes where it was: 40,000 requests with a new interpreter every
 * ten left 14 MB in 17 arenas, 5 MB so. It takes at most a quarter of the time, since it locks each arena in turn. */
#ifdef __GLIBC__
static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
#endif
static void give_back(void) {
#ifdef __GLIBC__
    static int64_t next;
    const int64_t now = now_ns();
    int64_t due = __atomic_load_n(&next, __ATOMIC_RELAXED);
    if (now < due || !__atomic_compare_exchange_n(&next, &due, INT64_MAX, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) return;
    malloc_trim(0);
    __atomic_store_n(&next, now + 4 * (now_ns() - now), __ATOMIC_RELAXED);
#endif
}

/* Returns 0 if nothing of the interpreter is left. */
int mp_free(mp_interp *me) {
    PerlInterpreter *my_perl = me->perl;
    void *before = PERL_GET_CONTEXT;
    int has_threads = 0;
    if (before == my_perl) before = NULL;
    PERL_SET_CONTEXT(my_perl);
#ifdef USE_ITHREADS
    has_threads = mp_may_have_threads(aTHX);
#endif
    mp_drain(aTHX_ me);
    me->io = NULL;
    mp_env_forget(aTHX_ me);
    mp_state_forget(aTHX_ me);
    SvREFCNT_dec(me->spare); me->spare = NULL;
    SvREFCNT_dec((SV *)me->inc); me->inc = NULL;
    SvREFCNT_dec((SV *)me->known); me->known = NULL;
    if (mp_destruct(my_perl)) { PERL_SET_CONTEXT(before); return 1; }
    PERL_SET_CONTEXT(before);
#ifndef USE_ITHREADS
    mp_only = NULL;
#endif
    free(me->hands);
    if (has_threads) Zero(me, 1, mp_interp);            /* they may live longer, and compare what is in here with themselves */
    else free(me);
    give_back();
    return 0;
}
