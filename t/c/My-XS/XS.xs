/* XS as distributions for mod_perl 2 have it, by each way in which they pass objects. Built by ModPerl::MM (t/host/xs_module.t). */
#include "mod_perl.h"
#include "modperl_xs_sv_convert.h"
#include "modperl_xs_typedefs.h"
#include "modperl_xs_util.h"
#include "ap_provider.h"
#include "mod_auth.h"

typedef struct { int count; } counter;
typedef counter *My__XS__Counter;

/* The interpreter that loaded this, and how often code was loaded into this copy of the library: both as if it had just been mapped. */
static int loads;

/* A pool's cleanup, which enters the interpreter of the request. */
static apr_status_t tell(void *data) {
    request_rec *r = data;
    MP_dINTERP_POOLa(r->pool, r->server);
    if (MP_HAS_INTERP(interp)) {
        dSP;
        ENTER; SAVETMPS; PUSHMARK(SP);
        XPUSHs_mortal_pv(r->uri);
        PUTBACK;
        call_pv("T::Trace::note", G_VOID | G_DISCARD | G_EVAL);
        FREETMPS; LEAVE;
        MP_INTERP_PUTBACK(interp, aTHX);
    }
    return APR_SUCCESS;
}

/* As libapreq2's: an object of its own pointer that has the request's in its magic, and inherits from Apache2::RequestRec. */
static SV *handle(pTHX_ SV *r_sv, request_rec *r) {
    SV *rv = sv_setref_pv(newSV(0), "My::XS::Request", apr_pcalloc(r->pool, 64));
    sv_magic(SvRV(rv), SvRV(r_sv), PERL_MAGIC_ext, NULL, 0);
    SvMAGIC(SvRV(rv))->mg_ptr = (char *)r;
    return rv;
}

/* An XSUB that takes its arguments from the stack. */
static SV *from_stack(pTHX_ I32 items, SV **MARK) {
    request_rec *r;
    SV *value;
    mpxs_usage_va_2(r, value, "My::XS::by_hand($r, $value)");
    return newSVpvf("%s %s", r->uri, SvPV_nolen(value));
}
static XS(by_hand) {
    dXSARGS;
    ST(0) = sv_2mortal(from_stack(aTHX_ items, MARK + 1));
    XSRETURN(1);
}

/* A provider of passwords as Apache::AuthenHook's: it uses perl without having selected an interpreter, as code for prefork does. What
 * the directive MyUsers says is in the configuration of a module written in Perl. */
static authn_status check_password(request_rec *r, const char *user, const char *password) {
    dTHX;
    SV *config = modperl_module_config_get_obj(aTHX_ newSVpvs("My::App"), r->server, r->per_dir_config), **users;
    AV *args = NULL; int status;
    if (!SvROK(config) || !(users = hv_fetchs((HV *)SvRV(config), "users", 0)) || !strstr(SvPV_nolen(*users), user)) return AUTH_USER_NOT_FOUND;
    modperl_handler_make_args(aTHX_ &args, "Apache2::RequestRec", r, "PV", password, NULL);
    status = modperl_callback(aTHX_ modperl_handler_new(r->pool, "My::App::password"), r->pool, r, r->server, args);
    SvREFCNT_dec((SV *)args);
    return status == OK ? AUTH_GRANTED : AUTH_DENIED;
}
static const authn_provider provider = { check_password, NULL };

MODULE = My::XS    PACKAGE = My::XS

PROTOTYPES: DISABLE

BOOT:
    loads++;
    newXS("My::XS::by_hand", by_hand, __FILE__);

void
provide()
  CODE:
    ap_register_provider(modperl_global_get_pconf(), AUTHN_PROVIDER_GROUP, "my", AUTHN_PROVIDER_VERSION, &provider);

SV *
users(r)
    Apache2::RequestRec r
  CODE:
    {
        SV *config = modperl_module_config_get_obj(aTHX_ sv_2mortal(newSVpvs("My::App")), r->server, r->per_dir_config);
        SV **users = SvROK(config) ? hv_fetchs((HV *)SvRV(config), "users", 0) : NULL;
        RETVAL = users ? newSVsv(*users) : newSVpvs("none");
    }
  OUTPUT:
    RETVAL

