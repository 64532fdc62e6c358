/* Handlers for tests of memory: the shortest answer in C, to compare with, and one that gives free memory back to the system first.
 * Built by the tests (TestHttpd, c_module). */
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <malloc.h>
#include <string.h>

static int handler(request_rec *r) {
    if (!r->handler) return DECLINED;
    if (!strcmp(r->handler, "c-hello")) {
        ap_set_content_type(r, "text/plain");
        ap_rputs("Hello, World!", r);
        return OK;
    }
    if (!strcmp(r->handler, "c-trim")) {
        malloc_trim(0);
        ap_set_content_type(r, "text/plain");
        ap_rputs("trimmed", r);
        return OK;
    }
    return DECLINED;
}
static void hooks(apr_pool_t *p) { (void)p; ap_hook_handler(handler, NULL, NULL, APR_HOOK_MIDDLE); }
AP_DECLARE_MODULE(memory_test) = { STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks };
