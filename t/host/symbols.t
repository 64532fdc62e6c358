# The symbols that the module shows other libraries: its records and mod_perl's C functions, nothing else.
use lib 't/lib';
use TestHttpd;

plan skip_all => 'the module under test is mod_perl itself' unless ours;
my $so = $ENV{MOD_INTERP_SO} || 'target/release/libmod_interp.so';
my @lines = split /\n/, `nm -D --defined-only '$so'`;
plan skip_all => 'nm is not installed' unless @lines;
my %symbols = map { reverse((split)[1, 2]) } grep { !/\@\@/ } @lines;

# What Debian's packages, ModPerl::MM modules and libapreq2 import.
my @wanted = qw(
    modperl_callback modperl_croak modperl_error_strerror modperl_errsv modperl_global_get_pconf modperl_global_get_server_rec
    modperl_handler_make_args modperl_handler_new modperl_hash_tie modperl_hash_tied_object modperl_hash_tied_object_rv
    modperl_interp_pool_select modperl_interp_select modperl_interp_unselect modperl_is_running modperl_module_config_get_obj
    modperl_ptr2obj modperl_run modperl_startup modperl_sv2request_rec modperl_sv2server_rec modperl_table_get_set
    modperl_thx_interp_get modperl_trace modperl_xs_sv2request_rec
);
is_deeply [grep { ($symbols{$_} || '') ne 'T' } @wanted], [], q{mod_perl's C functions are exported};
is $symbols{perl_module}, 'D', 'and its record';
is $symbols{interp_check_module}, 'D', q{that of the checker};
is $symbols{lua_module}, 'D', q{and mod_lua's} if slurp($so) =~ /\0lua_module\0/;     # which is an option of the build
is $symbols{Perl_xs_handshake}, 'T', q{and the one of perl's that an XS module calls first};
is_deeply [grep { !/^modperl_|^(?:perl|lua|interp_check)_module$|^Perl_xs_handshake$/ } sort keys %symbols], [], 'and nothing else';

done_testing;
