/* A module that stands in for other people's: it enters interpreters by mod_perl's C functions from wherever httpd calls it.
 * Built by the tests (TestHttpd, c_module). What it calls in Perl is in package My::C of the test. */
#define PERL_NO_GET_CONTEXT
#include <EXTERN.h>
#include <perl.h>
#include <XSUB.h>
#undef open
#undef close
#undef read
#undef write
#undef bind
#undef accept
#undef listen
#undef send
#undef recv
#undef connect
#undef times
#include <httpd.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <sys/single_threaded.h>

/* As in mod_perl's headers, as far as callers use them. */
typedef struct { void *mip; PerlInterpreter *perl; int num_requests; U8 flags; void *ccfg; int refcnt; } interp;
interp *modperl_interp_select(request_rec *r, conn_rec *c, server_rec *s);
interp *modperl_interp_pool_select(apr_pool_t *p, server_rec *s);
interp *modperl_thx_interp_get(PerlInterpreter *thx);
apr_status_t modperl_interp_unselect(void *data);
int modperl_run(void);
int modperl_is_running(void);
PerlInterpreter *modperl_startup(server_rec *s, apr_pool_t *p);
server_rec *modperl_global_get_server_rec(void);
apr_pool_t *modperl_global_get_pconf(void);
SV *modperl_ptr2obj(pTHX_ char *classname, void *ptr);
request_rec *modperl_xs_sv2request_rec(pTHX_ SV *sv, char *classname, CV *cv);
server_rec *modperl_sv2server_rec(pTHX_ SV *sv);
SV *modperl_table_get_set(pTHX_ apr_table_t *table, char *key, SV *value, int taint);
void modperl_croak(pTHX_ apr_status_t rc, const char *func);
char *modperl_error_strerror(pTHX_ apr_status_t rc);
int modperl_errsv(pTHX_ int status, request_rec *r, server_rec *s);
typedef struct modperl_handler_t modperl_handler_t;
modperl_handler_t *modperl_handler_new(apr_pool_t *p, const char *name);
void modperl_handler_make_args(pTHX_ AV **avp, ...);
int modperl_callback(pTHX_ modperl_handler_t *handler, apr_pool_t *p, request_rec *r, server_rec *s, AV *args);
APR_DECLARE_OPTIONAL_FN(apr_status_t, modperl_interp_unselect, (void *));
APR_DECLARE_OPTIONAL_FN(interp *, modperl_thx_interp_get, (PerlInterpreter *));

extern module AP_MODULE_DECLARE_DATA interp_test_module;

typedef struct { int conn_filter; } srv_conf;
typedef struct { const char *request, *callback; int pool, keep, merge; } dir_conf;

/* Calls a sub of My::C with text and perhaps an object; its text comes back. */
static const char *call(interp *i, apr_pool_t *p, const char *sub, const char *text, char *class, void *object) {
    dTHXa(i->perl);
    const char *result;
    dSP;
    ENTER; SAVETMPS; PUSHMARK(SP);
    XPUSHs(sv_2mortal(newSVpv(text, 0)));
    if (class) XPUSHs(sv_2mortal(modperl_ptr2obj(aTHX_ class, object)));
    PUTBACK;
    call_pv(apr_pstrcat(p, "My::C::", sub, NULL), G_SCALAR | G_EVAL);
    SPAGAIN;
    { SV *ret = POPs; result = apr_pstrdup(p, SvTRUE(ERRSV) ? SvPV_nolen(ERRSV) : SvPV_nolen(ret)); }
    PUTBACK; FREETMPS; LEAVE;
    return result;
}

/* ---- XSUBs, as a third party's XS module has them ---- */
static XS(xs_uri) {             /* My::C::uri($r) */
    dXSARGS;
    request_rec *r = modperl_xs_sv2request_rec(aTHX_ ST(0), "Apache2::RequestRec", cv);
    PERL_UNUSED_VAR(items);
    ST(0) = r ? sv_2mortal(newSVpv(r->uri, 0)) : &PL_sv_undef;
    XSRETURN(1);
}
static XS(xs_notes) {           /* My::C::notes($r): tied to its notes */
    dXSARGS;
    request_rec *r = modperl_xs_sv2request_rec(aTHX_ ST(0), NULL, cv);
    PERL_UNUSED_VAR(items);
    ST(0) = sv_2mortal(modperl_table_get_set(aTHX_ r->notes, NULL, NULL, 0));
    XSRETURN(1);
}
static XS(xs_note) {            /* My::C::note($r, $key) */
    dXSARGS;
    request_rec *r = modperl_xs_sv2request_rec(aTHX_ ST(0), NULL, cv);
    PERL_UNUSED_VAR(items);
    ST(0) = sv_2mortal(modperl_table_get_set(aTHX_ r->notes, SvPV_nolen(ST(1)), NULL, 0));
    XSRETURN(1);
}
static XS(xs_croak) {           /* My::C::croak($status) */
    dXSARGS;
    PERL_UNUSED_VAR(items);
    modperl_croak(aTHX_ (apr_status_t)SvIV(ST(0)), "My::C::croak");
    XSRETURN_EMPTY;
}
static XS(xs_strerror) {        /* My::C::strerror($status) */
    dXSARGS;
    PERL_UNUSED_VAR(items);
    ST(0) = sv_2mortal(newSVpv(modperl_error_strerror(aTHX_ (apr_status_t)SvIV(ST(0))), 0));
    XSRETURN(1);
}
static XS(xs_users) {           /* My::C::users(): the count of the interpreter it runs in */
    dXSARGS;
    interp *i = modperl_thx_interp_get(aTHX);
    if (items < 0) XSRETURN_EMPTY;
    EXTEND(SP, 1);
    ST(0) = sv_2mortal(newSViv(i && i->perl == aTHX ? i->refcnt : -1));
    XSRETURN(1);
}
static XS(xs_stacks) {          /* My::C::stacks(): how high each stack of the interpreter it runs in is */
    dXSARGS;
    if (items < 0) XSRETURN_EMPTY;
    EXTEND(SP, 1);
    ST(0) = sv_2mortal(newSVpvf("save=%ld tmps=%ld mark=%ld scope=%ld stack=%ld", (long)PL_savestack_ix, (long)PL_tmps_ix,
        (long)(PL_markstack_ptr - PL_markstack), (long)PL_scopestack_ix, (long)(PL_stack_sp - PL_stack_base)));
    XSRETURN(1);
}

/* ---- TestStartParent 'code': the parent starts if it does not run, and the code runs there. TestStartOnRead: the same before
 * httpd has read the line behind it ---- */
static const char *start_parent(cmd_parms *cmd, void *conf, const char *code) {
    interp *i;
    const char *answer;
    if (!modperl_is_running() && modperl_run() != OK) return "TestStartParent: the parent does not start";
    if (!modperl_is_running()) return "TestStartParent: the parent does not run";
    if (modperl_startup(NULL, cmd->pool) == NULL) return "TestStartParent: there is no parent";
    if (modperl_global_get_server_rec() == NULL || modperl_global_get_pconf() == NULL) return "TestStartParent: no server or pool";
    if (!(i = modperl_interp_select(NULL, NULL, cmd->server))) return "TestStartParent: no interpreter";
    {
        dTHXa(i->perl);
        SV *value;
        newXS("My::C::uri", xs_uri, __FILE__);
        newXS("My::C::notes", xs_notes, __FILE__);
        newXS("My::C::note", xs_note, __FILE__);
        newXS("My::C::croak", xs_croak, __FILE__);
        newXS("My::C::strerror", xs_strerror, __FILE__);
        newXS("My::C::users", xs_users, __FILE__);
        newXS("My::C::stacks", xs_stacks, __FILE__);
        value = eval_pv(code, FALSE);
        answer = SvTRUE(ERRSV) ? apr_pstrcat(cmd->pool, "TestStartParent: ", SvPV_nolen(ERRSV), NULL) : NULL;
        PERL_UNUSED_VAR(value);
    }
    modperl_interp_unselect(i);
    if (i->refcnt != 0) return apr_psprintf(cmd->pool, "TestStartParent: the count is %d", i->refcnt);
    return answer;
}

