/* The way into Perl: a die or an exit of the code that is called comes back as a tag. Called by src/call.rs and src/code.rs, and by Rust functions that call back. */
#include "shim.h"

void (*mp_err_over)(pTHX_ mp_interp *me);
void (*mp_std_over)(mp_interp *me);

/* Ends a process that a script forked, when it would return into the server: the server's code must not run in it. */
static void end_child(pTHX_ mp_interp *me, int tag, SV *sv) __attribute__((noreturn, noinline, cold));
static void end_child(pTHX_ mp_interp *me, int tag, SV *sv) {
    int status = 0;
    me->io = NULL;                                      /* the response belongs to the process that was forked from */
    if (tag == MP_DIED) {
        STRLEN n; const char *s;
        if (sv && !mp_has_text(aTHX_ sv)) {
            sv = mp_dump(aTHX_ sv);
            sv_catpvs(sv, "\n");
        }
        else if (sv && SvROK(sv)) {
            SV *t = NULL; dJMPENV; int rc;
            JMPENV_PUSH(rc);
            if (rc == 0) {
                dSP;
                PUSHSTACKi(PERLSI_MAGIC); PUSHMARK(SP); XPUSHs(sv); PUTBACK;
                call_pv("ModInterp::text", G_SCALAR | G_EVAL);
                SPAGAIN; t = POPs; PUTBACK;
            }
            JMPENV_POP;
            if (t && SvPOK(t)) sv = t;
        }
        s = sv && !SvROK(sv) ? SvPV_nomg_const(sv, n) : (n = 5, "Died\n");
        PerlIO_write(PerlIO_stderr(), s, n);
        status = 255;
    }
    else if (tag != MP_OK) status = me->exit_status & 255;
    PerlIO_flush((PerlIO *)NULL);
    _exit(status);
}

/* Makes mod_perl's exception, an APR::Error with the caller's file and line. */
SV *mp_exception(pTHX_ IV rc, const char *func, size_t n) {
    HV *hv = newHV();
    bool tainted = PL_tainted;
    SV *rv = sv_2mortal(newRV_noinc((SV *)hv));
    (void)hv_stores(hv, "rc", newSViv(rc));
    (void)hv_stores(hv, "func", newSVpvn(func, n));
    (void)hv_stores(hv, "file", newSVpv(CopFILE(PL_curcop) ? CopFILE(PL_curcop) : "", 0));
    (void)hv_stores(hv, "line", newSVuv(CopLINE(PL_curcop)));
    if (!hv_exists(GvHVn(PL_incgv), "APR/Error.pm", 12)) {      /* the file may be missing: the object can be used without its methods */
        TAINT_NOT;
        ENTER; save_scalar(PL_errgv);
        eval_sv(sv_2mortal(newSVpvs("local $SIG{__DIE__}; require APR::Error")), G_VOID | G_DISCARD);
        LEAVE;
        if (tainted) TAINT;
    }
    return sv_bless(rv, gv_stashpvs("APR::Error", GV_ADD));
}

/* What `exit` is in all code: CORE::GLOBAL::exit and ModPerl::Util::exit. */
XS_EXTERNAL(mp_xs_exit) {
    dXSARGS; SV *exception;
    if (items > 1) croak("Usage: ModPerl::Util::exit(status=0)");
    if ((void *)MP_ME->perl == MP_THX) MP_ME->exit_status = items ? (int)SvIV(ST(0)) : 0;     /* a thread of the script's has the record of another interpreter */
    if ((void *)MP_ME->perl == MP_THX && MP_ME->turn) my_exit(MP_ME->exit_status);      /* of the program, whatever evals are around it */
    exception = mp_exception(aTHX_ MP_RC_EXIT, "ModPerl::Util::exit", 19);
    SAVESPTR(PL_diehook); PL_diehook = NULL;            /* an exit is no error: $SIG{__DIE__} is not asked */
    croak_sv(exception);
}
int mp_is_exit(pTHX_ SV *err) {
    SV **rc; HV *hv;
    if (!SvROK(err) || !SvOBJECT(SvRV(err)) || SvTYPE(SvRV(err)) != SVt_PVHV) return 0;
    hv = (HV *)SvRV(err);
    if (SvRMAGICAL(hv) || !sv_derived_from(err, "APR::Error")) return 0;
    return (rc = hv_fetchs(hv, "rc", 0)) && SvIOK(*rc) && SvIVX(*rc) == MP_RC_EXIT;
}

