/* Puts back what a request has changed and must not leave to the next one: see src/leftovers.rs, which calls this.
 *
 * Comparing all state after each request would cost more than the request. So code that may change something leaves a mark in the
 * interpreter's record: perl's ops (open, close, chdir ...) are wrapped, and the special variables have set magic. */
#include "shim.h"
extern char **environ;
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <sys/stat.h>

/* me->touched. NEW: the base must be taken (anew). NESTED: an outer request's state is put aside. */
enum { NEW = MP_NEW, STATE = MP_STATE, CWD = 4, UMASK = 8, ALARM = 16, SRAND = 32, NESTED = 64, NUMBERS = 128 };

/* A standard handle. `gp`, `io` and `tied` are counted. */
typedef struct { GP *gp; IO *io; PerlIO *ifp, *ofp; char type; U8 flags; SV *tied; } handle;
#define HANDLES 3
#define VARS 6
static const char *const names[] = { ",", "\\", "/", ";", "\"", "0", "|", "\027" };     /* the last two are only watched */
struct mp_state { struct mp_state *outer; int level; GV *out; U8 dowarn; handle std[HANDLES]; SV *var[VARS]; };

/* The record of the interpreter that an op runs in; NULL in one that is not ours, such as a script's thread. */
mp_interp *mp_record(pTHX) {
    mp_interp *me;
#ifdef USE_ITHREADS
    if (mp_cxt_index < 0 || mp_cxt_index >= PL_my_cxt_size) return NULL;
#endif
    me = MP_ME;
    return me && me->perl == MP_THX ? me : NULL;
}
/* In a request its changes end with it. What start-up code and the server's own phases change is what requests begin with. */
static void touch(mp_interp *me, int what) { me->touched |= me->requests ? what : NEW; }

/* ---- variables ---- */
static GV *var_gv(pTHX_ size_t i) { return gv_fetchpvn_flags(names[i], 1, GV_ADD | GV_NOTQUAL, SVt_PV); }
static int var_set(pTHX_ SV *sv, MAGIC *mg) {
    mp_interp *me = mp_record(aTHX);
    PERL_UNUSED_ARG(sv); PERL_UNUSED_ARG(mg);
    if (me) touch(me, STATE);
    return 0;
}
static const MGVTBL watched = { NULL, var_set, NULL, NULL, NULL, NULL, NULL, NULL };
static void watch(pTHX) {
    size_t i;
    for (i = 0; i < C_ARRAY_LENGTH(names); i++) {
        SV *sv = GvSVn(var_gv(aTHX_ i));
        if (SvTYPE(sv) < SVt_PVMG || !mg_findext(sv, PERL_MAGIC_ext, &watched)) sv_magicext(sv, NULL, PERL_MAGIC_ext, &watched, NULL, 0);
    }
}
static int is_same(pTHX_ SV *a, SV *b) {
    if (SvROK(a) || SvROK(b)) return SvROK(a) && SvROK(b) && SvRV(a) == SvRV(b);
    if (!SvOK(a) || !SvOK(b)) return !SvOK(a) && !SvOK(b);
    return sv_eq_flags(a, b, 0);
}

