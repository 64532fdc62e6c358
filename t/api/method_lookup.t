# ModPerl::MethodLookup: which module brings a method, from the command line and in code.
use lib 't/lib';
use TestHttpd;

my $lib = ours ? '-I' . TestHttpd::top() . '/lib' : join ' ', map { "-I$_" } split /:/, $ENV{PERL5LIB} || '';
sub asked { my ($call) = @_; return scalar `$^X $lib -MModPerl::MethodLookup -e '$call' 2>&1` }

like `$^X $lib -MModPerl::MethodLookup -e print_method get_remote_host 2>&1`, qr/To use method 'get_remote_host' add:\n\tuse Apache2::Connection \(\);/, 'a method of one module';
like `$^X $lib -MModPerl::MethodLookup -e print_method dir_config 2>&1`, qr/use Apache2::RequestUtil \(\);\n\tuse Apache2::ServerUtil \(\);/, 'one of two modules';
like `$^X $lib -MModPerl::MethodLookup -e print_method dir_config Apache2::ServerRec 2>&1`, qr/\A[^\n]*'dir_config' add:\n\tuse Apache2::ServerUtil \(\);\n\z/, 'the one for a class';
like `$^X $lib -MModPerl::MethodLookup -e print_method no_such_method 2>&1`, qr/no_such_method/, 'an unknown one';
like `$^X $lib -MModPerl::MethodLookup -e print_module Apache2::HookRun 2>&1`, qr/^die +Apache2::RequestRec\n/m, 'the methods of a module';
like `$^X $lib -MModPerl::MethodLookup -e print_object APR::Pool 2>&1`, qr/^cleanup_register +APR::Pool\n/m, 'the methods of an object';
is asked('my ($hint, @modules) = ModPerl::MethodLookup::lookup_method("Apache2::RequestRec::print", "Apache2::RequestRec"); print "@modules"'), 'Apache2::RequestIO', 'code gets the modules';
is asked('print 300 < (() = ModPerl::MethodLookup::avail_methods()) ? "many" : "few", " ", grep { $_ eq "APR::Table" } ModPerl::MethodLookup::avail_modules()'), 'many APR::Table', 'and all names';
SKIP: {
    skip "mod_perl's own says which module to load, not what to write", 2 unless ours;
    like asked('print_method send_http_header'), qr/'send_http_header' is of mod_perl 1\. Write \$r->content_type\(\$type\); or .*\n\tuse Apache2::compat \(\);/, 'a method of mod_perl 1';
    is asked('print join " ", sort grep { /^header_/ } ModPerl::MethodLookup::avail_methods_compat()'), 'header_in header_out', 'and all of them';
}
done_testing;
