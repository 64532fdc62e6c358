/* Objects of compiled classes whose memory the clones of an interpreter must not free. Called by src/perl.rs and clone.c.
 *
 * perl_clone copies such an object as the number that it is: the address of a C structure. Each clone's DESTROY then frees
 * the parent's structure, and the process dies. A class that is safe says so to perl by a CLONE or CLONE_SKIP method, or by a
 * dup function in the object's magic; of all others the clones get undef in place of the object. */
#include "shim.h"

#ifdef USE_ITHREADS
/* Packages of DESTROY methods that free nothing, or count. */
static const char *const harmless[] = { "GD::Font", NULL };
/* Packages of DESTROY methods that free what a clone has, too, though nothing shows it: the address stands in a hash or array,
 * DESTROY is written in Perl, or CLONE is there and does not help. Found by cloning an object of each with Debian 12's. */
static const char *const hidden[] = {
    "BerkeleyDB::Common", "BerkeleyDB::Cursor", "BerkeleyDB::DbStream", "BerkeleyDB::Env", "BerkeleyDB::Sequence", "BerkeleyDB::Txn",
    "File::LibMagic", "LMDB::Cursor", "LMDB::Env", "Net::SSH2", "Net::SSH2::Channel", "Net::SSH2::File", "Net::SSH2::SFTP", "Set::Object",
    "Text::BibTeX::Name", "Text::BibTeX::NameFormat", "TokyoCabinet::ADB", "TokyoCabinet::BDB", "TokyoCabinet::BDBCUR", "TokyoCabinet::FDB",
    "TokyoCabinet::HDB", "TokyoCabinet::TDB", "TokyoCabinet::TDBQRY", "XML::Parser::Expat", NULL
};

static const char *name_of(const HV *stash) { const HEK *name = stash ? HvNAME_HEK((HV *)stash) : NULL; return name ? HEK_KEY(name) : ""; }
static int is_listed(const char *const *list, const char *name) {
    for (; *list; list++) if (strEQ(*list, name)) return 1;
    return 0;
}
/* Where a class has a method from; DynaLoader's own CLONE, which many inherit, is none. */
static const char *home_of(pTHX_ HV *stash, const char *name, CV **cv) {
    GV *gv = gv_fetchmeth_pv(stash, name, -1, 0);
    if (!gv || !isGV(gv) || !GvCV(gv) || strEQ(name_of(GvSTASH(gv)), "DynaLoader")) return NULL;
    if (cv) *cv = GvCV(gv);
    return name_of(GvSTASH(gv));
}
enum { IS_SAFE = 1, IS_HIDDEN, HAS_XS_DESTROY, HAS_NONE };
static int kind_of(pTHX_ HV *stash) {
    CV *cv = NULL; const char *package = home_of(aTHX_ stash, "DESTROY", &cv);
    if (home_of(aTHX_ stash, "CLONE_SKIP", NULL)) return IS_SAFE;
    if (package && is_listed(harmless, package)) return IS_SAFE;
    if (package && is_listed(hidden, package)) return IS_HIDDEN;
    if (home_of(aTHX_ stash, "CLONE", NULL)) return IS_SAFE;
    return package && CvISXSUB(cv) && !CvCONST(cv) && CvXSUB(cv) != mp_xsub ? HAS_XS_DESTROY : HAS_NONE;
}
/* Magic of an extension's own that the extension frees and does not duplicate: the copy frees the original's. */
static int is_shared_magic(const MAGIC *mg) {
    return mg->mg_type == PERL_MAGIC_ext && mg->mg_virtual && mg->mg_virtual->svt_free && mg->mg_ptr && !mg->mg_len && !(mg->mg_flags & MGf_DUP);
}
/* A number that is no reference (or a text, where a class keeps its structure in the text itself). */
static int is_plain(const SV *sv) { return SvTYPE(sv) == SVt_PVMG && !SvROK(sv) && ((SvIOK(sv) && SvIVX(sv)) || (SvPOK(sv) && SvCUR(sv))); }
static int is_owned(pTHX_ SV *sv, PTR_TBL_t *kinds) {
    HV *stash = SvSTASH(sv); const MAGIC *mg; int kind, shared = 0;
    if (!stash || !MP_HAS_NAME(stash) || !(SvTYPE(sv) == SVt_PVMG || SvTYPE(sv) == SVt_PVHV || SvTYPE(sv) == SVt_PVAV)) return 0;
    for (mg = SvMAGIC(sv); mg; mg = mg->mg_moremagic) {
        if (mg->mg_flags & MGf_DUP) return 0;
        shared |= is_shared_magic(mg);
    }
    if (!(kind = (int)PTR2IV(ptr_table_fetch(kinds, stash)))) ptr_table_store(kinds, stash, INT2PTR(void *, (IV)(kind = kind_of(aTHX_ stash))));
    return kind == IS_HIDDEN || (kind != IS_SAFE && shared) || (kind == HAS_XS_DESTROY && is_plain(sv));
}
static mp_owned find(pTHX) {
    SV *arena; mp_owned all = { NULL, 0 }; size_t room = 0; PTR_TBL_t *kinds = ptr_table_new();
    for (arena = PL_sv_arenaroot; arena; arena = (SV *)SvANY(arena)) {
        SV *sv, *end = &arena[SvREFCNT(arena)];
        for (sv = arena + 1; sv < end; sv++) {
            if (SvTYPE(sv) == (svtype)SVTYPEMASK || !SvREFCNT(sv) || !SvOBJECT(sv) || !is_owned(aTHX_ sv, kinds)) continue;
            if (all.n == room) {
                SV **more = realloc(all.sv, (room = room ? room * 2 : 16) * sizeof *more);
                if (!more) break;
                all.sv = more;
            }
            all.sv[all.n++] = sv;
        }
    }
    ptr_table_free(kinds);
    return all;
}