/* ---- states ---- */
static SV *tied(pTHX_ IO *io) {
    MAGIC *mg = SvRMAGICAL((SV *)io) ? mg_find((SV *)io, PERL_MAGIC_tiedscalar) : NULL;
    return mg ? mg->mg_obj : NULL;
}
static mp_state *state_now(pTHX_ mp_interp *me) {
    mp_state *s = calloc(1, sizeof *s); int i;
    if (!s) return NULL;
    s->out = (GV *)SvREFCNT_inc((SV *)PL_defoutgv);
    s->dowarn = PL_dowarn;
    for (i = 0; i < VARS; i++) s->var[i] = newSVsv(GvSVn(var_gv(aTHX_ i)));
    for (i = 0; i < HANDLES; i++) {
        handle *h = s->std + i; GV *gv = mp_std_gv(aTHX_ me, i); IO *io = GvIOn(gv);
        h->gp = gp_ref(GvGP(gv));
        h->io = (IO *)SvREFCNT_inc_simple_NN((SV *)io);
        h->ifp = IoIFP(io); h->ofp = IoOFP(io); h->type = IoTYPE(io); h->flags = IoFLAGS(io);
        h->tied = SvREFCNT_inc(tied(aTHX_ io));
    }
    return s;
}
static void state_free(pTHX_ mp_interp *me, mp_state *s) {
    int i;
    for (i = 0; i < VARS; i++) SvREFCNT_dec(s->var[i]);
    for (i = 0; i < HANDLES; i++) {
        handle *h = s->std + i;
        if (h->gp == GvGP(mp_std_gv(aTHX_ me, i))) h->gp->gp_refcnt--;
        SvREFCNT_dec(h->tied);
        SvREFCNT_dec((SV *)h->io);
    }
    SvREFCNT_dec((SV *)s->out);
    free(s);
}
/* Whether a handle is the response's own, on our layer (io.c). It is not in a request inside another whose state was put aside. */
static int is_taken(mp_interp *me, int i) { return i < 2 && me->std[i].io && me->std[i].io == me->base->std[i].io && !(me->aside && me->aside->level == me->requests); }
/* Whether anything differs from the state that was saved. */
static int differs(pTHX_ mp_interp *me, const mp_state *s) {
    int i;
    if (PL_defoutgv != s->out || (PL_dowarn ^ s->dowarn) & G_WARN_ON) return 1;
    for (i = 0; i < HANDLES; i++) {
        const handle *h = s->std + i; GV *gv = mp_std_gv(aTHX_ me, i);
        if (GvGP(gv) != h->gp || GvIOp(gv) != h->io) return 1;
        if (is_taken(me, i)) { if (!mp_io_is_plain(me, i)) return 1; }
        else if (IoIFP(h->io) != h->ifp || IoOFP(h->io) != h->ofp || IoFLAGS(h->io) != h->flags) return 1;
        if (tied(aTHX_ h->io) != h->tied) return 1;
    }
    for (i = 0; i < VARS; i++) if (!is_same(aTHX_ GvSVn(var_gv(aTHX_ i)), s->var[i])) return 1;
    return 0;
}
/* Puts the saved state back. `closes`: closes the script's handles that stand in place of the saved ones; without it they are kept, as
 * another saved state refers to them. */
static void put(pTHX_ mp_interp *me, const mp_state *s, int closes) {
    int i;
    if (PL_defoutgv != s->out) setdefout(s->out);
    PL_dowarn = (PL_dowarn & ~G_WARN_ON) | (s->dowarn & G_WARN_ON);
    for (i = 0; i < VARS; i++) {
        SV *sv = GvSVn(var_gv(aTHX_ i));
        if (!is_same(aTHX_ sv, s->var[i])) sv_setsv_mg(sv, s->var[i]);
    }
    for (i = 0; i < HANDLES; i++) {
        const handle *h = s->std + i; GV *gv = mp_std_gv(aTHX_ me, i); IO *io = h->io;
        if (GvGP(gv) != h->gp) { gp_free(gv); GvGP_set(gv, gp_ref(h->gp)); }
        if (GvIOp(gv) != io) { IO *other = GvIOp(gv); GvIOp(gv) = (IO *)SvREFCNT_inc_simple_NN((SV *)io); SvREFCNT_dec((SV *)other); }
        if (tied(aTHX_ io) != h->tied) {
            sv_unmagic((SV *)io, PERL_MAGIC_tiedscalar);
            if (h->tied) sv_magic((SV *)io, h->tied, PERL_MAGIC_tiedscalar, NULL, 0);
        }
        if (closes && is_taken(me, i)) { mp_io_again(aTHX_ me, i); continue; }
        if (IoIFP(io) != h->ifp || IoOFP(io) != h->ofp) {
            if (closes && IoIFP(io) && IoIFP(io) != h->ifp) do_close(gv, FALSE);
            IoIFP(io) = h->ifp; IoOFP(io) = h->ofp; IoTYPE(io) = h->type;
        }
        IoFLAGS(io) = h->flags;
    }
}
/* ModInterp::put_back($closes) */
XS_EXTERNAL(mp_xs_put_back) {
    dXSARGS; mp_interp *me = MP_ME; const int closes = items ? (int)SvIV(ST(0)) : 0;
    if (me->base) put(aTHX_ me, me->base, closes);
    XSRETURN_EMPTY;
}

