/* Shared objects of XS modules that call the server. With mod_perl each reading of the configuration loads them anew, and they rely on
 * that: their static variables hold values of the interpreter that loaded them (Embperl, Apache::AuthenHook). Others stay mapped: they
 * may have put functions of theirs into perl's global tables, which stay too. Called by src/perl.rs. */
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

/* Those that this interpreter has loaded, of which `to` has room for each; returns how many there are. */
static size_t loaded(pTHX_ AV *all, void **to) {
    SSize_t i; size_t n = 0;
    for (i = 0; i <= AvFILL(all); i++) {
        SV **p = av_fetch(all, i, 0); void *handle = p && SvIOK(*p) ? INT2PTR(void *, SvIVX(*p)) : NULL;
        if (!handle || !calls_server(handle)) continue;
        if (to) to[n] = handle;
        n++;
    }
    return n;
}
/* Whether there are any. */
int mp_has_libs(mp_interp *me) {
    dTHXa(me->perl); AV *all = get_av("DynaLoader::dl_librefs", 0);
    return all && loaded(aTHX_ all, NULL) > 0;
}
/* All of them, ended by NULL, for mp_libs_close; NULL for none. */
void **mp_libs(mp_interp *me) {
    dTHXa(me->perl); AV *all = get_av("DynaLoader::dl_librefs", 0); void **libs = all ? calloc((size_t)AvFILL(all) + 2, sizeof *libs) : NULL;
    if (libs) loaded(aTHX_ all, libs);
    return libs;
}
/* Closes them, the last loaded first. No interpreter that has used them lives. */
void mp_libs_close(void **libs) {
    size_t n;
    if (!libs) return;
    for (n = 0; libs[n]; n++) {}
    while (n) dlclose(libs[--n]);
    free(libs);
}