/* Takes the class off these objects while perl_clone runs: no DESTROY of the clone then frees the C memory behind them. */
mp_owned mp_owned_hide(pTHX) {
    mp_owned all = find(aTHX); size_t i;
    for (i = 0; i < all.n; i++) SvOBJECT_off(all.sv[i]);
    return all;
}
void mp_owned_show(mp_owned all) {
    size_t i;
    for (i = 0; i < all.n; i++) SvOBJECT_on(all.sv[i]);
    free(all.sv);
}
/* Takes class and magic off a copy in the clone. */
static void strip(pTHX_ SV *sv) {
    MAGIC *mg, *next, **from = &((XPVMG *)SvANY(sv))->xmg_u.xmg_magic;
    SvSTASH_set(sv, NULL);
    for (mg = *from; mg; mg = next) {
        next = mg->mg_moremagic;
        if (!is_shared_magic(mg)) { from = &mg->mg_moremagic; continue; }
        *from = next;
        if (mg->mg_flags & MGf_REFCOUNTED) SvREFCNT_dec(mg->mg_obj);
        Safefree(mg);
    }
    mg_magical(sv);
}
/* Makes every reference to such a copy undef, in the clone, while PL_ptr_table still tells which value is a copy of which. */
void mp_owned_clear(pTHX_ mp_owned all) {
    PTR_TBL_t *copies; SV *arena; size_t i;
    if (!all.n) return;
    copies = ptr_table_new();
    for (i = 0; i < all.n; i++) {
        SV *copy = (SV *)ptr_table_fetch(PL_ptr_table, all.sv[i]);
        if (!copy || SvTYPE(copy) < SVt_PVMG) continue;
        strip(aTHX_ copy);
        SvREFCNT_inc_simple_void_NN(copy);
        ptr_table_store(copies, copy, copy);
    }
    for (arena = PL_sv_arenaroot; arena; arena = (SV *)SvANY(arena)) {
        SV *sv, *end = &arena[SvREFCNT(arena)];
        for (sv = arena + 1; sv < end; sv++)
            if (SvTYPE(sv) != (svtype)SVTYPEMASK && SvREFCNT(sv) && SvROK(sv) && ptr_table_fetch(copies, SvRV(sv))) sv_unref_flags(sv, SV_IMMEDIATE_UNREF);
    }
    for (i = 0; i < all.n; i++) {
        SV *copy = (SV *)ptr_table_fetch(PL_ptr_table, all.sv[i]);
        if (copy && SvTYPE(copy) >= SVt_PVMG) SvREFCNT_dec(copy);
    }
    ptr_table_free(copies);
}

