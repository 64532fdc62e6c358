/* The PerlIO layer "Apache2" and its two handles. Called by src/io.rs. The layer holds no request: it asks its interpreter's
 * record where to read and write, so that it stays pushed from one response to the next. */
#include "shim.h"

/* NULL in global destruction, where perl closes what is left when its list of contexts is gone; and in a thread that a script made, whose
 * interpreter has the record of the one it came from: a request is answered by its own thread alone. */
static mp_interp *record(pTHX) {
    mp_interp *me = PL_phase == PERL_PHASE_DESTRUCT ? NULL : MP_ME;
    return me && me->perl == MP_THX ? me : NULL;
}
static SSize_t failed(pTHX_ mp_interp *me, PerlIO *f, void *err) {
    PerlIOBase(f)->flags |= PERLIO_F_ERROR;
    mp_raise(aTHX_ me, err);
    return -1;
}
static SSize_t nobody(PerlIO *f) { PerlIOBase(f)->flags |= PERLIO_F_ERROR; errno = EBADF; return -1; }

static SSize_t layer_read(pTHX_ PerlIO *f, void *to, Size_t n) {
    mp_interp *me = record(aTHX); void *err; SSize_t got;
    if (!(PerlIOBase(f)->flags & PERLIO_F_CANREAD) || PerlIOBase(f)->flags & (PERLIO_F_EOF | PERLIO_F_ERROR)) return 0;
    if (!me || !me->io) return nobody(f);
    if ((got = me->io->read(me->io_ctx, to, n, &err)) < 0) return failed(aTHX_ me, f, err);
    if (UNLIKELY(me->leaving)) mp_go_on_leaving(aTHX_ me);
    if (got == 0 && n) PerlIOBase(f)->flags |= PERLIO_F_EOF;
    return got;
}
static SSize_t layer_write(pTHX_ PerlIO *f, const void *from, Size_t n) {
    mp_interp *me = record(aTHX); void *err; SSize_t done; char room[1024];
    if (!(PerlIOBase(f)->flags & PERLIO_F_CANWRITE)) return 0;
    if (!me || !me->io) return nobody(f);
    if (n <= sizeof room) { Copy((const char *)from, room, n, char); from = room; }     /* a filter of the script may free what it prints */
    else from = SvPVX(newSVpvn_flags(from, n, SVs_TEMP));
    if ((done = me->io->write(me->io_ctx, from, n, &err)) < 0) return failed(aTHX_ me, f, err);
    if (UNLIKELY(me->leaving)) mp_go_on_leaving(aTHX_ me);
    return done;
}
static IV layer_flush(pTHX_ PerlIO *f) {
    mp_interp *me = record(aTHX); void *err;
    if (!(PerlIOBase(f)->flags & PERLIO_F_CANWRITE)) return -1;
    if (!me || !me->io) return 0;
    if (me->io->flush(me->io_ctx, &err) < 0) return failed(aTHX_ me, f, err);
    if (UNLIKELY(me->leaving)) mp_go_on_leaving(aTHX_ me);
    return 0;
}
/* The script has closed the handle, or popped the layer off it: perl will use its place for another file, so the record forgets it. */
static void forget(pTHX_ PerlIO *f) {
    mp_interp *me = record(aTHX); int i;
    for (i = 0; me && i < 2; i++) {
        IO *io = me->std[i].io;
        if (me->std[i].ours != f) continue;
        me->std[i].ours = NULL;                         /* made anew next time */
        if (io && IoIFP(io) == f) IoIFP(io) = NULL;
        if (io && IoOFP(io) == f) IoOFP(io) = NULL;
    }
}
static IV layer_popped(pTHX_ PerlIO *f) { forget(aTHX_ f); return PerlIOBase_popped(aTHX_ f); }
static IV layer_close(pTHX_ PerlIO *f) {
    PerlIOBase(f)->flags &= ~(PERLIO_F_CANREAD | PERLIO_F_CANWRITE | PERLIO_F_OPEN);
    return 0;
}
static IV layer_fileno(pTHX_ PerlIO *f) { PERL_UNUSED_ARG(f); return -1; }
static IV layer_fill(pTHX_ PerlIO *f) { PERL_UNUSED_ARG(f); return -1; }
static IV layer_pushed(pTHX_ PerlIO *f, const char *mode, SV *arg, PerlIO_funcs *tab) {
    PERL_UNUSED_ARG(arg);
    return PerlIOBase_pushed(aTHX_ f, mode, NULL, tab);
}
static PerlIO *layer_open(pTHX_ PerlIO_funcs *self, PerlIO_list_t *layers, IV n, const char *mode, int fd, int imode, int perm, PerlIO *f, int narg, SV **args) {
    PERL_UNUSED_ARG(layers); PERL_UNUSED_ARG(n); PERL_UNUSED_ARG(fd); PERL_UNUSED_ARG(imode); PERL_UNUSED_ARG(perm);
    if (!f) f = PerlIO_allocate(aTHX);
    if ((f = PerlIO_push(aTHX_ f, self, mode, narg ? args[0] : NULL))) PerlIOBase(f)->flags |= PERLIO_F_OPEN;
    return f;
}
typedef struct { struct _PerlIO base; } layer;
static PERLIO_FUNCS_DECL(Apache2) = {
    sizeof(PerlIO_funcs), "Apache2", sizeof(layer), PERLIO_K_MULTIARG | PERLIO_K_RAW,
    layer_pushed, layer_popped, layer_open, PerlIOBase_binmode, NULL /* getarg */, layer_fileno, PerlIOBase_dup,
    layer_read, PerlIOBase_unread, layer_write, NULL /* seek */, NULL /* tell */, layer_close, layer_flush, layer_fill,
    PerlIOBase_eof, PerlIOBase_error, PerlIOBase_clearerr, PerlIOBase_setlinebuf, NULL, NULL, NULL, NULL, NULL
};
void mp_io_define(pTHX) { PerlIO_define_layer(aTHX_ PERLIO_FUNCS_CAST(&Apache2)); }