/* ---- the process: what all its interpreters share is put back to what it was when it served its first request ---- */
static struct { pthread_mutex_t lock; pid_t pid; char *cwd; mode_t umask; int fd[HANDLES]; } process = { PTHREAD_MUTEX_INITIALIZER, 0, NULL, 0, { -1, -1, -1 } };
static void process_base(void) {
    pthread_mutex_lock(&process.lock);                  /* nothing but this is done under it */
    if (process.pid != getpid()) {
        process.pid = getpid();
        free(process.cwd);
        process.cwd = getcwd(NULL, 0);
        process.umask = umask(022);
        umask(process.umask);
    }
    pthread_mutex_unlock(&process.lock);
}
/* Descriptors 0, 1 and 2 as they were when a script first closed one or put another in its place by number. -1: nobody did. */
static int keep_number(int fd) {
    int is_kept;
    pthread_mutex_lock(&process.lock);
    if (process.fd[fd] < 0) process.fd[fd] = fcntl(fd, F_DUPFD_CLOEXEC, HANDLES);
    is_kept = process.fd[fd] >= 0;
    pthread_mutex_unlock(&process.lock);
    return is_kept;
}
static void numbers_again(void) {
    int i;
    pthread_mutex_lock(&process.lock);
    for (i = 0; i < HANDLES; i++) if (process.fd[i] >= 0) (void)dup2(process.fd[i], i);
    pthread_mutex_unlock(&process.lock);
}
static void process_again(int touched) {
    if (touched & CWD && process.cwd && chdir(process.cwd) != 0) touched &= ~CWD;       /* it is gone: there is no other */
    if (touched & UMASK) umask(process.umask);
    if (touched & NUMBERS) numbers_again();
}

/* ---- a request begins and ends (src/leftovers.rs asks only if something is touched) ---- */
static int put_back(pTHX_ mp_interp *me, SV **ret) {
    int tag = MP_OK;
    if (me->touched & STATE && me->base && differs(aTHX_ me, me->base)) {
        mi_val closes = { MI_INT, 0, 0, 0, { 0 }, { 0 }, NULL };
        closes.u.i = 1;
        tag = mp_run(aTHX_ me, (SV *)get_cv("ModInterp::put_back", 0), NULL, &closes, 1, ret);
        if (tag != MP_OK) put(aTHX_ me, me->base, 0);
    }
    me->touched &= ~STATE;
    return tag;
}
static void put_rest_back(pTHX_ mp_interp *me) {
    if (me->touched & SRAND) PL_srand_called = FALSE;
    process_again(me->touched);
    if (me->touched & ALARM) { mp_alarm_off(me); alarm(0); }
    me->touched = 0;
}
/* `owner`: the number of the request, if an earlier phase of it has left changes for this one; else 0. */
void mp_serve_begin(mp_interp *me, uint64_t owner, mp_out *out) {
    dTHXa(me->perl); int i;
    if (me->requests > 1) {
        mp_state *s;
        if (mp_std_replaced(me)) me->touched |= STATE;
        if (!(me->touched & STATE) || !me->base || !(s = state_now(aTHX_ me))) return;
        s->level = me->requests; s->outer = me->aside; me->aside = s;
        put(aTHX_ me, me->base, 0);
        me->touched = (me->touched & ~STATE) | NESTED;
        return;
    }
    if (!(me->touched & NEW)) {                         /* an earlier phase has left something */
        SV *ret = NULL; int tag;
        if (owner && owner == me->owner) return;
        tag = put_back(aTHX_ me, &ret);
        put_rest_back(aTHX_ me);
        mp_deliver(me, tag, ret, out);
        return;
    }
    process_base();
    if (me->base) state_free(aTHX_ me, me->base);
    me->base = state_now(aTHX_ me);
    for (i = 0; me->base && i < HANDLES; i++) me->std_io[i] = me->base->std[i].io;
    watch(aTHX);
    me->touched = 0;
}
/* `owner`: the number of the request whose later phases are to find the changes; 0: the changes end here. */
void mp_serve_end(mp_interp *me, uint64_t owner, mp_out *out) {
    dTHXa(me->perl); int tag; SV *ret = NULL;
    if (owner && me->requests == 1) { me->owner = owner; return; }
    if (mp_std_replaced(me)) me->touched |= STATE;
    tag = put_back(aTHX_ me, &ret);
    if (me->aside && me->aside->level == me->requests) {
        mp_state *s = me->aside;
        me->aside = s->outer;
        put(aTHX_ me, s, 0);
        state_free(aTHX_ me, s);
        me->touched |= STATE;
        if (!me->aside) me->touched &= ~NESTED;
    }
    if (me->requests == 1) { put_rest_back(aTHX_ me); me->turn = 0; }
    mp_deliver(me, tag, ret, out);
}
/* A call replaced a handle in its glob. */
void mp_touch_std(mp_interp *me) { touch(me, STATE); }
void mp_touch_alarm(mp_interp *me) { touch(me, ALARM); }
/* For process.c: 1 the directory, 2 the umask. */
int mp_touched(const mp_interp *me) { return (me->touched & CWD ? 1 : 0) | (me->touched & UMASK ? 2 : 0); }
void mp_state_forget(pTHX_ mp_interp *me) {
    if (me->base) state_free(aTHX_ me, me->base);
    me->base = NULL;
}

