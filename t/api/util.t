# Apache2::Util, Apache2::SubProcess, ModPerl::Util, ModInterp::Jobs and ModInterp::Status.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    modules => { 'T/Unload.pm' => 'package T::Unload; our $x = 1; sub there { 7 } package T::Unload::Below; sub there { 8 } 1;' },
    rows => <<'R',
ModPerl::Util::exit             | eval { ModPerl::Util::exit(3) }; ref $@, $@ == 120000 | APR::Error,1
ModPerl::Util::exit             | $r->print('before'); ModPerl::Util::exit()           | /^before(?:died)?/
ModPerl::Util::current_callback | ModPerl::Util::current_callback()                    | PerlResponseHandler
ModPerl::Util::current_perl_id  | ModPerl::Util::current_perl_id()                     | /^0x[0-9a-f]+\z/
ModPerl::Util::untaint          | my $x = $ENV{PATH}; ModPerl::Util::untaint($x); 1    | 1
ModPerl::Util::unload_package   | require T::Unload; my $n = T::Unload::there(); ModPerl::Util::unload_package('T::Unload'); $n, T::Unload->can('there') ? 1 : 0, $INC{'T/Unload.pm'}, T::Unload::Below->can('there') ? 1 : 0 | 7,0,undef,1
ModPerl::Util::unload_package_pp | require T::Unload; ModPerl::Util::unload_package_pp('T::Unload'); T::Unload->can('there') ? 1 : 0 | 0
ModPerl::Util::unload_package_xs | require T::Unload; ModPerl::Util::unload_package_xs('T::Unload'); T::Unload->can('there') ? 1 : 0 | 0
Apache2::RequestRec::spawned | my @n = $r->spawned('/bin/echo', 'x'); open my $out, '<&=', $n[1]; my $line = <$out>; chomp $line; require POSIX; POSIX::close($_) for @n[0, 2]; @n . $line | 3x
Apache2::Util::ht_time   | Apache2::Util::ht_time($p, 0, '%Y-%m-%d', 1), Apache2::Util::ht_time($p) | /^1970-01-01,\w+, \d\d \w+ \d{4} .* GMT\z/
Apache2::Util::escape_path | Apache2::Util::escape_path('a b?', $p), Apache2::Util::escape_path('c:d', $p, 0) | a%20b%3f,./c:d
ModInterp::Databases::find      | scalar(my @none = ModInterp::Databases->find('dbi:Pg:dbname=none'))    | 0
ModInterp::Databases::at_end    | ModInterp::Databases->at_end(sub { }); 1                         | 1
ModInterp::Databases::take      | eval { ModInterp::Databases->take(99, sub { }) }; $@ =~ /there is no such pool/ ? 1 : $@ | 1
ModInterp::Databases::again     | ModInterp::Databases->again(99, 0) ? 1 : 0                       | 0
ModInterp::Databases::back      | ModInterp::Databases->back(99, 0); 1                             | 1
ModInterp::Databases::closed    | ModInterp::Databases->closed(99, 0); 1                           | 1
ModInterp::Databases::wanted    | ModInterp::Databases->wanted(99) ? 1 : 0                         | 0
ModInterp::Databases::figures   | scalar(my @none = ModInterp::Databases->figures)                 | 0
ModInterp::PageText::script_of     | require ModInterp::PageText; ModInterp::PageText::script_of($r, 'a<%= 1 %>', 0) =~ /\A(.*?)\(\d+, 0\);\n#line 1\nprint\(/ ? $1 : 0 | ModInterp::page_text
Apache2::RequestRec::interp | ref $r->interp | ModInterp::Interp
ModInterp::Interp::id     | $r->interp->id eq "$$-" . $r->interp->number ? 1 : $r->interp->id | 1
ModInterp::Interp::number | $r->interp->number == ModInterp::Status->interpreter ? 1 : 0 | 1
ModInterp::Interp::class  | $r->interp->class | default
ModInterp::Interp::uses   | $r->interp->uses > 0 \x7c\x7c !Apache2::MPM->is_threaded | 1
ModInterp::Interp::reload | $r->interp->reload ? 1 : Apache2::MPM->is_threaded ? 0 : 1 | 1
ModInterp::Interp::reload_all | $r->interp->reload_all; 1 | 1
ModInterp::Status::interpreter | ModInterp::Status->interpreter > 0 \x7c\x7c !Apache2::MPM->is_threaded | 1
ModInterp::Status::pool  | my %f = map { ref $_ eq 'HASH' ? %$_ : $_ } ModInterp::Status->pool; keys(%f) > 5 \x7c\x7c !Apache2::MPM->is_threaded | 1
ModInterp::Status::figures | my %f = map { ref $_ eq 'HASH' ? %$_ : $_ } ModInterp::Status->figures; join ' ', $f{requests} > 0 ? 1 : 0, $f{'interpreters.busy'}, defined $f{wait_seconds} ? 1 : 0 | 1 1 1
ModInterp::Status::end_process | ModInterp::Status->can('end_process') ? 'can' : 'cannot' | can
ModInterp::Status::class       | ModInterp::Status->class                                        | default
ModInterp::Status::setting     | ModInterp::Status->setting('ClassErrorPage'), ModInterp::Status->setting('InterpMax') | off,undef
ModInterp::Status::reload      | ModInterp::Status->reload ? 1 : Apache2::MPM->is_threaded ? 0 : 1 | 1
ModInterp::Status::reload_all  | ModInterp::Status->reload_all; 1                                | 1
ModInterp::Status::server      | defined ModInterp::Status->server ? 1 : 0                       | 1
ModInterp::Jobs::add               | require ModInterp::Jobs; eval { ModInterp::Jobs->add('a interval=1 handler=A') } ? 1 : $@ =~ /while the server starts/ ? 'late' : $@, eval { ModInterp::Jobs->add('a handler=A') } ? 1 : $@ =~ /PerlJob: "a" is never due/ ? 'never' : $@ | late,never
ModInterp::Jobs::names             | require ModInterp::Jobs; ModInterp::Jobs->names                 | leap
ModInterp::Jobs::figures           | require ModInterp::Jobs; my %f = map { ref $_ eq 'HASH' ? %$_ : $_ } ModInterp::Jobs->figures('leap'); map { "$_=$f{$_}" } sort keys %f | failed=0,going=0,runs=0
ModInterp::Jobs::last              | require ModInterp::Jobs; scalar(my @last = ModInterp::Jobs->last('leap')) | 0
R
    outside => "PerlJob leap at='0 0 29 2 *' handler='sub { 1 }'\n",
);

done_testing;
