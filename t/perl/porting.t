# Apache2::porting: code for mod_perl 1 dies with what to write in its place.
use lib 't/lib';
use TestHttpd;

plan skip_all => "mod_perl's own says it in other words, and not of functions" unless ours;

# Its name, code, the error.
my @CASES = (
    [ 'a method of mod_perl 1',          '$r->send_http_header',               qr/^send_http_header is of mod_perl 1: write \$r->content_type\(\$type\), or load Apache2::compat at \S+Case\.pm line 12\.$/ ],
    [ 'one whose module is not loaded',  '$r->psignature("x")',                qr/^psignature of Apache2::RequestRec is in Apache2::RequestUtil: write use Apache2::RequestUtil \(\); at / ],
    [ 'a function',                      'Apache2::Util::escape_path("x")',    qr/^escape_path of Apache2::Util is in Apache2::Util: write use Apache2::Util \(\); at / ],
    [ 'a class method',                  'Apache->request',                    qr/^request is of mod_perl 1: write Apache2::RequestUtil->request, or / ],
    [ 'a function of a class that is gone', 'Apache::Util::escape_html("<")',  qr/^escape_html is of mod_perl 1: write CGI::escapeHTML/ ],
    [ 'something else of it',            'Apache::Table->make',                qr/^mod_perl 2 has no package Apache::Table: look for its methods in APR::Table at / ],
    [ 'a package that is gone',          'require Apache::Constants',          qr/^mod_perl 2 has no package Apache::Constants: look for its methods in Apache2::Const at \S+Case\.pm line 18\.$/ ],
    [ 'a package without a successor',   'require Apache::SIG',                qr/^mod_perl 2 has no package Apache::SIG at / ],
    [ "somebody's own package",          'require Apache::Nowhere',            qr{^Can't locate Apache/Nowhere\.pm in \@INC} ],
    [ 'a method that nobody has',        '$r->no_such_method',                 qr/^Can't locate object method "no_such_method" via package "Apache2::RequestRec" at / ],
    [ 'a function that nobody has',      'Apache2::Util::no_such()',           qr/^Undefined subroutine &Apache2::Util::no_such called at / ],
    [ 'what is there',                   '$r->uri',                            qr{^/case$} ],
    [ 'what perl looks for',             'Apache2::RequestRec->import(1); 1',  qr/^1$/ ],
    [ 'a subclass',                      '(bless { r => $r }, "T::Sub")->header_in("x")', qr/^header_in is of mod_perl 1: write \$r->headers_in/ ],
);
my $subs = join '', map { "    sub { my (\$r) = \@_; $_->[1] },\n" } @CASES;

for_each_mpm(qw(event prefork), sub {
    my ($mpm) = @_;
    my $s = TestHttpd->start(mpm => $mpm, modules => { 'T/Case.pm' => <<"P" }, config => <<'C');
package T::Case;
use strict;
use warnings;
use Apache2::RequestRec ();
use Apache2::RequestIO ();
use Apache2::porting ();
use APR::Table ();
\@T::Sub::ISA = ('Apache2::RequestRec');
# The cases begin in line 12.

my \@case = (
$subs);
sub handler {
    my \$r = shift;
    my \$text = eval { \$case[\$r->args]->(\$r) };
    \$r->print(\$\@ ? \$\@ =~ s/\\n\\z//r : \$text);
    return 0;
}
1;
P
PerlModule T::Case
<Location /case>
    SetHandler modperl
    PerlResponseHandler T::Case
</Location>
C
    for my $n (0 .. $#CASES) {
        my ($what, $code, $error) = @{ $CASES[$n] };
        like $s->get("/case?$n")->{content}, $error, "$what: $code";
    }
});

done_testing;