/* What may run script code to become text or a number does so as a call of one of these. */
XS_EXTERNAL(mp_xs_text) {
    dXSARGS; STRLEN n; const char *s;
    if (items < 1) XSRETURN_UNDEF;
    s = SvPV_const(ST(0), n);
    ST(0) = newSVpvn_flags(s, n, SVs_TEMP | (SvUTF8(ST(0)) ? SVf_UTF8 : 0));
    XSRETURN(1);
}
XS_EXTERNAL(mp_xs_number) { dXSARGS; if (items < 1) XSRETURN_UNDEF; ST(0) = sv_2mortal(newSViv(SvIV(ST(0)))); XSRETURN(1); }
/* ModInterp::run($code): the value of the code in scalar context; dies with the code's own message. */
XS_EXTERNAL(mp_xs_eval) {
    dXSARGS; SV *code, *r;
    if (items != 1) croak("usage: ModInterp::run(code)");
    code = ST(0); SP -= items; PUTBACK;
    eval_sv(code, G_SCALAR);
    SPAGAIN; r = POPs; PUTBACK;
    if (SvROK(ERRSV) || SvTRUE_NN(ERRSV)) croak_sv(sv_mortalcopy(ERRSV));
    SPAGAIN; EXTEND(SP, 1); PUSHs(r); PUTBACK;
}

/* ModInterp::cleanup_died($exception) */
XS_EXTERNAL(mp_xs_cleanup_died) {
    dXSARGS;
    if (items != 1) croak("usage: ModInterp::cleanup_died(exception)");
    warn("APR::Pool: cleanup died: %" SVf, SVfARG(ST(0)));
    XSRETURN_EMPTY;
}
/* A cleanup that dies is a warning, as with mod_perl: $SIG{__WARN__} is asked. */
void mp_cleanup_died(pTHX_ mp_interp *me, SV *exception) {
    SV *ret = NULL;
    (void)mp_run(aTHX_ me, (SV *)get_cv("ModInterp::cleanup_died", 0), exception, NULL, 0, &ret);
    mp_release(aTHX_ me, ret);
}
void mp_cleanup_died_of(mp_interp *me, const char *text, size_t n) {
    dTHXa(me->perl); SV *sv = newSVpvn(text, n);
    mp_cleanup_died(aTHX_ me, sv);
    SvREFCNT_dec_NN(sv);
}

/* Where perl stood when a door was entered. */
typedef struct { I32 scope, save; SSize_t sp, mark; PERL_SI *si; COP *cop; OP *op; } place;
static place here(pTHX) {
    place at;
    at.scope = PL_scopestack_ix; at.save = PL_savestack_ix; at.sp = PL_stack_sp - PL_stack_base; at.mark = PL_markstack_ptr - PL_markstack;
    at.si = PL_curstackinfo; at.cop = PL_curcop; at.op = PL_op;
    return at;
}
/* call_sv saves PL_op on the save stack and leaves it to the caller's scope to take that off. The outermost door has no scope:
 * what stands there is mostly that one entry of two slots. */
static void saved_off(pTHX_ const place *at) {
    if (LIKELY(PL_savestack_ix == at->save + 2)) { PL_savestack_ix = at->save; PL_op = at->op; }
    else LEAVE_SCOPE(at->save);
}
/* After my_exit, which has unwound all of perl's stacks: sets them back to where they were. `nested`: the frames of the calls outside
 * of this one are gone as well, so those calls must end, too. */
