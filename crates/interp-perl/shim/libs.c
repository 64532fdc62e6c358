/* Shared objects of XS modules that call the server, and those that stand in the place of perl's ops. With mod_perl each reading of the
 * configuration loads them anew, and they rely on that: their static variables hold values of the interpreter that loaded them (Embperl,
 * Apache::AuthenHook; profilers: Devel::NYTProf, Devel::Cover). Perl's table of ops is then as it was. Others stay mapped: they may have
 * put functions of theirs into other tables of perl's, which stay too. Called by src/perl.rs. */
#include "shim.h"
#include <dlfcn.h>
#include <link.h>

static int is_of_server(const char *name) { return strnEQ(name, "ap_", 3) || strnEQ(name, "modperl_", 8); }

/* Whether a shared object asks for a function of httpd's or mod_perl's: looked for in its relocations, each of which names a symbol. */
static int calls_server(void *handle) {
    struct link_map *map; const ElfW(Dyn) *d; const ElfW(Sym) *symbols = NULL; const char *names = NULL;
    struct { const ElfW(Rela) *first; size_t bytes; } parts[2] = { { NULL, 0 }, { NULL, 0 } }; size_t i, n;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) || !map) return 0;
    for (d = map->l_ld; d->d_tag != DT_NULL; d++)
        switch (d->d_tag) {
        case DT_SYMTAB:   symbols = (const void *)d->d_un.d_ptr; break;
        case DT_STRTAB:   names = (const void *)d->d_un.d_ptr; break;
        case DT_RELA:     parts[0].first = (const void *)d->d_un.d_ptr; break;
        case DT_RELASZ:   parts[0].bytes = d->d_un.d_val; break;
        case DT_JMPREL:   parts[1].first = (const void *)d->d_un.d_ptr; break;
        case DT_PLTRELSZ: parts[1].bytes = d->d_un.d_val; break;
        default: break;
        }
    if (!symbols || !names) return 0;
    for (i = 0; i < 2; i++)
        for (n = 0; parts[i].first && n < parts[i].bytes / sizeof *parts[i].first; n++) {
            const ElfW(Sym) *symbol = symbols + (parts[i].first[n].r_info >> (sizeof(void *) == 8 ? 32 : 8));
            if (symbol->st_shndx == SHN_UNDEF && is_of_server(names + symbol->st_name)) return 1;
        }
    return 0;
}

/* The functions of perl's ops before any module could put others in their place. */
static Perl_ppaddr_t first[MAXO];
void mp_libs_init(void) { Copy(PL_ppaddr, first, MAXO, Perl_ppaddr_t); }

/* How many ops are functions of a shared object's; with `restore` they are perl's again. */
static int ops_of(void *handle, int restore) {
    struct link_map *map; Dl_info of; int i, n = 0;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) || !map) return 0;
    for (i = 0; i < MAXO; i++)
        if (UNLIKELY(PL_ppaddr[i] != first[i]) && dladdr(FPTR2DPTR(void *, PL_ppaddr[i]), &of) && of.dli_fbase == (void *)map->l_addr) {
            n++;
            if (restore) PL_ppaddr[i] = first[i];
        }
    return n;
}

/* Those that this interpreter has loaded, of which `to` has room for each; returns how many there are. */
static size_t loaded(pTHX_ AV *all, int with_ops, void **to) {
    SSize_t i; size_t n = 0;
    for (i = 0; i <= AvFILL(all); i++) {
        SV **p = av_fetch(all, i, 0); void *handle = p && SvIOK(*p) ? INT2PTR(void *, SvIVX(*p)) : NULL;
        if (!handle || !(calls_server(handle) || (with_ops && ops_of(handle, 0)))) continue;
        if (to) to[n] = handle;
        n++;
    }
    return n;
}
/* Whether there are any that call the server. */
int mp_has_libs(mp_interp *me) {
    dTHXa(me->perl); AV *all = get_av("DynaLoader::dl_librefs", 0);
    return all && loaded(aTHX_ all, 0, NULL) > 0;
}
/* All of them, ended by NULL, for mp_libs_close; NULL for none. */
void **mp_libs(mp_interp *me) {
    dTHXa(me->perl); AV *all = get_av("DynaLoader::dl_librefs", 0); void **libs = all ? calloc((size_t)AvFILL(all) + 2, sizeof *libs) : NULL;
    if (libs) loaded(aTHX_ all, 1, libs);
    return libs;
}
/* Closes them, the last loaded first. No interpreter that has used them lives. */
void mp_libs_close(void **libs) {
    size_t n;
    if (!libs) return;
    for (n = 0; libs[n]; n++) ops_of(libs[n], 1);
    while (n) dlclose(libs[--n]);
    free(libs);
}
