/* What the handlers of lib/Bench.pm do, written for httpd itself; and /mark. */
#include "httpd.h"
#include "http_config.h"
#include "http_core.h"
#include "http_protocol.h"
#include "ap_config.h"
#include "util_filter.h"
#include "apr_strings.h"

/* callgrind writes a file whenever this returns (--dump-after). */
__attribute__((noinline, used)) void bench_mark(void) { __asm__ volatile(""); }

static char line[512];

static int tables(request_rec *r) {
    int i;
    ap_set_content_type(r, "text/plain");
    for (i = 0; i < 10; i++) {
        const char *value = apr_table_get(r->headers_in, apr_psprintf(r->pool, "X-In%d", i));
        if (i < 5) apr_table_set(r->headers_out, apr_psprintf(r->pool, "X-Out%d", i), value ? value : "-");
    }
    for (i = 0; i < 10; i++) ap_rwrite(line, sizeof line, r);
    return OK;
}

static int echo(request_rec *r) {
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_size_t room = length ? (apr_size_t)apr_atoi64(length) : 0, have = 0;
    char *body; long n;
    if (room > 1 << 20 || ap_setup_client_block(r, REQUEST_CHUNKED_ERROR) != OK) return HTTP_BAD_REQUEST;
    body = apr_palloc(r->pool, room + 1);
    if (ap_should_client_block(r))
        while (have < room && (n = ap_get_client_block(r, body + have, room - have)) > 0) have += n;
    ap_set_content_type(r, "application/octet-stream");
    ap_rwrite(body, (int)have, r);
    return OK;
}

static int handler(request_rec *r) {
    if (!r->handler || strncmp(r->handler, "bench-", 6)) return DECLINED;
    if (!strcmp(r->handler + 6, "mark")) { bench_mark(); return OK; }
    if (!strcmp(r->handler + 6, "empty")) return OK;
    if (!strcmp(r->handler + 6, "tables")) return tables(r);
    if (!strcmp(r->handler + 6, "echo")) return echo(r);
    ap_set_content_type(r, "text/plain");
    ap_rwrite("Hello, World!", 13, r);
    return OK;
}

/* A module in C asks itself in each phase whether it is meant. */
static int is_chain(request_rec *r) { return !strncmp(r->uri, "/chain/", 7) && !ap_find_linked_module("mod_perl.c"); }
static int access_checker(request_rec *r) { return is_chain(r) && !apr_table_get(r->headers_in, "X-No") ? OK : DECLINED; }
static int fixups(request_rec *r) {
    if (!is_chain(r)) return DECLINED;
    apr_table_setn(r->headers_out, "X-Chain", "1");
    return OK;
}
static volatile long logged;
static int log_transaction(request_rec *r) {
    if (is_chain(r)) logged++;
    return DECLINED;
}

static apr_status_t upper(ap_filter_t *f, apr_bucket_brigade *bb) {
    apr_bucket *b, *next;
    if (!f->ctx) { apr_table_unset(f->r->headers_out, "Content-Length"); f->ctx = f; }
    for (b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb); b = next) {
        const char *data; char *to; apr_size_t length, i;
        apr_status_t status;
        if (APR_BUCKET_IS_METADATA(b)) { next = APR_BUCKET_NEXT(b); continue; }
        if ((status = apr_bucket_read(b, &data, &length, APR_BLOCK_READ)) != APR_SUCCESS) return status;
        next = APR_BUCKET_NEXT(b);
        to = apr_bucket_alloc(length + 1, f->c->bucket_alloc);
        for (i = 0; i < length; i++) to[i] = data[i] >= 'a' && data[i] <= 'z' ? data[i] - 32 : data[i];
        APR_BUCKET_INSERT_BEFORE(b, apr_bucket_heap_create(to, length, apr_bucket_free, f->c->bucket_alloc));
        apr_bucket_delete(b);
    }
    return ap_pass_brigade(f->next, bb);
}

static void hooks(apr_pool_t *p) {
    memset(line, '-', sizeof line);
    ap_register_output_filter("BENCH_UPPER", upper, NULL, AP_FTYPE_RESOURCE);
    ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_access_checker(access_checker, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(fixups, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_log_transaction(log_transaction, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(bench) = { STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks };
