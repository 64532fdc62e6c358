/* What mod_perl offers XS modules in C, under names of ours; the module's src/abi.rs exports it under mod_perl's. Arguments
 * and results are those of mod_perl 2.0.12's headers, of which only the parts that others read are repeated here. Functions
 * here croak after Rust has returned. What only the host knows comes through one table (src/abi.rs). */
#include "shim.h"
#include "ticket.h"
#include "bind.h"
#include <dlfcn.h>

typedef struct {
    mp_interp *(*select)(void *r, void *c, void *s);
    mp_interp *(*select_pool)(void *p, void *s);
    int (*unselect)(mp_interp *me);
    void *(*request)(void);                                             /* the current request, or NULL */
    void *(*server)(void *r);                                           /* the request's server; the main server for NULL */
    void *(*pconf)(void);
    mp_interp *(*start)(void *s);                                       /* starts the parent of a server, the main server's for NULL; where it returns NULL the reason is in the log */
    int (*is_running)(void);
    void (*log)(void *r, void *s, const char *text, size_t n);
    void (*note)(void *r, const char *text, size_t n);                  /* adds to the request's note "error-notes" */
    U32 (*handler)(const char **name, size_t *n);                       /* the number of a handler's name, from which the sign is taken off */
    void *(*alloc)(void *p, size_t n);                                  /* memory of the pool, filled with zeros */
    const char *(*table_get)(void *t, const char *key);
    void (*table_set)(void *t, const char *key, const char *value);     /* a value of NULL removes the key */
    void (*strerror)(int rc, char *to, size_t n);
    void (*ticket)(mi_val *v);                                          /* the ticket of what this thread's call is about */
} mp_abi_host;
static const mp_abi_host *host;
void mp_abi_init(const mp_abi_host *h) { host = h; }

/* mod_perl's modperl_handler_t, and ours behind it. */
typedef struct {
    void *mgv_obj, *mgv_cv; const char *name; CV *cv; U8 flags; U16 attrs; void *next;
    U32 id; STRLEN len;
} handler;

/* The record of an interpreter of ours; NULL for one that a script's threads->create made. */
mp_interp *mp_abi_thx_interp_get(PerlInterpreter *thx) {
    mp_interp *me; dTHXa(thx);
#ifdef USE_ITHREADS
    if (!thx || mp_cxt_index < 0 || PL_my_cxt_size <= mp_cxt_index) return NULL;
#endif
    me = MP_ME;
    return me && (void *)me->perl == MP_THX ? me : NULL;
}
mp_interp *mp_abi_interp_select(void *r, void *c, void *s) { return host->select(r, c, s); }
mp_interp *mp_abi_interp_pool_select(void *p, void *s) { return host->select_pool(p, s); }
int mp_abi_interp_unselect(void *me) { return me ? host->unselect(me) : 0; }

/* ---- starting while the configuration is read ---- */
int mp_abi_is_running(void) { return host->is_running(); }
int mp_abi_run(void) { return host->start(NULL) ? 0 : 500; }
PerlInterpreter *mp_abi_startup(void *s, void *p) { mp_interp *me = host->start(s); return me ? me->perl : NULL; }
void *mp_abi_global_get_pconf(void) { return host->pconf(); }
void *mp_abi_global_get_server_rec(void) { return host->server(NULL); }

void mp_abi_trace(const char *func, const char *format, ...) { PERL_UNUSED_VAR(func); PERL_UNUSED_VAR(format); }

/* ---- errors ---- */
char *mp_abi_error_strerror(pTHX_ int rc) {
    char text[256];
    host->strerror(rc, text, sizeof text);
    return Perl_form(aTHX_ "%s", text);
}
void mp_abi_croak(pTHX_ int rc, const char *func) { croak_sv(mp_exception(aTHX_ rc, func ? func : "", func ? strlen(func) : 0)); }

/* Logs what is in $@; an exit there counts as OK. */
int mp_abi_errsv(pTHX_ int status, void *r, void *s) {
    SV *err = ERRSV; STRLEN n; const char *text;
    if (!SvTRUE(err)) return status;
    if (SvROK(err) && sv_derived_from(err, "APR::Error")) {
        SV **rc = SvTYPE(SvRV(err)) == SVt_PVHV ? hv_fetchs((HV *)SvRV(err), "rc", 0) : NULL;
        if (rc && SvIV(*rc) == MP_RC_EXIT) return 0;
    }
    text = SvPV_const(err, n);
    host->log(r, s, text, n);
    return status;
}
void mp_abi_errsv_prepend(pTHX_ const char *pat, ...) {
    SV *text; va_list args;
    va_start(args, pat); text = vnewSVpvf(pat, &args); va_end(args);
    sv_2mortal(text);
    sv_catsv(text, ERRSV);
    sv_copypv(ERRSV, text);
}

/* ---- objects ---- */
static const mi_class *class_of(const char *name) {         /* the class of ours with that name, or NULL */
    size_t i, n; const size_t length = strlen(name);
    for (i = 0; i < mp_nrows; i++)
        for (n = 0; n < mp_rows[i].row->nparams; n++) {     /* of some classes there are objects and no methods */
            const mi_class *k = mp_rows[i].row->params[n].klass;
            if (k && k->name_len == length && memEQ(k->name, name, length)) return k;
        }
    return NULL;
}
/* An object for a pointer that C code gives: with the ticket of its owner where that is known, else of what the thread is
 * about; objects of other classes carry none. Counted. */
SV *mp_abi_ptr2obj(pTHX_ const char *classname, void *ptr) {
    SV *rv = newSV(0); const mi_class *k; mi_val v;
    if (!ptr) return rv;
    sv_setref_pv(rv, classname, ptr);
    if ((k = class_of(classname))) {
        Zero(&v, 1, mi_val);
        v.tag = MI_OBJ; v.u.p = ptr; v.a.klass = k;
        if (mi_adopt(k, &v)) host->ticket(&v);
        TICKET_ADOPT(SvRV(rv), &v);
    }
    return rv;
}
SV *mp_abi_hash_tie(pTHX_ const char *classname, SV *unused, void *p) {
    SV *rv = mp_abi_ptr2obj(aTHX_ classname, p), *hv = (SV *)newHV();
    if (!SvROK(rv)) { SvREFCNT_dec(hv); return rv; }
    mp_tie(aTHX_ hv, rv);
    SvREFCNT_dec_NN(rv);
    return sv_bless(newRV_noinc(hv), gv_stashpv(classname, GV_ADD));
}
SV *mp_abi_hash_tied_object_rv(pTHX_ const char *classname, SV *tsv) {
    MAGIC *mg;
    if (!sv_derived_from(tsv, classname)) croak("expected an object of class %s", classname);
    if (SvTYPE(SvRV(tsv)) != SVt_PVHV) return tsv;
    if ((mg = mg_find(SvRV(tsv), PERL_MAGIC_tied)) && mg->mg_obj) return mg->mg_obj;
    warn("a hash of class %s is not tied", classname);
    return &PL_sv_undef;
}
static void *pointer(pTHX_ SV *o) {                         /* the pointer in an object; croaks if its owner is gone */
    if (TICKET_IS_OURS(o) && __atomic_load_n(&TICKET_SLOT(o)->gen, __ATOMIC_ACQUIRE) != TICKET_GEN(o))
        croak("%s: what this object stands for is gone", SvOBJECT(o) && MP_HAS_NAME(SvSTASH(o)) ? HvNAME(SvSTASH(o)) : "object");
    return INT2PTR(void *, SvIV(o));
}
void *mp_abi_hash_tied_object(pTHX_ const char *classname, SV *tsv) {
    SV *rv = mp_abi_hash_tied_object_rv(aTHX_ classname, tsv);
    return SvROK(rv) ? pointer(aTHX_ SvRV(rv)) : NULL;
}
SV *mp_abi_newSVsv_obj(pTHX_ SV *class_sv, SV *obj) {
    SV *made = newSVsv(obj ? obj : class_sv);
    return obj ? sv_bless(made, gv_stashsv(class_sv, GV_ADD)) : made;
}
SV *mp_abi_sv_setref_uv(pTHX_ SV *rv, const char *classname, UV uv) { sv_setuv(newSVrv(rv, classname), uv); return rv; }

/* C code may give away what it gets from these functions, and so each result is counted; undef is perl's own. */
SV *mp_abi_table_get_set(pTHX_ void *table, char *key, SV *value, int taint) {
    const char *found; SV *sv;
    if (!table) return &PL_sv_undef;
    if (!key) return mp_abi_hash_tie(aTHX_ "APR::Table", NULL, table);
    if (value) { host->table_set(table, key, SvOK(value) ? SvPV_nolen(value) : NULL); return &PL_sv_undef; }
    found = host->table_get(table, key);
    sv = found ? newSVpv(found, 0) : newSV(0);
    if (taint) SvTAINTED_on(sv);
    return sv;
}

/* ---- the request or server behind a value ---- */
static const char *method_of(pTHX_ CV *cv) { return cv && CvGV(cv) ? GvNAME(CvGV(cv)) : "a method"; }