/* ---- what is told when the server starts: one line for each class, with a variable that leads to an object of it ---- */
static int leads_to(SV *sv, SV *to) { return sv && SvROK(sv) && SvRV(sv) == to; }
/* A short way from the variable's content: itself, an element. */
static SV *way_in(pTHX_ SV *sv, SV *to) {
    SV *in;
    if (leads_to(sv, to)) return newSVpvs("");
    in = sv && SvROK(sv) ? SvRV(sv) : sv;
    if (!in || SvMAGICAL(in)) return NULL;
    if (SvTYPE(in) == SVt_PVAV) {
        SSize_t i;
        for (i = 0; i <= AvFILLp((AV *)in); i++) if (leads_to(AvARRAY((AV *)in)[i], to)) return newSVpvf("[%" IVdf "]", (IV)i);
    } else if (SvTYPE(in) == SVt_PVHV) {
        HE *he; SV *way = NULL;
        hv_iterinit((HV *)in);
        while ((he = hv_iternext((HV *)in))) if (!way && leads_to(HeVAL(he), to)) way = newSVpvf("{%s}", HePV(he, PL_na));
        return way;
    }
    return NULL;
}
static SV *named(pTHX_ const char *sigil, const char *arrow, HV *package, const char *name, SV *way) {
    const int main = !package || !MP_HAS_NAME(package) || package == PL_defstash;
    SV *text = newSVpvf("%s%s%s%s%s%" SVf, sigil, main ? "" : name_of(package), main ? "" : "::", name, SvCUR(way) ? arrow : "", SVfARG(way));
    SvREFCNT_dec(way);
    return text;
}
static SV *in_glob(pTHX_ GV *gv, SV *to) {
    SV *way; GP *gp = GvGP(gv);
    if (!gp || GvEGV(gv) != gv) return NULL;
    if (gp->gp_sv && (way = way_in(aTHX_ gp->gp_sv, to))) return named(aTHX_ "$", "->", GvSTASH(gv), GvNAME(gv), way);
    if (gp->gp_av && (way = way_in(aTHX_ (SV *)gp->gp_av, to))) return named(aTHX_ "$", "", GvSTASH(gv), GvNAME(gv), way);
    if (gp->gp_hv && !MP_HAS_NAME(gp->gp_hv) && (way = way_in(aTHX_ (SV *)gp->gp_hv, to))) return named(aTHX_ "$", "", GvSTASH(gv), GvNAME(gv), way);
    return NULL;
}
static SV *in_pad(pTHX_ CV *cv, SV *to) {
    PADLIST *list; PADNAMELIST *names; PAD *pad; SSize_t i;
    if (CvISXSUB(cv) || !(list = CvPADLIST(cv)) || PadlistMAX(list) < 1 || !(pad = PadlistARRAY(list)[1])) return NULL;
    names = PadlistNAMES(list);
    for (i = 0; i <= PadnamelistMAX(names) && i <= AvFILLp(pad); i++) {
        PADNAME *name = PadnamelistARRAY(names)[i]; SV *sv = AvARRAY(pad)[i], *way;
        if (!name || !PadnamePV(name) || !PadnameLEN(name) || !sv || *PadnamePV(name) == '&' || !(way = way_in(aTHX_ sv, to))) continue;
        return named(aTHX_ "my $", *PadnamePV(name) == '$' ? "->" : "", NULL, PadnamePV(name) + 1, way);
    }
    return NULL;
}
static SV *variable(pTHX_ SV *to) {
    SV *arena, *found; int pads;
    for (pads = 0; pads < 2; pads++)
        for (arena = PL_sv_arenaroot; arena; arena = (SV *)SvANY(arena)) {
            SV *sv, *end = &arena[SvREFCNT(arena)];
            for (sv = arena + 1; sv < end; sv++) {
                if (SvTYPE(sv) == (svtype)SVTYPEMASK || !SvREFCNT(sv)) continue;
                found = pads ? (SvTYPE(sv) == SVt_PVCV ? in_pad(aTHX_ (CV *)sv, to) : NULL) : isGV_with_GP(sv) ? in_glob(aTHX_ (GV *)sv, to) : NULL;
                if (found) return found;
            }
        }
    return NULL;
}
/* Says class, newline, how many, newline, a variable (or nothing) of each class. */
void mp_owned_tell(mp_interp *me, mp_said *said, void *ctx) {
    dTHXa(me->perl); mp_owned all = find(aTHX); size_t i, k;
    for (i = 0; i < all.n; i++) {
        HV *stash = SvSTASH(all.sv[i]); size_t n = 0; SV *where, *line;
        for (k = 0; k < i && SvSTASH(all.sv[k]) != stash; k++) ;
        if (k < i) continue;
        for (k = i; k < all.n; k++) n += SvSTASH(all.sv[k]) == stash;
        where = variable(aTHX_ all.sv[i]);
        line = newSVpvf("%s\n%lu\n", name_of(stash), (unsigned long)n);
        if (where) sv_catsv(line, where);
        said(ctx, SvPVX_const(line), SvCUR(line));
        SvREFCNT_dec(where);
        SvREFCNT_dec(line);
    }
    free(all.sv);
}
#else
void mp_owned_tell(mp_interp *me, mp_said *said, void *ctx) { PERL_UNUSED_VAR(me); PERL_UNUSED_VAR(said); PERL_UNUSED_VAR(ctx); }
#endif
