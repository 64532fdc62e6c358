/* What env.c and lazy.c share. */
#ifndef ENV_H
#define ENV_H
#include "shim.h"

#ifndef HvHasAUX                                        /* perl 5.36 and before */
#  define HvHasAUX(hv) SvOOK(hv)
#endif
#define env_hv() (PL_envgv ? GvHVn(PL_envgv) : NULL)
/* Whether a frame has begun in this interpreter; a thread that a script made has the record of the one it was copied from. */
static inline const mp_interp *mp_in_frame(pTHX) {
    const mp_interp *me = MP_ME;
    return me && me->perl == MP_THX && me->env_top ? me : NULL;
}
/* A hash without its magic, and unlocked: what is done to it reaches neither environ nor a sink, and cannot die. */
#define SHUT (SVs_GMG | SVs_SMG | SVs_RMG | SVf_READONLY | SVf_PROTECT)
static inline U32 open_up(HV *hv) { const U32 was = SvFLAGS(hv) & SHUT; SvFLAGS(hv) &= ~SHUT; return was; }

/* env.c */
void mp_env_mark(pTHX_ SV *sv, const char *key, I32 klen);
/* lazy.c */
int mp_env_is_cgi(const char *key, size_t n);
void mp_env_watch(pTHX_ HV *hv);
int mp_env_watches(const HV *hv, const MGVTBL *beside);
void mp_env_look(mp_env_frame *f);
#endif
