# r:ivm_set(name, true) read back as false.
use lib 't/lib';
use TestHttpd::Lua;

test_rows([
    ['true',           'r:ivm_set("v", true) return r:ivm_get("v")', 'true'],
    ['false',          'r:ivm_set("v", false) return r:ivm_get("v")', 'false'],
    ['true over text', 'r:ivm_set("v", "text") r:ivm_set("v", true) return r:ivm_get("v")', 'true'],
]);

done_testing;