static void unwound(pTHX_ mp_interp *me, const place *at, int rc, int nested) {
    PL_op = at->op; PL_curcop = at->cop;
    if (PL_curstackinfo != at->si && PL_curstackinfo->si_prev) POPSTACK_TO(at->si->si_stack);
    while (PL_scopestack_ix > at->scope) LEAVE;
    LEAVE_SCOPE(at->save);
    if (PL_curstackinfo == at->si) {
        if (PL_stack_sp > PL_stack_base + at->sp) PL_stack_sp = PL_stack_base + at->sp;
        if (PL_markstack_ptr > PL_markstack + at->mark) PL_markstack_ptr = PL_markstack + at->mark;
    }
    FREETMPS;
    if (rc == 3) { PL_restartop = NULL; PL_restartjmpenv = NULL; }
    else { me->exit_status = STATUS_EXIT; me->leaving = nested; }
}
/* Frees a value: DESTROY may run, and may call CORE::exit. */
void mp_release(pTHX_ mp_interp *me, SV *sv) {
    dJMPENV; int rc; place at;
    if (!sv) return;
    if (LIKELY(SvREFCNT(sv) > 1 || (SvTYPE(sv) < SVt_PVMG && !SvROK(sv)))) { SvREFCNT_dec_NN(sv); return; }
    at = here(aTHX);
    JMPENV_PUSH(rc);
    if (rc == 0) SvREFCNT_dec_NN(sv); else unwound(aTHX_ me, &at, rc, me->depth > 0);
    JMPENV_POP;
    if (UNLIKELY(!me->depth && mp_std_replaced(me))) me->touched |= MP_STATE;
    if (UNLIKELY(mi_is_forked())) end_child(aTHX_ me, rc ? MP_CORE_EXIT : MP_OK, NULL);
}

/* Text such as "403 Forbidden", which perl takes for 403. SvIV would say that it is no number, maybe to a script's __WARN__. */
static int leading_number(pTHX_ SV *sv, NV *n) {
    const char *p = SvPVX_const(sv), *digit;
    while (isSPACE(*p)) p++;
    digit = *p == '-' || *p == '+' ? p + 1 : p;
    if (*digit == '.') digit++;
    if (!isDIGIT(*digit)) return 0;
    *n = Atof(p);
    return 1;
}
/* A value that tells its number without running code is read where it lies. */
static int is_plain(pTHX_ SV *r, mp_out *out) {
    NV n;
    if (SvROK(r) || SvGMAGICAL(r)) return 0;
    if (LIKELY((SvFLAGS(r) & (SVf_IOK | SVf_IVisUV)) == SVf_IOK)) { out->number = SvIVX(r); out->truth = SvPOK(r) ? SvTRUE_nomg_NN(r) : out->number != 0; return 1; }
    if (SvNIOK(r) || (SvPOK(r) && looks_like_number(r))) {
        out->number = SvIV_nomg(r);
        n = SvNV_nomg(r);
        if (!(n >= (NV)IV_MIN && n < -(NV)IV_MIN)) { out->number = (int)out->number; out->is_wild = 1; }     /* as mod_perl, which looks at an int */
    }
    else if (SvPOK(r) && leading_number(aTHX_ r, &n)) out->number = I_V(n);
    out->truth = SvTRUE_nomg_NN(r);
    return 1;
}
/* Calls `sub` with `that` (may be NULL) and the arguments, in scalar context. *ret: the value, or the exception; counted.
 * With `out` a plain value goes there, and *ret is NULL. */
static int run(pTHX_ mp_interp *me, SV *sub, SV *that, const mi_val *args, size_t n, SV **ret, mp_out *out) {
    dSP; dJMPENV;
    int rc, tag; size_t i;
    const place at = here(aTHX);
    SV *volatile lent = NULL;                           /* the first argument, of which we hold a count */
    const SSize_t floor = PL_tmps_floor;                /* what SAVETMPS would do, without a scope: every way out puts it back */
    const int nested = me->depth > 0;
    *ret = NULL;
    me->depth++;
    TAINT_NOT;
    PL_tmps_floor = PL_tmps_ix;
    if (nested) { ENTER; save_scalar(PL_errgv); }       /* the caller's $@ stays what it is */
    PUSHSTACKi(PERLSI_MAGIC);                           /* a context stack of its own, which last, next and goto cannot leave */
    PUSHMARK(SP); EXTEND(SP, (SSize_t)n + 1);
    if (that) PUSHs(that);
    PUTBACK;
    JMPENV_PUSH(rc);
    if (LIKELY(rc == 0)) {
        SV *r, *err;
        SPAGAIN;
        i = 0;
        if (n && args->tag == MI_OBJ) { lent = mp_lend(aTHX_ me, args); PUSHs(lent); i = 1; }
        for (; i < n; i++) { SV *sv = mp_sv(aTHX_ me, args + i, NULL); PUSHs(sv); }
        PUTBACK;
        call_sv(sub, G_SCALAR | G_EVAL);
        SPAGAIN; r = POPs; PUTBACK;
        err = ERRSV;
        if (UNLIKELY(SvROK(err) || SvTRUE_NN(err))) { *ret = newSVsv(err); CLEAR_ERRSV(); tag = mp_is_exit(aTHX_ *ret) ? MP_EXIT : MP_DIED; }
        else if (out && LIKELY(is_plain(aTHX_ r, out))) tag = MP_OK;
        else {
            *ret = SvIMMORTAL(r) || (SvTEMP(r) && SvREFCNT(r) == 1 && !SvMAGICAL(r)) ? SvREFCNT_inc_simple_NN(r) : newSVsv(r);
            tag = MP_OK;
        }
        POPSTACK; FREETMPS;                             /* DESTROY may run here */
        if (nested) LEAVE; else saved_off(aTHX_ &at);
        PL_tmps_floor = floor;
        if (lent) { SV *back = lent; lent = NULL; mp_take_back(aTHX_ me, back); }
    } else {
        unwound(aTHX_ me, &at, rc, nested);
        PL_tmps_floor = floor;
        tag = MP_CORE_EXIT;
        SvREFCNT_dec(*ret); *ret = NULL;
        if (rc == 3) { *ret = newSVsv(ERRSV); CLEAR_ERRSV(); tag = MP_DIED; }
    }
    JMPENV_POP;
    TAINT_NOT;
    me->depth--;
    if (!me->depth) {
        if (UNLIKELY(me->err)) mp_err_over(aTHX_ me);
        if (UNLIKELY(mp_std_replaced(me))) mp_std_over(me);
    }
    if (UNLIKELY(mi_is_forked())) end_child(aTHX_ me, tag, *ret);
    if (UNLIKELY(lent != NULL)) mp_release(aTHX_ me, lent);
    return tag;
}

int mp_run(pTHX_ mp_interp *me, SV *sub, SV *that, const mi_val *args, size_t n, SV **ret) {
    return run(aTHX_ me, sub, that, args, n, ret, NULL);
}

/* ---- results for Rust ---- */

static SV *text_of(pTHX_ mp_interp *me, SV *sv) {       /* returns a counted text; of an exception that has no text, one that says so */
    SV *t = NULL;
    if (!SvROK(sv) && !SvGMAGICAL(sv)) return SvREFCNT_inc_simple_NN(sv);
    if (mp_run(aTHX_ me, (SV *)get_cv("ModInterp::text", 0), sv, NULL, 0, &t) == MP_OK && t) return t;
    SvREFCNT_dec(t);
    return newSVpvf("an exception of class %s that has no text", SvROK(sv) ? sv_reftype(SvRV(sv), 1) : "?");
}
static void deliver(pTHX_ mp_interp *me, int tag, SV *sv, int want_text, mp_out *out) {
    out->tag = tag; out->status = me->exit_status; out->sv = sv;
    if (tag == MP_OK && sv) {
        SV *r = sv;
        if (!is_plain(aTHX_ r, out)) {
            SV *t = NULL;
            if (SvAMAGIC(r) && mp_run(aTHX_ me, (SV *)get_cv("ModInterp::number", 0), r, NULL, 0, &t) == MP_OK && t) out->number = SvIV(t);
            else if (SvROK(r)) { out->number = PTR2IV(SvRV(r)); out->is_wild = 1; }
            else out->number = 0;
            SvREFCNT_dec(t);
            out->truth = 1;
        }
        if (want_text) { STRLEN n; SV *t = text_of(aTHX_ me, r); SvREFCNT_dec(r); out->sv = t; out->text = SvPV_nomg_const(t, n); out->len = n; }
    } else if (tag == MP_DIED && sv) {
        STRLEN n; SV *t = mp_has_text(aTHX_ sv) ? text_of(aTHX_ me, sv) : mp_dump(aTHX_ sv);
        mp_release(aTHX_ me, sv); out->sv = t;
        out->text = SvPV_nomg_const(t, n); out->len = n;
    }
    if (LIKELY(!out->text) && out->sv) { SV *gone = out->sv; out->sv = NULL; mp_release(aTHX_ me, gone); }
    if (UNLIKELY(me->home && me->home->drops)) mp_drain(aTHX_ me);
}
void mp_out_done(mp_interp *me, mp_out *out) { dTHXa(me->perl); mp_release(aTHX_ me, out->sv); out->sv = NULL; }

