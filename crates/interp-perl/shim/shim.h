/* What the files of this shim share. C where only C will do: perl's macros, jumps, varargs. Each function names the Rust
 * function that calls it; src/ffi.rs declares them. */
#ifndef SHIM_H
#define SHIM_H
#define PERL_NO_GET_CONTEXT
#include <EXTERN.h>
#include <perl.h>
#include <perliol.h>
#include <XSUB.h>
#define MI_RUST mp_rust
#include "interp.h"

#ifdef MULTIPLICITY
#  define MP_THX ((void *)aTHX)
#else
#  define MP_THX NULL
#endif
#ifndef CvMETHOD                                        /* perl 5.38 renamed it */
#  define CvMETHOD(cv) CvNOWARN_AMBIGUOUS(cv)
#  define CvMETHOD_on(cv) CvNOWARN_AMBIGUOUS_on(cv)
#endif
#define MP_HAS_NAME(hv) (HvNAME_HEK(hv) != NULL)
#define MP_CLASSES 192                                  /* more than the API has; checked by mp_attach */
#define MP_RC_EXIT 120000                               /* ModPerl::EXIT */

/* How a call came back (enum in src/call.rs). */
enum { MP_OK, MP_DIED, MP_EXIT, MP_CORE_EXIT, MP_UNRESOLVED };

/* The other side of STDIN and STDOUT during a perl-script response (src/io.rs). Each returns bytes, or -1 with an error. */
typedef struct {
    ssize_t (*read)(void *ctx, char *to, size_t n, void **err);
    ssize_t (*write)(void *ctx, const char *from, size_t n, void **err);
    ssize_t (*flush)(void *ctx, void **err);
    ssize_t (*piece)(void *ctx, int64_t page, int64_t number, void **err);
} mp_stdio;

/* One resolved handler. Counted by the interpreter's @ModInterp::Handlers, so that a clone has its own of each. */
typedef struct {
    CV *cv;                                             /* NULL: not resolved */
    SV *that;                                           /* method: the class's name */
    GV *obj;                                            /* method of an object: the variable, read at each call */
    HV *stash;                                          /* where the look-up began; NULL for an anonymous sub */
    U32 gen;                                            /* of that stash when it was looked up */
} mp_hand;

/* How a call came back, for Rust (src/ffi.rs: Out). `text` is borrowed from `sv`, which mp_out_done frees. */
typedef struct { int tag; int64_t number; int truth, is_wild; int status; SV *sv; const char *text; size_t len; } mp_out;

/* One variable (src/env.rs). */
typedef struct { const char *key, *value; size_t klen, vlen; } mp_pair;

/* Where what a script writes to %ENV of its response goes as well (src/env.rs). */
struct mp_interp;
typedef struct {
    void (*set)(void *ctx, const char *key, size_t klen, const char *value, size_t vlen);
    void (*unset)(void *ctx, const char *key, size_t klen);
    void (*clear)(void *ctx);
    int (*get)(void *ctx, const char *key, size_t klen, const char **value, size_t *vlen);      /* of a lazy frame (lazy.c) */
    void (*all)(void *ctx, struct mp_interp *me);        /* calls mp_env_add with all variables */
} mp_env_sink;

/* What a frame keeps for the next one at its depth (env.c). */
typedef struct {
    HV *hv;                                             /* between two uses its own hash; meanwhile what %ENV was */
    size_t count;                                       /* of the variables it began with */
    HE **places; size_t nplaces, room;                  /* their entries in the order they were given; none: unknown */
    int lazy;                                           /* lazy.c */
} mp_env_kept;

/* A %ENV of its own (env.c). */
typedef struct mp_env_frame {
    struct mp_env_frame *outer, *inner;                 /* the one around it; the one that begins inside it, kept for the next */
    mp_env_kept kept[2], *k;                            /* of frames that begin with all variables, and of lazy ones; the one in use */
    HV *of;                                             /* while it runs: the hash that is %ENV, counted */
    const void *owner; const mp_env_sink *sink; void *ctx;
    int lazy, taint; size_t least;                      /* lazy.c */
} mp_env_frame;

/* Variables put into the interpreter's own %ENV for a call (env.c). */
typedef struct { mp_pair put; SV *old; U32 hash; } mp_env_item;     /* what was there before, counted, or NULL; the hash of the key */
typedef struct { const void *owner; HV *of; mp_env_item *items; size_t n, room; } mp_env_over;

/* STDIN or STDOUT during a response: our handle, and what the script's own was. */
typedef struct { PerlIO *ours, *ifp, *ofp; IO *io; char type; U8 flags; IV lines; } mp_std;

enum { MP_THREADED = 2 };
/* Users and groups: real, effective and saved. */
typedef struct { uid_t u[3]; gid_t g[3]; } mp_ids;

/* What requests begin with (leftovers.c). */
typedef struct mp_state mp_state;
enum { MP_NEW = 1, MP_STATE = 2 };

