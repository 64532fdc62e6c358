/* What belongs to the process, and a script is to have for itself: alarm under a server with threads (src/alarm.rs); exit and exec while a connection is
 * served (lib/ModInterp/NetServer.pm); the signals of a process that a script forks. */
#include "env.h"
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static double (*set_alarm)(void *perl, double seconds);     /* how many were left of the one before */

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
static double wake(pTHX_ mp_interp *me, double seconds) {
    (void)gv_fetchpvs("SIG", GV_ADD, SVt_PVHV);
    mp_touch_alarm(me);
    return set_alarm(me->perl, seconds);
}
static Perl_ppaddr_t real_alarm, real_exec, real_fork, real_ssockopt;

static OP *op_alarm(pTHX) {
    mp_interp *me = alarmed(aTHX); double left;
    dSP; dTARGET;
    if (!me || SvIV(TOPs) < 0) return real_alarm(aTHX);
    left = wake(aTHX_ me, (double)POPi);
    PUSHi((IV)(left + 0.999));
    RETURN;
}
/* Time::HiRes::alarm($seconds, $interval), once it is loaded. */
static XSUBADDR_t real_hires;
static void xs_hires_alarm(pTHX_ CV *cv) {
    mp_interp *me = alarmed(aTHX); double left;
    if (!me) { real_hires(aTHX_ cv); return; }
    {
        dXSARGS;
        if (items < 1) croak("Usage: Time::HiRes::alarm(seconds, interval=0)");
        left = wake(aTHX_ me, SvNV(ST(0)));
        ST(0) = sv_2mortal(newSVnv(left));
        XSRETURN(1);
    }
}
int mp_process_loaded(pTHX) {
    CV *cv = get_cv("Time::HiRes::alarm", 0);
    if (!cv || !CvISXSUB(cv) || !CvXSUB(cv)) return 0;
    if (CvXSUB(cv) != xs_hires_alarm) { real_hires = CvXSUB(cv); CvXSUB(cv) = xs_hires_alarm; }
    return 1;
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
    set_alarm(me->perl, 0);
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
/* ModInterp::turn($on): a connection is served from here on, or no more. What it has touched: 1 the directory, 2 the umask. Behind that the signals that have handlers, each
 * a bit, but that of alarm, which is each interpreter's own. */
XS_EXTERNAL(mp_xs_turn) {
    dXSARGS; mp_interp *me = MP_ME; UV handled = 0; int sig;
    me->turn = items && SvTRUE(ST(0));
    mp_touch_std(me);
    show_marks(aTHX_ me, !me->turn);
    for (sig = 1; sig < SIG_SIZE && sig < 64; sig++) {
        if (sig != SIGALRM && handles(aTHX_ sig)) handled |= (UV)1 << sig;
    }
    EXTEND(SP, 2);
    ST(0) = sv_2mortal(newSViv(mp_touched(me)));
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
void mp_alarm_init(double (*set)(void *perl, double seconds)) { set_alarm = set; }
