/* Frees large buffers of variables that have no value now. Called by src/perl.rs while the interpreter is idle. */
#include "shim.h"
#ifdef __GLIBC__
#  include <malloc.h>
#endif

static size_t spare(pTHX_ SV *sv, size_t limit, int report) {
    size_t n;
    if (SvREFCNT(sv) != 1 || SvTYPE(sv) < SVt_PV || SvTYPE(sv) > SVt_PVMG || SvTYPE(sv) == SVt_INVLIST || SvTYPE(sv) == SVt_REGEXP) return 0;
    if (SvMAGICAL(sv) || SvROK(sv) || SvOBJECT(sv) || SvREADONLY(sv) || SvOOK(sv)) return 0;
    if (!SvPVX_const(sv) || !SvLEN(sv) || SvIsCOW(sv) || (n = SvLEN(sv)) <= limit) return 0;
    if (report) return n;
    SvOK_off(sv);
    Safefree(SvPVX_mutable(sv));
    SvPV_set(sv, NULL); SvLEN_set(sv, 0); SvCUR_set(sv, 0);
    return n;
}
size_t mp_trim(mp_interp *me, size_t limit, int report) {
    dTHXa(me->perl); SV *arena; size_t freed = 0;
    for (arena = PL_sv_arenaroot; arena; arena = (SV *)SvANY(arena)) {
        SV *sv, *end = &arena[SvREFCNT(arena)];
        for (sv = arena + 1; sv < end; sv++) {
            PADLIST *list; SSize_t d; CV *cv = (CV *)sv;
            if ((SvTYPE(sv) != SVt_PVCV && SvTYPE(sv) != SVt_PVFM) || !SvREFCNT(sv) || CvISXSUB(cv) || CvDEPTH(cv) || !(list = CvPADLIST(cv))) continue;
            for (d = 1; d <= PadlistMAX(list); d++) {
                PAD *pad = PadlistARRAY(list)[d]; PADNAMELIST *names = PadlistNAMES(list); SSize_t i;
                if (!pad) continue;
                for (i = 1; i <= AvFILLp(pad); i++) {
                    SV *val = AvARRAY(pad)[i]; PADNAME *name;
                    if (!val || val == &PL_sv_undef) continue;
                    name = i <= PadnamelistMAX(names) ? PadnamelistARRAY(names)[i] : NULL;
                    if (!name || !PadnamePV(name) || !PadnameLEN(name)) {      /* an op's own variable: nobody uses its value between two calls */
                        if (SvPADTMP(val)) freed += spare(aTHX_ val, limit, report);
                    }
                    else if (*PadnamePV(name) == '$' && !PadnameOUTER(name) && !PadnameIsSTATE(name) && !PadnameIsOUR(name) && !SvOK(val))
                        freed += spare(aTHX_ val, limit, report);
                }
            }
        }
    }
#ifdef __GLIBC__
    if (freed && !report) malloc_trim(0);
#endif
    return freed;
}