/* An interpreter's record. It begins as mod_perl's modperl_interp_t does; third-party XS reads `perl` and `refcnt`. */
typedef struct mp_interp {
    void *mip; PerlInterpreter *perl; int num_requests; unsigned char flags; void *ccfg; int refcnt;
    /* ours; src/record.rs has these two, too */
    int requests;                                       /* entries that serve a request or connection, and are not left */
    int touched;                                        /* what they may have changed (leftovers.c) */
    uint64_t owner;                                     /* whose phases left it */
    mp_state *base, *aside;                             /* what they begin with; what outer ones had */
    int has_hires;                                      /* Time::HiRes was (process.c) */
    int has_posix;                                      /* POSIX was loaded and is watched (leftovers.c) */
    const mi_home *home;
    mp_hand *hands; size_t nhands;
    int depth;                                          /* doors entered and not left */
    unsigned char err;                                  /* what mp_err_end has to do (stderr.c); 0 for nothing */
    int leaving;                                        /* CORE::exit on its way out through nested doors */
    int turn;                                           /* a connection is served by a program for Net::Server (process.c): 0, 1 or */
    char *locale;                                       /* the thread's before the program set another */
    mp_ids ids;
    SV *marks[2];                                       /* of %ENV, while it is: what says that handlers of mod_perl run here */
    int exit_status;                                    /* of the last exit or CORE::exit */
    char **boot_env;                                    /* %ENV to be, while it starts */
    int main;                                           /* its %ENV writes reach environ */
    const mp_stdio *io; void *io_ctx;
    mp_std std[2];                                      /* STDIN, STDOUT */
    mp_env_frame *env_first, *env_top; mp_env_over env_over;            /* env.c */
    AV *inc;                                            /* a copy of @INC, from the last response (util.c) */
    GV *known;                                          /* %ModPerl::RegistryCooker::KNOWN (script.c) */
    GV *std_gv[3];                                      /* STDIN, STDOUT, STDERR */
    IO *std_io[3];                                      /* what `base` has in them */
    SV *spare; HV *spare_class; U32 spare_gen;                           /* an object for the next call (mp_lend); the class's state when it was last looked at */
    HV *stash[MP_CLASSES];
} mp_interp;

extern const mi_rust *mp_rust;
extern int mp_cxt_index;
#ifdef USE_ITHREADS
#  define MP_ME ((mp_interp *)PL_my_cxt_list[mp_cxt_index])
#else
extern mp_interp *mp_only;
#  define MP_ME mp_only
#endif

typedef void mp_said(void *ctx, const char *text, size_t n);    /* one line for the log */

