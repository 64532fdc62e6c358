/* Handles that a parent opened and has read from or written to, in its clones and children. perl_clone gives a clone each handle with its layers and its
 * descriptor, but not what the parent had read ahead, which the clone would never see: the rest of <DATA>. And all clones share
 * one position in the file, so that what one reads the others miss. Called by clone.c. */
#include "shim.h"
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

/* As perl's own, which perliol.h does not show; checked by size and name. */
typedef struct { struct _PerlIO base; int fd; int oflags; } unix_layer;
typedef struct { PerlIOBuf base; STDCHAR *nl; } crlf_layer;
typedef struct { PerlIOBuf base; SV *text, *bytes, *encoding, *check; int flags, in_encode; } encoding_layer;      /* of PerlIO::encoding */

static int is(const PerlIO *f, const char *name, size_t size) { return strEQ(PerlIOBase(f)->tab->name, name) && PerlIOBase(f)->tab->size == size; }

/* Opens a file that is being read once more, so that the clone's handle has a position of its own. A file that cannot be opened again
 * stays shared. */
static void open_again(PerlIO *f, PerlIO *of) {
    unix_layer *l = PerlIOSelf(f, unix_layer), *from = PerlIOSelf(of, unix_layer);
    char path[40]; struct stat a, b; int fd; Off_t at;
    if (l->fd < 3 || l->fd != from->fd || !(PerlIOBase(f)->flags & PERLIO_F_CANREAD) || PerlIOBase(f)->flags & PERLIO_F_CANWRITE) return;
    if (fstat(l->fd, &a) != 0 || !S_ISREG(a.st_mode) || (at = lseek(l->fd, 0, SEEK_CUR)) < 0) return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", l->fd);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) return;
    if (fstat(fd, &b) != 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino || lseek(fd, at, SEEK_SET) < 0) { close(fd); return; }
    PerlIOUnix_refcnt_dec(l->fd);
    PerlIOUnix_refcnt_inc(fd);
    l->fd = fd;
}
/* What the parent's buffer still has is what the clone's begins with. */
static void copy_buffer(pTHX_ PerlIO *f, PerlIO *of, int is_crlf) {
    PerlIOBuf *to = PerlIOSelf(f, PerlIOBuf), *from = PerlIOSelf(of, PerlIOBuf); size_t n;
    if (!(PerlIOBase(of)->flags & PERLIO_F_RDBUF) || !from->buf || from->ptr >= from->end) return;
    n = from->end - from->buf;
    (void)PerlIO_get_base(f);
    if (!to->buf || (size_t)to->bufsiz < n || PerlIOBase(f)->flags & (PERLIO_F_RDBUF | PERLIO_F_WRBUF)) return;
    Copy(from->buf, to->buf, n, STDCHAR);
    to->ptr = to->buf + (from->ptr - from->buf);
    to->end = to->buf + n;
    to->posn = from->posn;
    PerlIOBase(f)->flags |= PERLIO_F_RDBUF | (PerlIOBase(of)->flags & PERLIO_F_EOF);
    if (is_crlf && PerlIOSelf(of, crlf_layer)->nl) PerlIOSelf(f, crlf_layer)->nl = to->buf + (PerlIOSelf(of, crlf_layer)->nl - from->buf);
}
/* What :encoding has decoded and nobody has read is the content of a scalar. Whether its encoding needs whole lines perl_clone
 * forgets, for handles that are written, too. */
static void copy_decoded(pTHX_ PerlIO *f, PerlIO *of) {
    encoding_layer *to = PerlIOSelf(f, encoding_layer), *from = PerlIOSelf(of, encoding_layer); PerlIOBuf *b = &to->base; size_t n;
    to->flags |= from->flags;
    if (!(PerlIOBase(of)->flags & PERLIO_F_RDBUF) || PerlIOBase(f)->flags & (PERLIO_F_RDBUF | PERLIO_F_WRBUF) || to->text) return;
    if (from->bytes && SvPOK(from->bytes) && SvCUR(from->bytes) && !to->bytes)             /* a part of a character */
        to->bytes = newSVpvn(SvPVX_const(from->bytes), SvCUR(from->bytes));
    if (!from->base.buf || from->base.ptr >= from->base.end) return;
    n = from->base.end - from->base.buf;
    if (b->bufsiz < from->base.bufsiz) b->bufsiz = from->base.bufsiz;
    to->text = newSV(MAX(n, (size_t)b->bufsiz) + 1);
    sv_setpvn(to->text, (const char *)from->base.buf, n);
    SvUTF8_on(to->text);
    b->buf = (STDCHAR *)SvPVX(to->text);
    b->ptr = b->buf + (from->base.ptr - from->base.buf);
    b->end = b->buf + n;
    b->posn = from->base.posn;
    PerlIOBase(f)->flags |= PERLIO_F_RDBUF | (PerlIOBase(of)->flags & PERLIO_F_EOF);
}
static void handle(pTHX_ PerlIO *f, PerlIO *of) {
    PerlIO *at = f, *from = of;
    if (!PerlIOValid(f) || !PerlIOValid(of)) return;
    for (; PerlIOValid(at) && PerlIOValid(from); at = PerlIONext(at), from = PerlIONext(from)) {
        if (PerlIOBase(at)->tab != PerlIOBase(from)->tab) return;               /* not what perl_clone makes */
        if (is(at, "unix", sizeof(unix_layer))) open_again(at, from);
        else if (is(at, "perlio", sizeof(PerlIOBuf))) copy_buffer(aTHX_ at, from, 0);
        else if (is(at, "crlf", sizeof(crlf_layer))) copy_buffer(aTHX_ at, from, 1);
        else if (is(at, "encoding", sizeof(encoding_layer))) copy_decoded(aTHX_ at, from);
    }
}
/* Called while PL_ptr_table still tells which value of the clone is a copy of which. */
void mp_read_ahead(pTHX_ SV *parents_arenas) {
#ifdef USE_ITHREADS
    SV *arena, *sv;
    for (arena = parents_arenas; arena; arena = (SV *)SvANY(arena)) {
        SV *end = &arena[SvREFCNT(arena)];
        for (sv = arena + 1; sv < end; sv++) {
            PerlIO *f;
            if (SvTYPE(sv) == SVt_PVIO && SvREFCNT(sv) && IoIFP(sv) && (f = (PerlIO *)ptr_table_fetch(PL_ptr_table, IoIFP(sv)))) handle(aTHX_ f, IoIFP(sv));
        }
    }
#endif
}

/* ---- what start-up code wrote and nobody has flushed is written before the server forks, and before a clone is made: every child
 * would write it again when it flushes the handle, or starts a program. ModInterp::flush: :encoding and :via call Perl's code. ---- */
static int has_unwritten(PerlIO *f) {
    for (; PerlIOValid(f); f = PerlIONext(f)) if (PerlIOBase(f)->flags & PERLIO_F_WRBUF) return 1;
    return 0;
}
XS_EXTERNAL(mp_xs_flush) {
    dXSARGS; SV *arena, *sv;
    PERL_UNUSED_VAR(cv); PERL_UNUSED_VAR(items);
    for (arena = PL_sv_arenaroot; arena; arena = (SV *)SvANY(arena)) {
        SV *end = &arena[SvREFCNT(arena)];
        for (sv = arena + 1; sv < end; sv++)
            if (SvTYPE(sv) == SVt_PVIO && SvREFCNT(sv) && has_unwritten(IoOFP(sv))) PerlIO_flush(IoOFP(sv));
    }
    XSRETURN_EMPTY;
}