static SV *code_of(pTHX_ const mi_val *code) {          /* of a name it makes a new SV, which the caller frees */
    return code->tag == MI_BYTES ? newSVpvn(code->u.s, code->a.len) : (SV *)code->u.p;
}
void mp_call_value(mp_interp *me, const mi_val *code, const mi_val *args, size_t n, mp_out *out) {
    dTHXa(me->perl); SV *ret, *sub = code_of(aTHX_ code); int tag;
    tag = run(aTHX_ me, sub, NULL, args, n, &ret, out);
    if (sub != code->u.p) SvREFCNT_dec(sub);
    deliver(aTHX_ me, tag, ret, 0, out);
}
void mp_eval(mp_interp *me, const char *s, size_t n, int want_text, mp_out *out) {
    dTHXa(me->perl); SV *ret, *code = newSVpvn(s, n);
    int tag = run(aTHX_ me, (SV *)get_cv("ModInterp::run", 0), code, NULL, 0, &ret, want_text ? NULL : out);
    SvREFCNT_dec(code);
    deliver(aTHX_ me, tag, ret, want_text, out);
}
void mp_drain_now(mp_interp *me) { dTHXa(me->perl); if (me->home && me->home->drops) mp_drain(aTHX_ me); }

/* For handler.c and io.c. */
void mp_deliver(mp_interp *me, int tag, SV *ret, mp_out *out) { dTHXa(me->perl); deliver(aTHX_ me, tag, ret, 0, out); }
void mp_call_sub(pTHX_ mp_interp *me, SV *sub, SV *that, const mi_val *args, size_t n, mp_out *out) {
    SV *ret; int tag = run(aTHX_ me, sub, that, args, n, &ret, out);
    if (LIKELY(tag == MP_OK && !ret && !(me->home && me->home->drops))) { out->tag = MP_OK; return; }
    deliver(aTHX_ me, tag, ret, 0, out);
}

/* mi_ops.call: a Rust function calls code of the script. Returns 0 with its result, 1 if it died, 2 if it called exit. */
int mp_op_call(void *ctx, const mi_val *code, const mi_val *args, size_t n, mi_val *ret) {
    dTHXa((PerlInterpreter *)ctx); mp_interp *me = MP_ME; SV *sv, *sub; int tag, want_text = ret->tag == MI_BYTES, want_plain = ret->tag == MI_PLAIN;
    ret->tag = MI_NONE; ret->flags = 0;
    sub = code_of(aTHX_ code);
    tag = mp_run(aTHX_ me, sub, NULL, args, n, &sv);
    if (sub != code->u.p) SvREFCNT_dec(sub);
    if (tag == MP_CORE_EXIT) { ret->u.i = me->exit_status; return 2; }
    if (tag == MP_OK && want_plain) {
        if (mp_fetch_plain(aTHX_ sv_2mortal(sv), ret)) ret->tag = MI_NONE;
        return 0;
    }
    if (tag == MP_OK && want_text) {
        STRLEN len;
        if (SvROK(sv)) {                                /* the text of an overloaded object is asked for in a call of its own, since that runs code */
            mi_val that = { MI_ANY, 0, 0, 0, { 0 }, { 0 }, NULL };
            that.u.p = sv_2mortal(sv);
            if ((tag = mp_run(aTHX_ me, (SV *)get_cv("ModInterp::text", 0), NULL, &that, 1, &sv)) == MP_CORE_EXIT) { ret->u.i = me->exit_status; return 2; }
            if (tag != MP_OK) { ret->tag = MI_KEPT; ret->u.p = sv; return 1; }
        }
        sv_2mortal(sv);
        ret->tag = MI_BYTES; ret->u.s = SvPV_nomg_const(sv, len); ret->a.len = len;
        return 0;
    }
    if (tag == MP_OK) {
        ret->tag = MI_INT; ret->u.i = SvIOK(sv) ? SvIVX(sv) : SvPOK(sv) && looks_like_number(sv) ? SvIV_nomg(sv) : 0;
        ret->flags = SvROK(sv) || SvTRUE_nomg(sv) ? MI_TRUE : 0;
        SvREFCNT_dec(sv);
        return 0;
    }
    ret->tag = MI_KEPT; ret->u.p = sv;                  /* also of an exit: the exception is passed on unchanged */
    return 1;
}