void *mp_abi_xs_sv2request_rec(pTHX_ SV *in, char *classname, CV *cv) {
    SV *sv = in, *o = NULL; int depth; void *r; MAGIC *mg;
    for (depth = 0; SvROK(sv) && depth < 8; depth++) {      /* a hash leads to the request by its key r or _r */
        SV **p;
        o = SvRV(sv);
        if (SvTYPE(o) == SVt_PVMG) break;
        if (SvTYPE(o) != SVt_PVHV) croak("%s: expected a request, not a reference of type %s", method_of(aTHX_ cv), sv_reftype(o, 0));
        if (!(p = hv_fetchs((HV *)o, "r", 0)) && !(p = hv_fetchs((HV *)o, "_r", 0)))
            croak("method `%s' invoked by a `%s' object with no `r' key!", method_of(aTHX_ cv), SvOBJECT(o) && MP_HAS_NAME(SvSTASH(o)) ? HvNAME(SvSTASH(o)) : "unknown");
        SvGETMAGIC(*p);
        sv = *p; o = NULL;
    }
    if (!o || SvTYPE(o) != SVt_PVMG) {
        if (classname && SvPOK(in) && strNE(classname, SvPVX(in))) return NULL;
        if (!(r = host->request())) croak("Apache2->%s: there is no current request; see PerlOptions +GlobalRequest", method_of(aTHX_ cv));
        return r;
    }
    if (!TICKET_IS_OURS(o) && (mg = mg_find(o, PERL_MAGIC_ext)) && mg->mg_ptr) {     /* libapreq2's object of its own, with the request's address */
        mi_val v; const mi_class *k = class_of("Apache2::RequestRec");
        Zero(&v, 1, mi_val);
        v.tag = MI_OBJ; v.u.p = mg->mg_ptr; v.a.klass = k;
        if (!k || mi_adopt(k, &v)) croak("%s: request is gone", method_of(aTHX_ cv));
        return mg->mg_ptr;
    }
    if (classname && !sv_derived_from(in, classname)) return NULL;
    return pointer(aTHX_ o);
}
void *mp_abi_sv2request_rec(pTHX_ SV *sv) { return mp_abi_xs_sv2request_rec(aTHX_ sv, NULL, NULL); }
void *mp_abi_sv2server_rec(pTHX_ SV *sv) {
    void *r;
    if (SvROK(sv) && SvTYPE(SvRV(sv)) == SVt_PVMG) return pointer(aTHX_ SvRV(sv));
    r = host->request();
    return host->server(r);
}

/* What a module written in Perl has for a server, or for the directory of a vector: asked as its own code asks. Undef where that is nothing. */
SV *mp_abi_module_config_get_obj(pTHX_ SV *module, void *s, void *vector) {
    mp_interp *me = mp_abi_thx_interp_get(MP_THX); SV *cv = (SV *)get_cv("Apache2::Module::get_config", 0), *ret = NULL; mi_val v[3]; int tag, i;
    const char *text; STRLEN len;
    if (!me || !me->home || !cv) return &PL_sv_undef;
    Zero(v, 3, mi_val);
    v[0].u.p = module;
    v[1].u.p = mp_abi_ptr2obj(aTHX_ "Apache2::ServerRec", s);
    v[2].u.p = mp_abi_ptr2obj(aTHX_ "Apache2::ConfVector", vector);
    for (i = 0; i < 3; i++) v[i].tag = MI_ANY;
    tag = mp_run(aTHX_ me, cv, NULL, v, vector ? 3 : 2, &ret);
    SvREFCNT_dec((SV *)v[1].u.p);
    SvREFCNT_dec((SV *)v[2].u.p);
    if (me->leaving) { SvREFCNT_dec(ret); mp_go_on_leaving(aTHX_ me); }
    if (tag == MP_OK && ret) return sv_2mortal(ret);
    if (ret) { text = SvROK(ret) ? (len = 4, "died") : SvPV_nomg_const(ret, len); host->log(NULL, s, text, len); }
    SvREFCNT_dec(ret);
    return &PL_sv_undef;
}

/* ---- calling a handler ---- */
void *mp_abi_handler_new(void *p, const char *name) {
    handler *h = host->alloc(p, sizeof *h); size_t n = strlen(name); char *copy = h ? host->alloc(p, n + 1) : NULL; const char *bare;
    if (!copy) return NULL;
    memcpy(copy, name, n);
    bare = copy;
    h->id = host->handler(&bare, &n);
    h->name = bare; h->len = n;
    return h;
}
const char *mp_abi_handler_name(const handler *h) { return h->name; }