/* ---- ops ---- */
/* Which standard handle a glob is, or -1. */
static int std_of(mp_interp *me, SV *sv) {
    IO *io; int i;
    if (!sv || !isGV_with_GP(sv) || !(io = GvIOp((GV *)sv))) return -1;
    for (i = 0; i < HANDLES; i++) if (io == me->base->std[i].io) return i;
    return -1;
}
/* In a process that a script forked: the handle becomes that of descriptor 0, 1 or 2, which open then makes what it shall be. */
static void native(pTHX_ mp_interp *me, int i) {
    const handle *h = me->base->std + i;
    if (i < 2 && me->std[i].io == h->io) mp_io_native(me, i);
    else if (IoIFP(h->io) != h->ifp) {
        if (IoOFP(h->io)) PerlIO_flush(IoOFP(h->io));
        IoIFP(h->io) = h->ifp; IoOFP(h->io) = h->ofp; IoTYPE(h->io) = h->type;
    }
    if (IoIFP(h->io)) PerlIO_clearerr(IoIFP(h->io));
}
/* Before an op opens, closes or changes a handle. Descriptors 0, 1 and 2 are the process's: other threads, httpd and programs
 * that it starts have them. So the script gets a handle in their place: open a new one, the others one on the same descriptor. */
static void before(pTHX_ mp_interp *me, SV *sv, int opens) {
    int i; IO *io; const handle *h; PerlIO *in, *out;
    touch(me, STATE);
    if (!me->requests || !me->base || (i = std_of(me, sv)) < 0) return;
    h = me->base->std + i; io = h->io;
    if (UNLIKELY(mi_is_forked())) { native(aTHX_ me, i); return; }
    if (!h->ifp || IoIFP(io) != h->ifp) return;
    if (h->ofp) PerlIO_flush(h->ofp);
    in = out = NULL;
    if (!opens) {
        if (!(in = PerlIO_fdupopen(aTHX_ h->ifp, NULL, 0))) return;
        out = !h->ofp ? NULL : h->ofp == h->ifp ? in : PerlIO_fdupopen(aTHX_ h->ofp, NULL, 0);
    }
    IoIFP(io) = in; IoOFP(io) = out;
}
/* Which handle of the process that `open $fh, '-|'` makes is the pipe: STDIN or STDOUT. -1 without such a mode. */
static int pipe_end(SV *mode) {
    const char *s, *end;
    if (!SvPOK(mode) || !SvCUR(mode)) return -1;
    s = SvPVX_const(mode); end = s + SvCUR(mode);
    while (s < end && isSPACE(*s)) s++;
    while (end > s && isSPACE(end[-1])) end--;
    return s == end ? -1 : *s == '|' ? 0 : end[-1] == '|' ? 1 : -1;
}

static Perl_ppaddr_t real_open, real_sysopen, real_close, real_binmode, real_tie, real_untie, real_select, real_pipe, real_socketpair, real_socket, real_accept, real_chdir, real_umask, real_alarm, real_srand;
#define ARGS (PL_op->op_private & 15)                   /* how many, of ops that have no mark */

