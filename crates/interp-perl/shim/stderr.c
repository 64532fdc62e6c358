/* STDERR, and what goes to the STDOUT of the process.
 * STDERR: a PerlIO layer named "ApacheLog" on top of what the handle was, which makes lines of what is written and hands them to
 * the host (src/stderr.rs) for its log. fileno is still 2, where programs that a script runs write as they always did. What the
 * host does not take goes down as it is: in a process that a script forked, and where descriptor 2 is not the log (any more):
 * `open STDERR, '>', $file` keeps perl's handle and puts the file under it. */
#include "shim.h"
#include <sys/stat.h>

enum { MOST = 7000 };                                   /* httpd cuts a line at 8 KiB; what is longer becomes several */
enum { HAS_REST = 1, LOST = 2 };                        /* bits of mp_interp.err: half a line waits for its end; the layer was popped */

typedef struct { struct _PerlIO base; char *rest; size_t len, room; uint32_t forks; } layer;

static mp_err *host;
static struct { dev_t dev; ino_t ino; int known; } the_log;

static void (*out_host)(void);
void mp_err_init(mp_err *said, void (*printed)(void)) { host = said; out_host = printed; }
/* Notes that descriptor 2 is the server's now. Called before code of the configuration runs, and once httpd has opened its log. */
void mp_err_here(void) {
    struct stat st;
    if ((the_log.known = fstat(2, &st) == 0)) { the_log.dev = st.st_dev; the_log.ino = st.st_ino; }
}
static int is_log(void) {
    struct stat st;
    return the_log.known && fstat(2, &st) == 0 && st.st_dev == the_log.dev && st.st_ino == the_log.ino;
}
/* The record of the running interpreter. NULL in global destruction, and in a thread that a script made: its interpreter has the record of
 * the one it came from. */
static mp_interp *record(pTHX) {
    mp_interp *me = PL_phase == PERL_PHASE_DESTRUCT || !mp_rust ? NULL : MP_ME;
    return me && me->perl == MP_THX ? me : NULL;
}
static int is_taken(void) { return host && !mi_is_forked() && is_log() && host(NULL, 0); }

static void emit(layer *l) { if (l->len) { size_t n = l->len; l->len = 0; (void)host(l->rest, n); } }
static void raw(pTHX_ PerlIO *f, layer *l) {            /* writes what waits for the end of its line, but not in a process forked from the one in which it waits */
    size_t n = l->len;
    l->len = 0;
    if (n && PerlIOValid(PerlIONext(f)) && !(mi_is_forked() && l->forks != mp_rust->process->forks)) PerlIO_write(PerlIONext(f), l->rest, n);
}
static void add(layer *l, const char *s, size_t n) {
    while (l->len + n > MOST) {                         /* too long for a line of the log */
        size_t fits = MOST - l->len;
        if (l->len) { add(l, s, fits); emit(l); } else (void)host(s, fits);
        s += fits; n -= fits;
    }
    if (l->len + n > l->room) {
        size_t room = l->room ? l->room : 256; char *more;
        while (room < l->len + n) room *= 2;
        if (!(more = realloc(l->rest, room))) { emit(l); (void)host(s, n); return; }
        l->rest = more; l->room = room;
    }
    memcpy(l->rest + l->len, s, n);
    l->len += n;
    l->forks = mp_rust->process->forks;
}

static SSize_t err_write(pTHX_ PerlIO *f, const void *from, Size_t n) {
    layer *l = PerlIOSelf(f, layer); const char *s = from, *end = s + n, *line;
    dSAVEDERRNO; mp_interp *me;
    SAVE_ERRNO;
    if (!is_taken()) {
        raw(aTHX_ f, l);
        RESTORE_ERRNO;
        return PerlIO_write(PerlIONext(f), from, n);
    }
    for (; (line = memchr(s, '\n', end - s)); s = line + 1) {
        if (l->len) { add(l, s, line - s); emit(l); }
        else if (line - s > MOST) { add(l, s, line - s); emit(l); }
        else (void)host(s, line - s);
    }
    if (s < end) add(l, s, end - s);
    if (l->len) {
        if ((me = record(aTHX)) && me->depth) me->err |= HAS_REST; else emit(l);
    }
    RESTORE_ERRNO;
    return n;
}
static IV err_pushed(pTHX_ PerlIO *f, const char *mode, SV *arg, PerlIO_funcs *tab) {
    layer *l = PerlIOSelf(f, layer);
    l->rest = NULL; l->len = l->room = 0;
    return PerlIOBase_pushed(aTHX_ f, mode, arg, tab);
}
static IV err_popped(pTHX_ PerlIO *f) {
    layer *l = PerlIOSelf(f, layer); mp_interp *me = record(aTHX);
    if (l->len && is_taken()) emit(l);
    free(l->rest);
    l->rest = NULL; l->len = l->room = 0;
    if (me) me->err |= LOST;
    return PerlIOBase_popped(aTHX_ f);
}
static IV err_flush(pTHX_ PerlIO *f) { return PerlIOValid(PerlIONext(f)) ? PerlIO_flush(PerlIONext(f)) : 0; }
static IV err_seek(pTHX_ PerlIO *f, Off_t at, int whence) { return PerlIO_seek(PerlIONext(f), at, whence); }
static Off_t err_tell(pTHX_ PerlIO *f) { return PerlIO_tell(PerlIONext(f)); }