/* Pairs of class name and pointer, ended by NULL. The names IV, PV and HV mean values. */
void mp_abi_handler_make_args(pTHX_ AV **avp, ...) {
    va_list args; const char *k;
    if (!*avp) *avp = newAV();
    va_start(args, avp);
    while ((k = va_arg(args, const char *))) {
        void *p = va_arg(args, void *); SV *sv;
        if (strEQ(k, "APR::Table")) sv = mp_abi_hash_tie(aTHX_ k, NULL, p);
        else if (strEQ(k, "IV")) sv = p ? newSViv(PTR2IV(p)) : newSV(0);
        else if (strEQ(k, "PV")) sv = p ? newSVpv(p, 0) : newSV(0);
        else if (strEQ(k, "HV")) sv = newRV_noinc((SV *)p);
        else sv = mp_abi_ptr2obj(aTHX_ k, p);
        av_push(*avp, sv);
    }
    va_end(args);
}

/* The handler's status. Where it died, or cannot be found, 500 with the reason in $@ (and in a request's notes). */
int mp_abi_callback(pTHX_ handler *h, void *p, void *r, void *s, AV *args) {
    mp_interp *me = mp_abi_thx_interp_get(MP_THX); mp_out out; SV *ret = NULL, *that, *room; mi_val *v; int tag, status = 500;
    const char *text; STRLEN len; mp_hand *hand; SSize_t i, n = args ? AvFILLp(args) + 1 : 0;
    if (!me || !me->home) { host->log(r, s, "callback: not an interpreter of the server's", 44); return 500; }
    Zero(&out, 1, mp_out);
    mp_resolve(me, h->id, h->name, h->len, 1, &out);
    if (out.tag != MP_OK) {
        if (out.text) sv_setpvn(ERRSV, out.text, out.len);      /* the caller hands it to errsv, as it does with what died */
        mp_out_done(me, &out);
        if (me->leaving) mp_go_on_leaving(aTHX_ me);
        return 500;
    }
    mp_out_done(me, &out);
    hand = me->hands + h->id;
    that = hand->obj ? GvSVn(hand->obj) : hand->that;
    room = newSV((n ? n : 1) * sizeof(mi_val));         /* no mortal: the caller may have no scope */
    v = (mi_val *)SvPVX(room);
    Zero(v, n, mi_val);
    for (i = 0; i < n; i++) { v[i].tag = MI_ANY; v[i].u.p = AvARRAY(args)[i]; }
    tag = mp_run(aTHX_ me, (SV *)hand->cv, that, v, n, &ret);
    SvREFCNT_dec_NN(room);
    if (tag == MP_CORE_EXIT) {
        SvREFCNT_dec(ret);
        if (me->leaving) mp_go_on_leaving(aTHX_ me);
        sv_setpvs(ERRSV, "CORE::exit was called");
    }
    else if (tag == MP_OK) { CLEAR_ERRSV(); status = !SvOK(ret) ? 0 : SvROK(ret) ? 500 : (int)SvIV_nomg(ret); SvREFCNT_dec(ret); return status; }
    else { sv_setsv(ERRSV, ret); SvREFCNT_dec(ret); }
    if (r) {
        text = SvROK(ERRSV) ? (len = 4, "died") : SvPV_nomg_const(ERRSV, len);
        host->note(r, text, len);
    }
    return status;
}

/* ---- XS modules that were compiled for another perl ---- */
/* What the code of an XS module calls first when it is loaded, in place of libperl's function of that name, which ends the process
 * where the module was compiled for a perl of another layout, such as one without threads. Here that is an exception. The key says how
 * many arguments follow. */
I32 mp_abi_xs_handshake(const U32 key, void *cxt, const char *file, ...) {
    typedef I32 handshake(const U32, void *, const char *, ...);
    static handshake *perls;
    const U32 ours = HS_KEY(FALSE, FALSE, "", "");
    const int n = (key & HSf_POPMARK ? 0 : 2) + (HS_GETAPIVERLEN(key) != 0) + (HS_GETXSVERLEN(key) != 0);
    void *arg[4] = { NULL, NULL, NULL, NULL }; va_list args; int i;
    if (!perls && !(perls = (handshake *)dlsym(RTLD_NEXT, "Perl_xs_handshake"))) abort();
    if ((key & HSm_KEY_MATCH) != (ours & HSm_KEY_MATCH) && (key & HSm_KEY_MATCH) != HSf_NOCHK && PERL_GET_CONTEXT) {
        dTHX;
        croak("%s: the module was compiled for another perl than this server's, v%d.%d.%d with%s threads: build it again", file, PERL_REVISION,
            PERL_VERSION, PERL_SUBVERSION, ours & HSf_IMP_CXT ? "" : "out");
    }
    va_start(args, file);
    for (i = 0; i < n; i++) arg[i] = va_arg(args, void *);
    va_end(args);
    return perls(key, cxt, file, arg[0], arg[1], arg[2], arg[3]);
}