static OP *op_open(pTHX) {
    mp_interp *me = mp_record(aTHX); SV **args = PL_stack_base + TOPMARK + 1; int pipe = -1, i; OP *next;
    if (!me || args > PL_stack_sp) return real_open(aTHX);
    before(aTHX_ me, *args, 1);
    if (args < PL_stack_sp && me->requests && me->base && !mi_is_forked()) pipe = pipe_end(args[1]);
    next = real_open(aTHX);
    if (pipe >= 0 && mi_is_forked())
        for (i = 0; i < HANDLES; i++) if (i == pipe || !IoIFP(me->base->std[i].io)) native(aTHX_ me, i);
    return next;
}
static OP *op_sysopen(pTHX) {
    mp_interp *me = mp_record(aTHX); SV **args = PL_stack_base + TOPMARK + 1;
    if (me && args <= PL_stack_sp) before(aTHX_ me, *args, 1);
    return real_sysopen(aTHX);
}
static OP *op_close(pTHX) {
    mp_interp *me = mp_record(aTHX);
    if (me) before(aTHX_ me, ARGS ? *PL_stack_sp : (SV *)PL_defoutgv, 0);
    return real_close(aTHX);
}
static OP *op_binmode(pTHX) {
    mp_interp *me = mp_record(aTHX);
    if (me && ARGS) before(aTHX_ me, ARGS > 1 ? PL_stack_sp[-1] : *PL_stack_sp, 0);
    return real_binmode(aTHX);
}
static OP *op_pipe(pTHX) {
    mp_interp *me = mp_record(aTHX);
    if (me) { before(aTHX_ me, PL_stack_sp[-1], 1); before(aTHX_ me, *PL_stack_sp, 1); }
    return real_pipe(aTHX);
}
static OP *op_socketpair(pTHX) {
    mp_interp *me = mp_record(aTHX);
    if (me) { before(aTHX_ me, PL_stack_sp[-4], 1); before(aTHX_ me, PL_stack_sp[-3], 1); }
    return real_socketpair(aTHX);
}
#define OPENS(op, at) static OP *op_##op(pTHX) { mp_interp *me = mp_record(aTHX); if (me) before(aTHX_ me, PL_stack_sp[at], 1); return real_##op(aTHX); }
OPENS(socket, -3)
OPENS(accept, -1)
#define MARKS(op, what, when) static OP *op_##op(pTHX) { mp_interp *me = mp_record(aTHX); if (me && (when)) touch(me, what); return real_##op(aTHX); }
MARKS(tie, STATE, 1)
MARKS(untie, STATE, 1)
MARKS(select, STATE, 1)
MARKS(chdir, CWD, 1)
MARKS(umask, UMASK, ARGS)
MARKS(alarm, ALARM, 1)
MARKS(srand, SRAND, 1)

/* POSIX::close and POSIX::dup2 take descriptors by number. 0, 1 and 2 are the process's: whatever is opened next, a client's connection
 * perhaps, would get the number, and with it what is written to STDERR. So the file is put aside until the request ends, and a closed one
 * is /dev/null meanwhile. */
static XSUBADDR_t real_posix_close, real_posix_dup2;
/* Whether argument `at` of an XSUB that was not entered yet is one of these numbers, whose file is put aside now. */
static int takes_number(pTHX_ SSize_t at, int *fd) {
    mp_interp *me = mp_record(aTHX); SV **arg = PL_stack_base + TOPMARK + 1 + at;
    if (!me || !me->requests || !me->base || mi_is_forked() || arg > PL_stack_sp || !looks_like_number(*arg)) return 0;
    *fd = (int)SvIV(*arg);
    if (*fd < 0 || *fd >= HANDLES || !keep_number(*fd)) return 0;
    touch(me, NUMBERS);
    return 1;
}
static void xs_posix_close(pTHX_ CV *cv) {
    int fd, null;
    if (!takes_number(aTHX_ 0, &fd) || (null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0) { real_posix_close(aTHX_ cv); return; }
    {
        dXSARGS;
        PERL_UNUSED_VAR(items);
        (void)dup2(null, fd);
        (void)close(null);
        ST(0) = newSVpvs_flags("0 but true", SVs_TEMP);
        XSRETURN(1);
    }
}
static void xs_posix_dup2(pTHX_ CV *cv) {
    int fd;
    (void)takes_number(aTHX_ 1, &fd);
    real_posix_dup2(aTHX_ cv);
}
/* Puts a function in the place of an XSUB's, whose own goes to `real`; false if there is no such XSUB (yet). */
int mp_replace(pTHX_ const char *name, XSUBADDR_t with, XSUBADDR_t *real) {
    CV *cv = get_cv(name, 0);
    if (!cv || !CvISXSUB(cv) || !CvXSUB(cv)) return 0;
    if (CvXSUB(cv) != with) { *real = CvXSUB(cv); CvXSUB(cv) = with; }
    return 1;
}
static Perl_ppaddr_t real_leaveeval, real_exec;
/* A file was loaded (or a text compiled): POSIX may be there now. */
static OP *op_leaveeval(pTHX) {
    OP *next = real_leaveeval(aTHX); mp_interp *me = mp_record(aTHX);
    if (me) mp_env_look_for_threads(aTHX_ me);
    if (me && !me->has_hires) me->has_hires = mp_process_loaded(aTHX);
    if (me && !me->has_posix)
        me->has_posix = mp_posix_loaded(aTHX) & mp_replace(aTHX_ "POSIX::close", xs_posix_close, &real_posix_close) & mp_replace(aTHX_ "POSIX::dup2", xs_posix_dup2, &real_posix_dup2);
    return next;
}

/* exec in the server's own process, or in one that has changed %ENV since it was forked. Where it fails, all is as before. */
static OP *op_exec(pTHX) {
    mp_interp *me = mp_record(aTHX); char **was = environ, **ours = NULL; OP *next;
    if (me && me->requests && me->base) { mp_env_fill(me); ours = mp_env_to_program(aTHX_ me); }
    next = real_exec(aTHX);
    if (ours) { environ = was; mp_env_free(ours); }
    return next;
}

/* A process that one of several threads forks has that thread alone, and a lock that another thread had stays locked there for ever.
 * A perl program has what frees perl's own (of ops, of PerlIO) from perl's main, and a library has no main. Two it leaves out: that of the environment,
 * which localtime takes as well as %ENV, and that of hints, which eval takes. The locks of the environment count their readers: a new process has none. */
#ifdef USE_ITHREADS
#  ifdef HAS_PTHREAD_ATFORK
#    define OWN_LOCK() Perl_atfork_lock()
#    define OWN_UNLOCK() Perl_atfork_unlock()
#  else                                                 /* perl's fork sees to them */
#    define OWN_LOCK() NOOP
#    define OWN_UNLOCK() NOOP
#  endif
static void lock_before_fork(void) { PERL_WRITE_LOCK(&PL_env_mutex); MUTEX_LOCK(&PL_hints_mutex); OWN_LOCK(); }
static void after_fork(void) { OWN_UNLOCK(); MUTEX_UNLOCK(&PL_hints_mutex); PERL_WRITE_UNLOCK(&PL_env_mutex); }
static void free_locks(void) { OWN_UNLOCK(); PERL_RW_MUTEX_INIT(&PL_env_mutex); MUTEX_INIT(&PL_hints_mutex); }
#else
static void lock_before_fork(void) {}
#define after_fork NULL
static void free_locks(void) {}
#endif

/* The record of the interpreter that serves something on this thread. */
static mp_interp *serving(pTHX) {
    mp_interp *me;
#ifdef USE_ITHREADS
    if (!aTHX) return NULL;
#endif
    return (me = mp_record(aTHX)) && me->requests && me->base ? me : NULL;
}
static void before_fork(void) {
    dTHXa((PerlInterpreter *)PERL_GET_CONTEXT); mp_interp *me = serving(aTHX);
    if (me) mp_env_fill(me);
    lock_before_fork();
}

/* A program that a script starts finds the script's STDIN, STDOUT and STDERR in its descriptors 0, 1 and 2, and its variables
 * where it began without the request's. */
static void in_forked(void) {
    dTHXa((PerlInterpreter *)PERL_GET_CONTEXT); mp_interp *me; int i;
    free_locks();
    if (!(me = serving(aTHX))) return;
    mp_process_forked(aTHX);
    (void)mp_env_to_program(aTHX_ me);
    for (i = 0; i < HANDLES; i++) {
        const handle *h = me->base->std + i; PerlIO *f = i ? IoOFP(h->io) : IoIFP(h->io); int fd;
        if (!f || f == (i ? h->ofp : h->ifp) || !PerlIOValid(f)) continue;
        if ((fd = PerlIO_fileno(f)) >= 0 && fd != i) (void)dup2(fd, i);
    }
}

/* Once, before any interpreter: code that is compiled from here on has these. */
void mp_leftovers_init(void) {
#define WRAP(op, number) do { real_##op = PL_ppaddr[number]; PL_ppaddr[number] = op_##op; } while (0)
    WRAP(open, OP_OPEN); WRAP(sysopen, OP_SYSOPEN); WRAP(close, OP_CLOSE); WRAP(binmode, OP_BINMODE); WRAP(pipe, OP_PIPE_OP); WRAP(socketpair, OP_SOCKPAIR); WRAP(socket, OP_SOCKET); WRAP(accept, OP_ACCEPT);
    WRAP(tie, OP_TIE); WRAP(untie, OP_UNTIE); WRAP(select, OP_SELECT);
    WRAP(leaveeval, OP_LEAVEEVAL); WRAP(exec, OP_EXEC);
    WRAP(chdir, OP_CHDIR); WRAP(umask, OP_UMASK); WRAP(alarm, OP_ALARM); WRAP(srand, OP_SRAND);
    pthread_atfork(before_fork, after_fork, in_forked);
}