GV *mp_std_gv_made(pTHX_ mp_interp *me, int i) {
    static const char *const names[] = { "STDIN", "STDOUT", "STDERR" };
    GV *gv = gv_fetchpvn_flags(names[i], strlen(names[i]), GV_ADD | GV_NOTQUAL, SVt_PVIO);
    return me->std_gv[i] = (GV *)SvREFCNT_inc_simple_NN((SV *)gv);
}
/* Our handle of STDIN or STDOUT, if there is one: its lowest layer is ours. */
static inline PerlIO *mine(mp_interp *me, int i) {
    PerlIO *f = me->std[i].ours; PerlIOl *l;
    if (LIKELY(f && (l = *f))) {
        while (UNLIKELY(l->next != NULL)) l = l->next;
        if (LIKELY(l->tab == PERLIO_FUNCS_CAST(&Apache2))) return f;
    }
    return me->std[i].ours = NULL;
}
/* Pops what the script pushed on our layer. What eof and ungetc push pops itself when it is flushed. */
static void plain(pTHX_ mp_interp *me, int i) {
    PerlIO *f;
    while ((f = mine(me, i)) && PerlIOBase(f)->tab != PERLIO_FUNCS_CAST(&Apache2)) {
        PerlIOl *const top = *f;
        PerlIO_flush(f);
        if (*f != top) continue;
        PerlIO_pop(aTHX_ f);
        if (*f == top) return;                          /* perl keeps a layer that is in use */
    }
}
static inline PerlIO *ours(pTHX_ mp_interp *me, int i) {
    PerlIO *f = mine(me, i);
    if (UNLIKELY(!f)) {
        f = PerlIO_allocate(aTHX);
        if (!f || !PerlIO_push(aTHX_ f, PERLIO_FUNCS_CAST(&Apache2), i ? "w" : "r", NULL)) return NULL;
        me->std[i].ours = f;
    }
    PerlIOBase(f)->flags = (PerlIOBase(f)->flags & ~(PERLIO_F_EOF | PERLIO_F_ERROR | PERLIO_F_UTF8 | PERLIO_F_CRLF)) | PERLIO_F_OPEN;
    return f;
}
static int take(pTHX_ mp_interp *me, int i) {
    IO *io = GvIOn(mp_std_gv(aTHX_ me, i)); PerlIO *f = ours(aTHX_ me, i);
    if (!f) return 1;
    me->std[i].io = (IO *)SvREFCNT_inc_simple_NN((SV *)io);
    me->std[i].ifp = IoIFP(io); me->std[i].ofp = IoOFP(io); me->std[i].type = IoTYPE(io); me->std[i].flags = IoFLAGS(io); me->std[i].lines = IoLINES(io);
    IoIFP(io) = f; IoOFP(io) = i ? f : NULL; IoTYPE(io) = i ? IoTYPE_WRONLY : IoTYPE_RDONLY; IoLINES(io) = 0;
    if (i) IoFLAGS(io) &= ~IOf_FLUSH;
    return 0;
}
static void close_other(pTHX_ IO *io, PerlIO *but) {
    PerlIO *f = IoIFP(io), *o = IoOFP(io);
    if (!f || f == but) return;
    IoIFP(io) = IoOFP(io) = NULL;
    if (IoTYPE(io) == IoTYPE_PIPE) { PerlProc_pclose(f); return; }
    if (o && o != f) PerlIO_close(o);
    PerlIO_close(f);
}
/* ModInterp::stdio_end(): flushes and pops what the script pushed, closes what it opened in STDIN's or STDOUT's place. */
XS_EXTERNAL(mp_xs_io_end) {
    dXSARGS; mp_interp *me = MP_ME; int i;
    PERL_UNUSED_VAR(items);
    for (i = 0; i < 2; i++) {
        IO *io = me->std[i].io;
        if (!io) continue;
        plain(aTHX_ me, i);
        close_other(aTHX_ io, me->std[i].ours);
    }
    XSRETURN_EMPTY;
}
static void give(pTHX_ mp_interp *me, int i) {
    IO *io = me->std[i].io;
    if (!io) return;
    IoIFP(io) = me->std[i].ifp; IoOFP(io) = me->std[i].ofp; IoTYPE(io) = me->std[i].type; IoFLAGS(io) = me->std[i].flags; IoLINES(io) = me->std[i].lines;
    if (i) {                                            /* formats: start-up code sets none for STDOUT */
        XPVIO *x = (XPVIO *)SvANY(io);
        if (UNLIKELY(x->xio_fmt_name || x->xio_top_name || x->xio_page || x->xio_lines_left || x->xio_page_len != 60)) {
            Safefree(x->xio_fmt_name); Safefree(x->xio_top_name);
            x->xio_fmt_name = x->xio_top_name = NULL; x->xio_fmt_gv = x->xio_top_gv = NULL;
            x->xio_page = x->xio_lines_left = 0; x->xio_page_len = 60;
        }
    }
    me->std[i].io = NULL;
    SvREFCNT_dec_NN((SV *)io);
}
static int is_plain(mp_interp *me, int i) {
    IO *io = me->std[i].io; PerlIO *f = me->std[i].ours;
    return !io || (f && IoIFP(io) == f && PerlIOValid(f) && PerlIOBase(f)->tab == PERLIO_FUNCS_CAST(&Apache2));
}