static PERLIO_FUNCS_DECL(ApacheLog) = {
    sizeof(PerlIO_funcs), "ApacheLog", sizeof(layer), PERLIO_K_RAW,
    err_pushed, err_popped, NULL /* open */, PerlIOBase_binmode, NULL /* getarg */, PerlIOBase_fileno, PerlIOBase_dup,
    PerlIOBase_read, PerlIOBase_unread, err_write, err_seek, err_tell, PerlIOBase_close, err_flush, NULL /* fill */,
    PerlIOBase_eof, PerlIOBase_error, PerlIOBase_clearerr, PerlIOBase_setlinebuf, NULL, NULL, NULL, NULL, NULL
};

/* A layer on the STDOUT of the process, which no client sees: it tells the host that a script prints there. */
static SSize_t out_write(pTHX_ PerlIO *f, const void *from, Size_t n) {
    if (out_host && !mi_is_forked()) out_host();
    return PerlIO_write(PerlIONext(f), from, n);
}
static PERLIO_FUNCS_DECL(ProcessOut) = {
    sizeof(PerlIO_funcs), "ProcessOut", sizeof(struct _PerlIO), PERLIO_K_RAW,
    PerlIOBase_pushed, PerlIOBase_popped, NULL /* open */, PerlIOBase_binmode, NULL /* getarg */, PerlIOBase_fileno, PerlIOBase_dup,
    PerlIOBase_read, PerlIOBase_unread, out_write, err_seek, err_tell, PerlIOBase_close, err_flush, NULL /* fill */,
    PerlIOBase_eof, PerlIOBase_error, PerlIOBase_clearerr, PerlIOBase_setlinebuf, NULL, NULL, NULL, NULL, NULL
};

static PerlIO *handle(pTHX) {
    IO *io = PL_stderrgv && isGV_with_GP(PL_stderrgv) ? GvIOp(PL_stderrgv) : NULL;
    return io && PerlIOValid(IoOFP(io)) ? IoOFP(io) : NULL;
}
/* Puts the layers on the handles of a new interpreter. A clone has its parent's. */
void mp_err_begin(pTHX) {
    PerlIO *f = handle(aTHX), *out = PL_defoutgv && isGV_with_GP(PL_defoutgv) && GvIOp(PL_defoutgv) ? IoOFP(GvIOp(PL_defoutgv)) : NULL;
    PerlIO_define_layer(aTHX_ PERLIO_FUNCS_CAST(&ApacheLog));
    PerlIO_define_layer(aTHX_ PERLIO_FUNCS_CAST(&ProcessOut));
    if (out && PerlIOValid(out)) PerlIO_push(aTHX_ out, PERLIO_FUNCS_CAST(&ProcessOut), "w", NULL);
    if (f) PerlIO_push(aTHX_ f, PERLIO_FUNCS_CAST(&ApacheLog), "w", NULL);
}
/* The outermost call is over, and mp_interp.err is set: half a line is a line now, and a layer that the script lost with its
 * handle is put back once that is the log again. */
void mp_err_end(pTHX_ mp_interp *me) {
    PerlIO *f = handle(aTHX), *at;
    dSAVEDERRNO;
    SAVE_ERRNO;
    me->err &= ~HAS_REST;
    for (at = f; at && PerlIOValid(at); at = PerlIONext(at)) {
        if (PerlIOBase(at)->tab != PERLIO_FUNCS_CAST(&ApacheLog)) continue;
        if (is_taken()) emit(PerlIOSelf(at, layer)); else raw(aTHX_ at, PerlIOSelf(at, layer));
        me->err &= ~LOST;
        f = NULL;
        break;
    }
    if (f && me->err & LOST && PerlIO_fileno(f) == 2 && is_log() && PerlIO_push(aTHX_ f, PERLIO_FUNCS_CAST(&ApacheLog), "w", NULL)) me->err = 0;
    RESTORE_ERRNO;
}
