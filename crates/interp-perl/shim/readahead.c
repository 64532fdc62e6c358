/* Handles that a parent opened and has read from, in its clones. perl_clone gives a clone each handle with its layers and its
 * descriptor, but not what the parent had read ahead, which the clone would never see: the rest of <DATA>. And all clones share
 * one position in the file, so that what one reads the others miss. A handle with :encoding is not mended so: in a clone it gives nothing more. Called by clone.c. */
#include "shim.h"
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

/* As perl's own, which perliol.h does not show; checked by size and name. */
typedef struct { struct _PerlIO base; int fd; int oflags; } unix_layer;
typedef struct { PerlIOBuf base; STDCHAR *nl; } crlf_layer;

static int is(const PerlIO *f, const char *name, size_t size) { return strEQ(PerlIOBase(f)->tab->name, name) && PerlIOBase(f)->tab->size == size; }

/* A file that is read has a position of its own in the clone. What cannot be opened again stays shared. */
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
static void handle(pTHX_ PerlIO *f, PerlIO *of) {
    PerlIO *at = f, *from = of;
    if (!PerlIOValid(f) || !PerlIOValid(of) || !(PerlIOBase(of)->flags & PERLIO_F_CANREAD)) return;
    for (; PerlIOValid(at) && PerlIOValid(from); at = PerlIONext(at), from = PerlIONext(from)) {
        if (PerlIOBase(at)->tab != PerlIOBase(from)->tab) return;               /* not what perl_clone makes */
        if (is(at, "unix", sizeof(unix_layer))) open_again(at, from);
        else if (is(at, "perlio", sizeof(PerlIOBuf))) copy_buffer(aTHX_ at, from, 0);
        else if (is(at, "crlf", sizeof(crlf_layer))) copy_buffer(aTHX_ at, from, 1);
    }
}
/* While the clone's table of what became what still stands. */
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