/* life.c */
void mp_run_end(pTHX_ mp_interp *me, mp_said *said, void *ctx);
int mp_destruct(PerlInterpreter *my_perl);
/* guard.c */
extern void (*mp_err_over)(pTHX_ mp_interp *me);         /* what of the server's an outermost call that is over may concern: set by life.c, */
extern void (*mp_std_over)(mp_interp *me);               /* asked only where the server's part of the record says so */
int mp_run(pTHX_ mp_interp *me, SV *sub, SV *that, const mi_val *args, size_t n, SV **ret);
void mp_call_sub(pTHX_ mp_interp *me, SV *sub, SV *that, const mi_val *args, size_t n, mp_out *out);
void mp_out_done(mp_interp *me, mp_out *out);
void mp_deliver(mp_interp *me, int tag, SV *ret, mp_out *out);
void mp_release(pTHX_ mp_interp *me, SV *sv);
void mp_cleanup_died(pTHX_ mp_interp *me, SV *exception);
XS_EXTERNAL(mp_xs_cleanup_died);
int mp_is_exit(pTHX_ SV *err);
SV *mp_exception(pTHX_ IV rc, const char *func, size_t n);
XS_EXTERNAL(mp_xs_exit);
XS_EXTERNAL(mp_xs_text);
XS_EXTERNAL(mp_xs_number);
XS_EXTERNAL(mp_xs_eval);
/* handler.c */
XS_EXTERNAL(mp_xs_resolve);
void mp_resolve(mp_interp *me, U32 id, const char *name, size_t n, int load, mp_out *out);
XS_EXTERNAL(mp_xs_code);
void *mp_op_find(void *ctx, const char *name, size_t n);
/* Changes whenever what a method's name means for the class may have. */
static inline U32 mp_generation(pTHX_ HV *stash) {
    struct mro_meta *m = HvMROMETA(stash);
    return PL_sub_generation + m->pkg_gen + m->cache_gen;
}
void mp_hands_cloned(pTHX_ mp_interp *me, size_t n);
/* script.c */
XS_EXTERNAL(mp_xs_script_again);
XS_EXTERNAL(mp_xs_make_script_handler);
XS_EXTERNAL(mp_xs_exit_status);
#ifdef USE_ITHREADS
int mp_may_have_threads(pTHX);
#endif
/* attributes.c */
XS_EXTERNAL(mp_xs_attributes);
XS_EXTERNAL(mp_xs_shown);
/* bind.c */
XS_EXTERNAL(mp_xs_bind);
XS_EXTERNAL(mp_xs_const);
/* clone.c */
XS_EXTERNAL(mp_xs_clone);
/* owned.c */
typedef struct { SV **sv; size_t n; } mp_owned;          /* objects that a clone must not free */
mp_owned mp_owned_hide(pTHX);
void mp_owned_show(mp_owned all);
void mp_owned_clear(pTHX_ mp_owned all);
void mp_owned_tell(mp_interp *me, mp_said *said, void *ctx);
/* env.c */
void mp_env_forget(pTHX_ mp_interp *me);
/* lazy.c */
void mp_env_fill(mp_interp *me);
void mp_env_look_for_threads(pTHX_ mp_interp *me);
char **mp_env_to_program(pTHX_ mp_interp *me);
void mp_env_free(char **all);
/* xsub.c */
XS_EXTERNAL(mp_xsub);
int mp_op_call(void *ctx, const mi_val *code, const mi_val *args, size_t n, mi_val *ret);
int mp_fetch_plain(pTHX_ SV *sv, mi_val *v);
void mp_go_on_leaving(pTHX_ mp_interp *me) __attribute__((noreturn));
void mp_tie_init(void);                                  /* once, before any interpreter */
void mp_tie(pTHX_ SV *hv, SV *rv);                       /* makes hv a hash that is tied to the object */
SV *mp_lend(pTHX_ mp_interp *me, const mi_val *v);
void mp_take_back(pTHX_ mp_interp *me, SV *rv);
SV *mp_sv(pTHX_ mp_interp *me, const mi_val *v, SV *targ);
void mp_raise(pTHX_ mp_interp *me, void *err) __attribute__((noreturn));
void mp_drain(pTHX_ mp_interp *me);
/* util.c */
XS_EXTERNAL(mp_xs_untaint);
XS_EXTERNAL(mp_xs_perl_id);
AV *mp_empty_package(pTHX_ HV *stash);
XS_EXTERNAL(mp_xs_empty_package);
XS_EXTERNAL(mp_xs_generation);
/* layer.c */
XS_EXTERNAL(mp_xs_define_layer);
void mp_layer_init(void);                                /* once, before any interpreter */
/* io.c */
XS_EXTERNAL(mp_xs_io_end);
void mp_io_define(pTHX);
void mp_page_text_define(pTHX_ const char *file);
GV *mp_std_gv_made(pTHX_ mp_interp *me, int i);
static inline GV *mp_std_gv(pTHX_ mp_interp *me, int i) { GV *gv = me->std_gv[i]; return LIKELY(gv != NULL) ? gv : mp_std_gv_made(aTHX_ me, i); }
int mp_io_is_plain(mp_interp *me, int i);
void mp_io_again(pTHX_ mp_interp *me, int i);
void mp_io_native(mp_interp *me, int i);
void mp_lines_go_out(PerlIO *f);                         /* each when it is whole */
/* readahead.c */
void mp_read_ahead(pTHX_ SV *parents_arenas);
XS_EXTERNAL(mp_xs_flush);
/* leftovers.c */
XS_EXTERNAL(mp_xs_put_back);
void mp_leftovers_init(void);
void mp_libs_init(void);
void mp_touch_std(mp_interp *me);
void mp_touch_alarm(mp_interp *me);
int mp_touched(const mp_interp *me);
int mp_replace(pTHX_ const char *name, XSUBADDR_t with, XSUBADDR_t *real);
mp_interp *mp_record(pTHX);
/* process.c */
void mp_process_init(void);
int mp_process_loaded(pTHX);
int mp_posix_loaded(pTHX);
void mp_process_forked(pTHX);
void mp_alarm_off(mp_interp *me);
XS_EXTERNAL(mp_xs_turn);
/* A glob has another handle, by `*STDOUT = *STDERR`, which no op tells. Asked when the outermost call is over, and where an
 * entry within another begins and ends. */
static inline int mp_std_replaced(mp_interp *me) {
    return me->base && (GvIOp(me->std_gv[0]) != me->std_io[0] || GvIOp(me->std_gv[1]) != me->std_io[1] || GvIOp(me->std_gv[2]) != me->std_io[2]);
}
void mp_state_forget(pTHX_ mp_interp *me);
/* dump.c */
int mp_has_text(pTHX_ SV *sv);                         /* whether an exception says itself what it is */
SV *mp_dump(pTHX_ SV *sv);                             /* a new value: what the reference holds, as text */
/* stderr.c */
typedef int mp_err(const char *line, size_t n);         /* a line for the log; NULL: whether it would be taken */
void mp_err_begin(pTHX);
void mp_err_end(pTHX_ mp_interp *me);
extern const mi_ops mp_ops;
#endif