/* For leftovers.c. The handle of the response that runs is our layer again; what stands there is closed. */
int mp_io_is_plain(mp_interp *me, int i) { return is_plain(me, i); }
void mp_io_again(pTHX_ mp_interp *me, int i) {
    IO *io = me->std[i].io; PerlIO *f;
    close_other(aTHX_ io, me->std[i].ours);
    plain(aTHX_ me, i);
    f = ours(aTHX_ me, i);
    IoIFP(io) = f; IoOFP(io) = i ? f : NULL; IoTYPE(io) = i ? IoTYPE_WRONLY : IoTYPE_RDONLY;
}
/* In a process that a script forked: the handle is that of the descriptor. */
void mp_io_native(mp_interp *me, int i) {
    IO *io = me->std[i].io;
    IoIFP(io) = me->std[i].ifp; IoOFP(io) = me->std[i].ofp; IoTYPE(io) = me->std[i].type;
}

/* What buffers is below layers that pass on. */
void mp_lines_go_out(PerlIO *f) { for (; PerlIOValid(f); f = PerlIONext(f)) PerlIOBase(f)->flags |= PERLIO_F_LINEBUF; }

/* A response inside another whose script closed a handle, opened something in its place or pushed a layer: it has a handle of
 * its own, and the outer one's state is put aside. */
typedef struct { mp_std std[2]; int is[2]; } aside;
static int take_again(pTHX_ mp_interp *me, aside **kept) {
    int i, failed = 0;
    for (i = 0; i < 2; i++) {
        if (is_plain(me, i)) continue;
        if (!*kept && !(*kept = calloc(1, sizeof **kept))) return 1;
        (*kept)->std[i] = me->std[i]; (*kept)->is[i] = 1;
        me->std[i].ours = NULL; me->std[i].io = NULL;
        failed |= take(aTHX_ me, i);
    }
    return failed;
}
static void give_again(pTHX_ mp_interp *me, aside *kept) {
    int i;
    for (i = 0; kept && i < 2; i++) {
        PerlIO *inner = mine(me, i);
        if (!kept->is[i]) continue;
        give(aTHX_ me, i);
        me->std[i] = kept->std[i];
        if (!mine(me, i)) me->std[i].ours = inner;
        else if (inner) PerlIO_close(inner);
    }
    free(kept);
}