int
loads()
  CODE:
    RETVAL = loads;
  OUTPUT:
    RETVAL

const char *
uri(r)
    Apache2::RequestRec r
  CODE:
    RETVAL = r->uri;
  OUTPUT:
    RETVAL

Apache2::Connection
connection(r)
    Apache2::RequestRec r
  CODE:
    RETVAL = r->connection;
  OUTPUT:
    RETVAL

const char *
client(c)
    Apache2::Connection c
  CODE:
    RETVAL = c->client_ip;
  OUTPUT:
    RETVAL

APR::Table
notes(r)
    Apache2::RequestRec r
  CODE:
    RETVAL = r->notes;
  OUTPUT:
    RETVAL

const char *
get(t, key)
    APR::Table t
    const char *key
  CODE:
    RETVAL = apr_table_get(t, key);
  OUTPUT:
    RETVAL

APR::Pool
pool(r)
    Apache2::RequestRec r
  CODE:
    RETVAL = r->pool;
  OUTPUT:
    RETVAL

const char *
copy(p, text)
    APR::Pool p
    const char *text
  CODE:
    RETVAL = apr_pstrdup(p, text);
  OUTPUT:
    RETVAL

const char *
converted(sv)
    SV *sv
  CODE:
    RETVAL = mp_xs_sv2_r(sv)->uri;
  OUTPUT:
    RETVAL

SV *
server(r)
    Apache2::RequestRec r
  CODE:
    RETVAL = SvREFCNT_inc(mp_xs_Apache2__ServerRec_2obj(r->server));
  OUTPUT:
    RETVAL

SV *
config(module, r)
    SV *module
    Apache2::RequestRec r
  CODE:
    RETVAL = newSVsv(modperl_module_config_get_obj(aTHX_ module, r->server, r->per_dir_config));
  OUTPUT:
    RETVAL

int
port(s)
    SV *s
  CODE:
    RETVAL = mp_xs_sv2_Apache2__ServerRec(s)->port;
  OUTPUT:
    RETVAL

void
fails(status)
    apr_status_t status
  CODE:
    MP_RUN_CROAK(status, "My::XS::fails");

void
at_end(r)
    Apache2::RequestRec r
  CODE:
    apr_pool_cleanup_register(r->pool, r, tell, apr_pool_cleanup_null);

SV *
selected(r)
    Apache2::RequestRec r
  CODE:
    {
        modperl_interp_t *interp = modperl_interp_select(r, r->connection, r->server);      /* and never given back */
        RETVAL = newSViv(interp ? interp->refcnt : 0);
    }
  OUTPUT:
    RETVAL

int
call(r, name)
    Apache2::RequestRec r
    const char *name
  CODE:
    {
        AV *args = NULL;
        modperl_handler_make_args(aTHX_ &args, "Apache2::RequestRec", r, "PV", "from C", NULL);
        RETVAL = modperl_callback(aTHX_ modperl_handler_new(r->pool, name), r->pool, r, r->server, args);
        SvREFCNT_dec((SV *)args);
    }
  OUTPUT:
    RETVAL

SV *
handle(r_sv)
    SV *r_sv
  CODE:
    RETVAL = handle(aTHX_ r_sv, modperl_xs_sv2request_rec(aTHX_ r_sv, "Apache2::RequestRec", cv));
  OUTPUT:
    RETVAL

My::XS::Counter
counter()
  CODE:
    Newxz(RETVAL, 1, counter);
  OUTPUT:
    RETVAL

MODULE = My::XS    PACKAGE = My::XS::Counter

int
up(c)
    My::XS::Counter c
  CODE:
    RETVAL = ++c->count;
  OUTPUT:
    RETVAL

void
DESTROY(c)
    My::XS::Counter c
  CODE:
    Safefree(c);
