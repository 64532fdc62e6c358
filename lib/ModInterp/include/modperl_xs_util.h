/* For XSUBs that take their arguments from perl's stack by hand. */
#ifndef MODPERL_XS_UTIL_H
#define MODPERL_XS_UTIL_H

#include "modperl_xs_sv_convert.h"
#include "modperl_error.h"

#define mpxs_Apache2__RequestRec_pool(r) ((r)->pool)
#define mpxs_Apache2__Connection_pool(c) ((c)->pool)

#define mpxs_PPCODE(code) STMT_START { SP -= items; code; PUTBACK; } STMT_END

#define PUSHs_mortal_iv(n)  PUSHs(sv_2mortal(newSViv(n)))
#define PUSHs_mortal_pv(s)  PUSHs(sv_2mortal(newSVpv((const char *)(s), 0)))
#define XPUSHs_mortal_iv(n) STMT_START { EXTEND(SP, 1); PUSHs_mortal_iv(n); } STMT_END
#define XPUSHs_mortal_pv(s) STMT_START { EXTEND(SP, 1); PUSHs_mortal_pv(s); } STMT_END

#define mpxs_sv_grow(sv, n)    MP_SvGROW(sv, n)
#define mpxs_sv_cur_set(sv, n) MP_SvCUR_set(sv, n)

#define mpxs_set_targ(func, arg) STMT_START { dXSTARG; XSprePUSH; func(aTHX_ TARG, arg); PUSHTARG; XSRETURN(1); } STMT_END

#define mpxs_cv_name() HvNAME(GvSTASH(CvGV(cv))), GvNAME(CvGV(cv))

#define mpxs_sv_is_object(sv)          (SvROK(sv) && SvTYPE(SvRV(sv)) == SVt_PVMG)
#define mpxs_sv_object_deref(sv, type) (mpxs_sv_is_object(sv) ? INT2PTR(type *, SvIVX(SvRV(sv))) : (type *)NULL)
#define mpxs_sv2_obj(var, sv)          ((var) = mp_xs_sv2_##var(sv))

/* The first argument into the variable of that name (r, APR__Table ...), of at least n; the rest stays between MARK and SP. */
#define mpxs_usage_items_1(arg) STMT_START { if (items != 1) Perl_croak(aTHX_ "usage: %s::%s(%s)", mpxs_cv_name(), (arg)); } STMT_END
#define mpxs_usage_va(n, var, text) STMT_START { \
    if (items < (n) || !mpxs_sv2_obj(var, *MARK)) Perl_croak(aTHX_ "usage: %s", (text)); \
    MARK++; \
} STMT_END
#define mpxs_usage_va_1(var, text)      mpxs_usage_va(1, var, text)
#define mpxs_usage_va_2(var, arg, text) STMT_START { mpxs_usage_va(2, var, text); (arg) = *MARK++; } STMT_END

/* Each argument left goes through func(aTHX_ obj, bytes, &length), and what it took is added to `bytes`. */
#define mpxs_write_loop(func, obj, name) STMT_START { \
    for (; MARK <= SP; MARK++) { \
        apr_size_t mp_len; \
        const char *mp_text = SvPV(*MARK, mp_len); \
        MP_RUN_CROAK(func(aTHX_ (obj), mp_text, &mp_len), (name)); \
        bytes += mp_len; \
    } \
} STMT_END

/* What lies in a pool keeps the pool's object, so that a pool of a script's lives as long. */
#define mpxs_add_pool_magic(obj, pool_obj) ((void)sv_magicext(SvRV(obj), SvRV(pool_obj), PERL_MAGIC_ext, NULL, NULL, 0))

#endif