/* ---- a request ---- */
static int fixups(request_rec *r);

static apr_status_t pool_gone(void *data) {
    request_rec *r = data;
    apr_pool_t *p;
    interp *i = modperl_interp_pool_select(r->pool, r->server);
    if (!i) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, r->server, "no interpreter for a pool's cleanup");
        return APR_SUCCESS;
    }
    apr_pool_create(&p, NULL);
    call(i, p, "pool_gone", r->uri, NULL, NULL);
    apr_pool_destroy(p);
    modperl_interp_unselect(i);
    return APR_SUCCESS;
}

static int fixups(request_rec *r) {
    dir_conf *conf = ap_get_module_config(r->per_dir_config, &interp_test_module);
    interp *i;
    if (conf->pool) {
        apr_pool_t *below;
        apr_pool_create(&below, r->pool);
        apr_pool_cleanup_register(below, r, pool_gone, apr_pool_cleanup_null);
    }
    if (conf->request) {
        if (!(i = modperl_interp_select(r, NULL, NULL))) return HTTP_SERVICE_UNAVAILABLE;
        apr_table_set(r->headers_out, "X-Request", call(i, r->pool, conf->request, r->uri, "Apache2::RequestRec", r));
        if (conf->keep) {           /* kept until the request ends, as a filter's context would */
            i->refcnt++;
            apr_pool_cleanup_register(r->pool, i, modperl_interp_unselect, apr_pool_cleanup_null);
        }
        modperl_interp_unselect(i);
    }
    if (conf->callback) {
        modperl_handler_t *h = modperl_handler_new(r->pool, conf->callback);
        AV *args = NULL;
        int status;
        if (!(i = modperl_interp_select(r, NULL, NULL))) return HTTP_SERVICE_UNAVAILABLE;
        {
            dTHXa(i->perl);
            modperl_handler_make_args(aTHX_ &args, "Apache2::RequestRec", r, "PV", "text", "IV", (void *)7, NULL);
            status = modperl_callback(aTHX_ h, r->pool, r, r->server, args);
            SvREFCNT_dec((SV *)args);
            if (status == HTTP_INTERNAL_SERVER_ERROR) status = modperl_errsv(aTHX_ status, r, NULL);
        }
        modperl_interp_unselect(i);
        apr_table_set(r->headers_out, "X-Callback", apr_itoa(r->pool, status));
        if (status == HTTP_INTERNAL_SERVER_ERROR) return status;
    }
    return DECLINED;
}

/* ---- a merge: nothing is known but the thread ---- */
static void *create_dir(apr_pool_t *p, char *path) { return apr_pcalloc(p, sizeof(dir_conf)); }
static void *merge_dir(apr_pool_t *p, void *basev, void *addv) {
    dir_conf *base = basev, *add = addv, *new = apr_pmemdup(p, add, sizeof *add);
    APR_OPTIONAL_FN_TYPE(modperl_thx_interp_get) *get = APR_RETRIEVE_OPTIONAL_FN(modperl_thx_interp_get);
    APR_OPTIONAL_FN_TYPE(modperl_interp_unselect) *unselect = APR_RETRIEVE_OPTIONAL_FN(modperl_interp_unselect);
    if (!new->request) new->request = base->request;
    if (!new->callback) new->callback = base->callback;
    new->pool |= base->pool; new->keep |= base->keep; new->merge |= base->merge;
    if (new->merge && get && unselect) {
        PerlInterpreter *thx = PERL_GET_CONTEXT;
        interp *i = thx ? get(thx) : NULL;
        if (i) {
            i->refcnt++;
            call(i, p, "merge", "here", NULL, NULL);
            unselect(i);
        }
        else ap_log_perror(APLOG_MARK, APLOG_NOTICE, 0, p, "a merge outside of interpreters");
    }
    return new;
}

/* ---- a connection ---- */
static apr_status_t conn_out(ap_filter_t *f, apr_bucket_brigade *bb) {
    if (!f->ctx && !APR_BRIGADE_EMPTY(bb)) {
        interp *i;
        f->ctx = f;
        if ((i = modperl_interp_select(NULL, f->c, f->c->base_server))) {
            call(i, f->c->pool, "connection", "out", "Apache2::Connection", f->c);
            modperl_interp_unselect(i);
        }
    }
    return ap_pass_brigade(f->next, bb);
}
static int pre_connection(conn_rec *c, void *csd) {
    srv_conf *conf = ap_get_module_config(c->base_server->module_config, &interp_test_module);
    if (conf->conn_filter) ap_add_output_filter("INTERP_TEST", NULL, NULL, c);
    return OK;
}

/* ---- a process ---- */
static void child_init(apr_pool_t *p, server_rec *s) {
    interp *i;
    if (!modperl_is_running()) return;
    if ((i = modperl_interp_select(NULL, NULL, s))) {
        call(i, p, "child", "init", "Apache2::ServerRec", s);
        modperl_interp_unselect(i);
    }
}

/* ---- foreign response handlers ---- */
static int handler(request_rec *r) {
    if (!r->handler) return DECLINED;
    if (!strcmp(r->handler, "c-sleep")) {           /* 5 ms */
        apr_sleep(5000);
        ap_set_content_type(r, "text/plain");
        ap_rputs("slept\n", r);
        return OK;
    }
    if (!strcmp(r->handler, "c-hold")) {            /* the number of seconds in the query, or until the file var/release is there */
        const char *file = ap_server_root_relative(r->pool, "var/release");
        apr_time_t end = apr_time_now() + apr_time_from_sec(r->args ? atoi(r->args) : 1);
        apr_finfo_t info;
        while (apr_time_now() < end && apr_stat(&info, file, APR_FINFO_TYPE, r->pool) != APR_SUCCESS) apr_sleep(10000);
        ap_set_content_type(r, "text/plain");
        ap_rputs("held\n", r);
        return OK;
    }
    if (!strcmp(r->handler, "c-threads")) {
        ap_set_content_type(r, "text/plain");
        ap_rputs(__libc_single_threaded ? "never" : "threads", r);
        return OK;
    }
    return DECLINED;
}

static void *create_server(apr_pool_t *p, server_rec *s) { return apr_pcalloc(p, sizeof(srv_conf)); }
static const char *conn_filter(cmd_parms *cmd, void *conf, int on) {
    srv_conf *s = ap_get_module_config(cmd->server->module_config, &interp_test_module);
    s->conn_filter = on;
    return NULL;
}

#define FIELD(f) (void *)APR_OFFSETOF(dir_conf, f)
static const command_rec commands[] = {
    AP_INIT_TAKE1("TestStartParent", start_parent, NULL, RSRC_CONF, "code"),
    AP_INIT_TAKE1("TestStartOnRead", start_parent, NULL, RSRC_CONF | EXEC_ON_READ, "code"),
    AP_INIT_FLAG("TestConnectionFilter", conn_filter, NULL, RSRC_CONF, "On or Off"),
    AP_INIT_TAKE1("TestRequest", ap_set_string_slot, FIELD(request), OR_ALL, "a sub of My::C"),
    AP_INIT_TAKE1("TestCallback", ap_set_string_slot, FIELD(callback), OR_ALL, "a handler"),
    AP_INIT_FLAG("TestKeep", ap_set_flag_slot, FIELD(keep), OR_ALL, "On or Off"),
    AP_INIT_FLAG("TestPool", ap_set_flag_slot, FIELD(pool), OR_ALL, "On or Off"),
    AP_INIT_FLAG("TestMerge", ap_set_flag_slot, FIELD(merge), OR_ALL, "On or Off"),
    { NULL }
};
static void hooks(apr_pool_t *p) {
    ap_hook_fixups(fixups, NULL, NULL, APR_HOOK_LAST);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_pre_connection(pre_connection, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_LAST);
    ap_register_output_filter("INTERP_TEST", conn_out, NULL, AP_FTYPE_CONNECTION);
}
AP_DECLARE_MODULE(interp_test) = { STANDARD20_MODULE_STUFF, create_dir, merge_dir, create_server, NULL, commands, hooks };
