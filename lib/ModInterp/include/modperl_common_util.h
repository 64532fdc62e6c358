/* Macros, and functions that do not need httpd's headers. The functions are the server's: in a plain perl they are not there. */
#ifndef MODPERL_COMMON_UTIL_H
#define MODPERL_COMMON_UTIL_H

#include "modperl_common_includes.h"

#define MP_INLINE APR_INLINE
#define MP_STATIC static
#define MP_FUNC_T(name)        (*name)
#define MP_FUNC_NONSTD_T(name) (*name)

#define MP_SSTRLEN(literal) (sizeof(literal) - 1)
#ifndef strcaseEQ
#  define strcaseEQ(a, b) (strcasecmp((a), (b)) == 0)
#endif
#ifndef strncaseEQ
#  define strncaseEQ(a, b, n) (strncasecmp((a), (b), (n)) == 0)
#endif

/* The class of an object, and the pointer in it: that of a reference, and that of a tie. */
#ifndef SvCLASS
#  define SvCLASS(rv) HvNAME(SvSTASH(SvRV(rv)))
#endif
#define SvObjIV(rv) SvIV(SvRV(rv))
#define MgObjIV(mg) SvIV(SvRV((mg)->mg_obj))

/* Room for n bytes and a NUL; the length of what was put there. */
#define MP_SvGROW(sv, n)    ((void)SvUPGRADE((sv), SVt_PV), SvGROW((sv), (STRLEN)(n) + 1))
#define MP_SvCUR_set(sv, n) STMT_START { SvCUR_set((sv), (n)); *SvEND(sv) = '\0'; SvPOK_only(sv); } STMT_END

#define MP_PERL_VERSION(r, v, s)          (PERL_REVISION == (r) && PERL_VERSION == (v) && PERL_SUBVERSION == (s))
#define MP_PERL_VERSION_AT_LEAST(r, v, s) \
    (PERL_REVISION == (r) && (PERL_VERSION > (v) || (PERL_VERSION == (v) && PERL_SUBVERSION >= (s))))
#define MP_PERL_VERSION_AT_MOST(r, v, s) \
    (PERL_REVISION == (r) && (PERL_VERSION < (v) || (PERL_VERSION == (v) && PERL_SUBVERSION <= (s))))

/* Magic off a variable while it is read or written as it is, and on again. */
#define MP_magical_untie(sv, flags) STMT_START { (flags) = SvMAGICAL((SV *)(sv)); SvMAGICAL_off((SV *)(sv)); } STMT_END
#define MP_magical_tie(sv, flags)   (SvFLAGS((SV *)(sv)) |= (flags))

/* A new reference, blessed into classname, to a hash that is tied to an object with that pointer (APR::Table). */
SV *modperl_hash_tie(pTHX_ const char *classname, SV *unused, void *p);
/* The object behind such a hash; the object itself, if it is none. Croaks if it is of another class. */
SV *modperl_hash_tied_object_rv(pTHX_ const char *classname, SV *tied);
/* The pointer in it. Croaks also if what the object stands for is gone. */
void *modperl_hash_tied_object(pTHX_ const char *classname, SV *tied);
/* A new object with that pointer; it is void when its owner ends. */
SV *modperl_ptr2obj(pTHX_ char *classname, void *ptr);
SV *modperl_newSVsv_obj(pTHX_ SV *classname, SV *obj);
SV *modperl_perl_sv_setref_uv(pTHX_ SV *rv, const char *classname, UV uv);

#endif