/* ---- pages: what crates/pages writes into their scripts for each text piece, `ModInterp::page_text(page, number);` ---- */
static void send_piece(pTHX_ IV page, IV number) {
    mp_interp *me = record(aTHX); void *err;
    if (!me || !me->io) croak("ModInterp::page_text: no response runs");
    if (UNLIKELY(!is_plain(me, 1)) && IoOFP(me->std[1].io)) PerlIO_flush(IoOFP(me->std[1].io));    /* what was printed goes first */
    if (UNLIKELY(me->io->piece(me->io_ctx, page, number, &err) < 0)) mp_raise(aTHX_ me, err);
    if (UNLIKELY(me->leaving)) mp_go_on_leaving(aTHX_ me);
}
static OP *pp_page_text(pTHX) {
    dSP; IV number = POPi, page = POPi;
    PUTBACK;
    send_piece(aTHX_ page, number);
    if (GIMME_V != G_VOID) { SPAGAIN; XPUSHs(&PL_sv_yes); PUTBACK; }
    return NORMAL;
}
/* A call with two constants, which is what a script has, becomes an op of its own: a call of a sub costs five times as much. */
static OP *page_text_checked(pTHX_ OP *call, GV *name, SV *cv) {
    OP *parent = call, *mark = cUNOPx(call)->op_first, *page, *number;
    PERL_UNUSED_ARG(name); PERL_UNUSED_ARG(cv);
    if (!OpHAS_SIBLING(mark)) { parent = mark; mark = cUNOPx(mark)->op_first; }
    page = OpSIBLING(mark);
    number = page ? OpSIBLING(page) : NULL;
    if (!number || !OpHAS_SIBLING(number) || OpHAS_SIBLING(OpSIBLING(number)) || page->op_type != OP_CONST || number->op_type != OP_CONST) return ck_entersub_args_list(call);
    op_sibling_splice(parent, page, 1, NULL);
    op_sibling_splice(parent, mark, 1, NULL);
    op_free(call);
    call = newBINOP(OP_CUSTOM, 0, page, number);
    call->op_ppaddr = pp_page_text;
    return call;
}
XS_EXTERNAL(mp_xs_page_text) {
    dXSARGS;
    if (items != 2) croak("usage: ModInterp::page_text(page, number)");
    send_piece(aTHX_ SvIV(ST(0)), SvIV(ST(1)));
    XSRETURN_EMPTY;
}
void mp_page_text_define(pTHX_ const char *file) {
    static XOP op; CV *cv = newXS("ModInterp::page_text", mp_xs_page_text, file);
    XopENTRY_set(&op, xop_name, "page_text");
    XopENTRY_set(&op, xop_desc, "text of a page");
    XopENTRY_set(&op, xop_class, OA_BINOP);
    Perl_custom_op_register(aTHX_ pp_page_text, &op);
    cv_set_call_checker(cv, page_text_checked, (SV *)cv);
}

typedef struct { const mp_stdio *io; void *ctx; unsigned char flags; aside *kept; } mp_io_before;
int mp_io_begin(mp_interp *me, const mp_stdio *io, void *ctx, mp_io_before *before) {
    dTHXa(me->perl);
    before->io = me->io; before->ctx = me->io_ctx;
    before->flags = me->std[1].io ? IoFLAGS(me->std[1].io) : 0;
    me->io = io; me->io_ctx = ctx;
    before->kept = NULL;
    if (before->io && take_again(aTHX_ me, &before->kept)) return 1;
    if (before->io) { if (me->std[1].io) IoFLAGS(me->std[1].io) &= ~IOf_FLUSH; return 0; }       /* inside another response */
    return take(aTHX_ me, 0) | take(aTHX_ me, 1);
}
void mp_io_end(mp_interp *me, const mp_io_before *before, mp_out *out) {
    dTHXa(me->perl); int tag = MP_OK; SV *ret = NULL;
    if (!is_plain(me, 0) || !is_plain(me, 1)) {
        tag = mp_run(aTHX_ me, (SV *)get_cv("ModInterp::stdio_end", 0), NULL, NULL, 0, &ret);
    }
    me->io = before->io; me->io_ctx = before->ctx;
    give_again(aTHX_ me, before->kept);
    if (before->io) { if (me->std[1].io) IoFLAGS(me->std[1].io) = before->flags; }
    else { give(aTHX_ me, 1); give(aTHX_ me, 0); }       /* the other way round: both may be one, by `*STDIN = *STDOUT` */
    mp_deliver(me, tag, ret, out);
}
