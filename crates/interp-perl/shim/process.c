/* What belongs to the process, and a script is to have for itself: alarm under a server with threads (src/alarm.rs); exit and exec while a connection is
 * served (lib/ModInterp/NetServer.pm); the signals of a process that a script forks. */
#include "env.h"
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static double (*set_alarm)(void *perl, double seconds, double every);      /* how many were left of the one before; `every`: again and again, or 0 */

/* A thread of a server with threads takes no signals: the process's alarm would never come. Nor does perl install the handlers of an interpreter that is
 * not the process's first. */
static int takes_no_alarm(pTHX) {
    sigset_t now;
#ifdef USE_ITHREADS
    if (PL_curinterp != aTHX) return 1;
#endif
    return pthread_sigmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGALRM) == 1;
}
static mp_interp *alarmed(pTHX) {
    mp_interp *me = mp_record(aTHX);
    return me && me->requests && set_alarm && !mi_is_forked() && takes_no_alarm(aTHX) ? me : NULL;
}
/* perl has no room for signals before %SIG is named. */
static double wake(pTHX_ mp_interp *me, double seconds, double every) {
    (void)gv_fetchpvs("SIG", GV_ADD, SVt_PVHV);
    mp_touch_alarm(me);
    return set_alarm(me->perl, seconds, every);
}
static Perl_ppaddr_t real_alarm, real_exec, real_fork, real_ssockopt;

static OP *op_alarm(pTHX) {
    mp_interp *me = alarmed(aTHX); double left;
    dSP; dTARGET;
    if (!me || SvIV(TOPs) < 0) return real_alarm(aTHX);
    left = wake(aTHX_ me, (double)POPi, 0);
    PUSHi((IV)(left + 0.999));
    RETURN;
}
/* Time::HiRes::alarm($seconds, $interval) and ualarm, which counts in microseconds, once they are loaded. */
static XSUBADDR_t real_hires, real_ualarm;
static void hires(pTHX_ mp_interp *me, double unit) {
    dXSARGS; double left;
    if (items < 1) croak("Usage: Time::HiRes::%s(time, interval=0)", unit == 1 ? "alarm" : "ualarm");
    left = wake(aTHX_ me, SvNV(ST(0)) * unit, items > 1 ? SvNV(ST(1)) * unit : 0) / unit;
    ST(0) = sv_2mortal(unit == 1 ? newSVnv(left) : newSViv((IV)left));
    XSRETURN(1);
}
static void xs_hires_alarm(pTHX_ CV *cv) {
    mp_interp *me = alarmed(aTHX);
    if (me) hires(aTHX_ me, 1); else real_hires(aTHX_ cv);
}
static void xs_hires_ualarm(pTHX_ CV *cv) {
    mp_interp *me = alarmed(aTHX);
    if (me) hires(aTHX_ me, 1e-6); else real_ualarm(aTHX_ cv);
}
int mp_process_loaded(pTHX) {
    return mp_replace(aTHX_ "Time::HiRes::alarm", xs_hires_alarm, &real_hires) & mp_replace(aTHX_ "Time::HiRes::ualarm", xs_hires_ualarm, &real_ualarm);
}
/* Called on the timer's thread (src/alarm.rs), which knows that the interpreter lives: what perl's own handler of the signal does. */
void mp_alarm_goes_off(void *perl) {
    dTHXa((PerlInterpreter *)perl);
    PL_psig_pend[SIGALRM]++;
    PL_sig_pending = 1;
}
int mp_alarm_is_seen(void *perl) {
    dTHXa((PerlInterpreter *)perl);
    return !PL_psig_pend[SIGALRM];
}
void mp_alarm_off(mp_interp *me) {
    dTHXa(me->perl);
    if (!set_alarm || mi_is_forked()) return;
    set_alarm(me->perl, 0, 0);
    if (PL_psig_pend) PL_psig_pend[SIGALRM] = 0;        /* it was for the call that is over */
}

