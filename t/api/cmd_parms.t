# Apache2::CmdParms: what the handler of a <Perl> section is told of the line. (As directives of Perl's are told it: t/config/perl_directives.t.)
use lib 't/lib';
use TestHttpd;

my $rows = <<'R';
Apache2::CmdParms::cmd       | $p->cmd->name . ' ' . ref $p->cmd                       | Perl Apache2::Command
Apache2::CmdParms::context   | ref $p->context                                         | Apache2::ConfVector
Apache2::CmdParms::directive | $p->directive->directive . ' ' . ref $p->directive      | Perl Apache2::Directive
Apache2::CmdParms::directive | $p->directive->line_num > 50 ? 1 : 0                    | 1
Apache2::CmdParms::directive | $p->directive->filename =~ /httpd\.conf$/ ? 1 : 0       | 1
Apache2::CmdParms::info      | $p->info // 'undef'                                     | undef
Apache2::CmdParms::override  | $p->override & Apache2::Const::RSRC_CONF ? 1 : 0        | 1
Apache2::CmdParms::override_opts | $p->override_opts & Apache2::Const::OPT_EXECCGI ? 1 : 0 | 1
Apache2::CmdParms::path      | $p->path // 'undef'                                     | undef
Apache2::CmdParms::pool      | ref $p->pool                                            | APR::Pool
Apache2::CmdParms::pool      | $p->pool->is_ancestor($p->pool->new) ? 1 : 0            | 1
Apache2::CmdParms::server    | $p->server->server_hostname                             | host.example
Apache2::CmdParms::temp_pool | ref $p->temp_pool                                       | APR::Pool
Apache2::CmdParms::check_cmd_context | $p->check_cmd_context(Apache2::Const::NOT_IN_LOCATION) // 'undef' | undef
Apache2::CmdParms::check_cmd_context | $p->check_cmd_context(Apache2::Const::NOT_IN_VIRTUALHOST) | Perl cannot occur within <VirtualHost> section
Apache2::CmdParms::method_is_limited | join ' ', map { $p->method_is_limited($_) ? 1 : 0 } qw(GET POST) | 1 1
Apache2::CmdParms::add_config | $p->add_config(['ServerAdmin added@x']); $p->server->server_admin | added@x
Apache2::CmdParms::add_config | eval { $p->add_config(['Bogus']); 1 } ? 'no' : $@ =~ /^\S+ \$parms->add_config\(\) has failed: Invalid command 'Bogus', .* \(line 1 of those given: Bogus\) at/ ? 'refused' : $@ | refused
Apache2::CmdParms::add_config | eval { $p->add_config('text'); 1 } ? 'no' : $@ =~ /not an array reference/ ? 'refused' : $@ | refused
Apache2::CmdParms::add_config | $T::Parms::kept = $p; 1                                | 1
R
my @rows = map { [ /^(\S+)\s*\| (.*?)\s*\| (.*)$/ ] } split /\n/, $rows;
my $i = 0;
my $code = join "\n", map { "    sub { my \$p = shift; $_->[1] }," } @rows;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'T/Parms.pm' => <<"P" }, config => <<'C');
package T::Parms;
use strict;
use warnings;
use APR::Pool ();
use APR::Table ();
use Apache2::CmdParms ();
use Apache2::Command ();
use Apache2::Directive ();
use Apache2::RequestIO ();
use Apache2::RequestRec ();
use Apache2::ServerRec ();
use Apache2::Const -compile => qw(OK :override :options :context);
our (\@answers, \$kept);
my \@code = (
$code
);
sub handler {
    my (\$parms, \$args) = \@_;
    \@answers = map { my \$answer = eval { \$_->(\$parms) }; \$answer // "died: \$@" } \@code;
    return Apache2::Const::OK;
}
sub show {
    my \$r = shift;
    \$r->print(map { "\$_\\n" } \@answers, eval { \$kept->path; 1 } ? 'lives' : \$@ =~ /gone/ ? 'gone' : \$@);
    return Apache2::Const::OK;
}
1;
P
PerlModule T::Parms
<VirtualHost *:@port@>
    ServerName host.example
    <Perl handler=T::Parms>
    </Perl>
    SetHandler modperl
    PerlResponseHandler T::Parms::show
</VirtualHost>
C
    my @answers = split /\n/, $s->get('/')->{content};
    for my $row (@rows) {
        my ($name, $call, $expect) = @$row;
        is shift @answers, $expect, "$name: $call";
    }
    is $answers[0], 'gone', 'an object that is kept is void when the line has been read';
});

done_testing;