/* The process is the server's: another one becomes the program, with the connection as its STDIN and STDOUT, and the turn ends with it. */
static OP *op_exec(pTHX) {
    mp_interp *me = mp_record(aTHX); pid_t pid; int status;
    if (!me || !me->turn || mi_is_forked()) return real_exec(aTHX);
    PERL_FLUSHALL_FOR_CHILD;
    if ((pid = PerlProc_fork()) == 0) return real_exec(aTHX);
    if (pid < 0) croak("exec: cannot make a process for the program: %s", Strerror(errno));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) PERL_ASYNC_CHECK();
    my_exit(0);
    return NORMAL;
}
/* perl blocks all signals while it forks, and puts back in the new process what the thread had. */
static OP *op_fork(pTHX) {
    OP *next = real_fork(aTHX);
    if (mi_is_forked() && mp_record(aTHX)) mp_process_forked(aTHX);
    return next;
}
/* Behind TLS the connection is a socket of another kind, which has nothing of TCP's to be set. */
static OP *op_ssockopt(pTHX) {
    mp_interp *me = mp_record(aTHX);
    if (me && me->turn && SvIV(PL_stack_sp[-2]) == IPPROTO_TCP) {
        SV *sv = PL_stack_sp[-3]; IO *io = sv_2io(sv); int domain; socklen_t length = sizeof domain;
        if (IoIFP(io) && getsockopt(PerlIO_fileno(IoIFP(io)), SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX) {
            *(PL_stack_sp -= 3) = &PL_sv_yes;
            return NORMAL;
        }
    }
    return real_ssockopt(aTHX);
}

/* Whether a signal has a handler of the script's own: whoever has only read $SIG{...} has undef there. */
static int handles(pTHX_ int sig) {
    SV *handler = PL_psig_ptr ? PL_psig_ptr[sig] : NULL;
    if (!handler || !SvOK(handler)) return 0;
    return SvROK(handler) || !SvPOK(handler) || (SvCUR(handler) && strNE(SvPVX_const(handler), "IGNORE") && strNE(SvPVX_const(handler), "DEFAULT"));
}
/* POSIX::setlocale, once it is loaded: a locale is the thread's, on which others run later. In a turn the first call notes what there was. */
static XSUBADDR_t real_setlocale;
static void xs_setlocale(pTHX_ CV *cv) {
    mp_interp *me = mp_record(aTHX);
    if (me && me->turn == MP_THREADED && !me->locale && !mi_is_forked()) {
        const char *now = Perl_setlocale(LC_ALL, NULL);
        me->locale = now ? savepv(now) : NULL;
    }
    real_setlocale(aTHX_ cv);
}
int mp_posix_loaded(pTHX) { return mp_replace(aTHX_ "POSIX::setlocale", xs_setlocale, &real_setlocale); }

/* Puts the locale back; whether it was another. */
static int locale_again(pTHX_ mp_interp *me) {
    const char *now; int differs;
    if (!me->locale) return 0;
    now = Perl_setlocale(LC_ALL, NULL);
    if ((differs = !now || strNE(now, me->locale))) (void)Perl_setlocale(LC_ALL, me->locale);
    Safefree(me->locale);
    me->locale = NULL;
    return differs;
}
/* The users and groups of the process. */
static mp_ids ids_now(void) {
    mp_ids now;
    Zero(&now, 1, mp_ids);
    if (getresuid(now.u, now.u + 1, now.u + 2) != 0 || getresgid(now.g, now.g + 1, now.g + 2) != 0) Zero(&now, 1, mp_ids);
    return now;
}

/* What programs look for in %ENV to find out that there is a request, which there is not. Without the hash's magic: that of a process's first interpreter keeps
 * what environ is given for good. */
static void show_marks(pTHX_ mp_interp *me, int shows) {
    static const struct { const char *name; I32 n; } marks[] = { { STR_WITH_LEN("MOD_PERL") }, { STR_WITH_LEN("MOD_PERL_API_VERSION") } };
    HV *hv = env_hv(); U32 was; size_t i;
    if (!hv) return;
    was = open_up(hv);
    for (i = 0; i < C_ARRAY_LENGTH(marks); i++) {
        if (!shows && !me->marks[i]) me->marks[i] = SvREFCNT_inc(hv_delete(hv, marks[i].name, marks[i].n, 0));
        else if (shows && me->marks[i]) {
            if (!hv_store(hv, marks[i].name, marks[i].n, me->marks[i], 0)) SvREFCNT_dec_NN(me->marks[i]);
            me->marks[i] = NULL;
        }
    }
    SvFLAGS(hv) |= was;
}
/* ModInterp::turn($on): a connection is served from here on, or no more; 2: by one of several threads. What it has touched: 1 the directory, 2 the umask, 4 the locale, 8 the
 * process's users and groups. Behind that the signals that have handlers, each a bit, but that of alarm, which is each interpreter's own. */
XS_EXTERNAL(mp_xs_turn) {
    dXSARGS; mp_interp *me = MP_ME; UV handled = 0; int sig, touched = 0;
    me->turn = items ? (int)SvIV(ST(0)) : 0;
    if (me->turn) me->ids = ids_now();
    else {
        const mp_ids now = ids_now();
        touched = mp_touched(me) | (locale_again(aTHX_ me) ? 4 : 0) | (memcmp(&now, &me->ids, sizeof now) ? 8 : 0);
    }
    mp_touch_std(me);
    show_marks(aTHX_ me, !me->turn);
    for (sig = 1; sig < SIG_SIZE && sig < 64; sig++) {
        if (sig != SIGALRM && handles(aTHX_ sig)) handled |= (UV)1 << sig;
    }
    EXTEND(SP, 2);
    ST(0) = sv_2mortal(newSViv(touched));
    ST(1) = sv_2mortal(newSVuv(handled));
    XSRETURN(2);
}

/* In a process that a script has forked under a server with threads: its signals are what they are in any process. perl has installed no handlers, since
 * the thread's interpreter was none that may; and what httpd has said of signals is for httpd. */
void mp_process_forked(pTHX) {
    static const int httpds[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGWINCH };
    struct sigaction action; sigset_t none; size_t i; int sig;
    sigemptyset(&none);
    if (!takes_no_alarm(aTHX)) return;
#ifdef USE_ITHREADS
    PERL_SET_INTERP(aTHX);
#endif
    Zero(&action, 1, struct sigaction);
    action.sa_handler = SIG_DFL;
    for (i = 0; i < C_ARRAY_LENGTH(httpds); i++) (void)sigaction(httpds[i], &action, NULL);
    for (sig = 1; sig < SIG_SIZE; sig++) {
        if (handles(aTHX_ sig)) (void)rsignal(sig, PL_csighandlerp);
    }
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Once, before any interpreter, and behind leftovers.c, whose functions for these ops are called in their turn: what that of exec puts in place for a while must not be
 * left by a jump. */
void mp_process_init(void) {
#define WRAP(op, number) do { real_##op = PL_ppaddr[number]; PL_ppaddr[number] = op_##op; } while (0)
    WRAP(alarm, OP_ALARM); WRAP(exec, OP_EXEC); WRAP(fork, OP_FORK); WRAP(ssockopt, OP_SSOCKOPT);
}
void mp_alarm_init(double (*set)(void *perl, double seconds, double every)) { set_alarm = set; }
