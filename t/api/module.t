# Apache2::Module, Apache2::Command and Apache2::Directive.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    log     => qr/of a script \(PerlResponseHandler T::Case, /,
    outside => <<'C',
<VirtualHost *:1>
    ServerName one.example
    ServerAlias b c
    ServerAlias d
    <Directory "/tmp/x y">
        AllowOverride None
        <Limit GET POST>
            Require all granted
        </Limit>
    </Directory>
    <Location /twice>
        PerlSetVar A b
    </Location>
    <Location /twice>
        PerlSetVar A c
        PerlSetVar A d
    </Location>
</VirtualHost>
<VirtualHost *:2>
    ServerName two.example
    <Perl>
1;
    </Perl>
</VirtualHost>
<Location /script>
    Options +ExecCGI
</Location>
C
    code => <<'P',
sub vh { my ($n) = @_; for (my $d = Apache2::Directive::conftree(); $d; $d = $d->next) { return $d if $d->directive eq '<VirtualHost' && $d->args eq "*:$n>" } }
sub text { my ($v) = @_; ref $v eq 'HASH' ? '{' . join(' ', map { "$_=" . text($v->{$_}) } sort keys %$v) . '}' : ref $v ? '[' . join(' ', map { text($_) } @$v) . ']' : $v // 'undef' }
sub find_command { my $c = Apache2::Module::find_linked_module('core.c')->cmds; $c = $c->next while $c && $c->name ne $_[0]; $c }
P
    rows => <<'R',
Apache2::Module::top_module | ref Apache2::Module::top_module()                             | Apache2::Module
Apache2::Module::find_linked_module | Apache2::Module::find_linked_module('core.c')->name, Apache2::Module::find_linked_module('none.c') | core.c,undef
Apache2::Directive::conftree | ref Apache2::Directive::conftree() | Apache2::Directive
Apache2::Directive::next | ref Apache2::Directive::conftree()->next | Apache2::Directive
Apache2::Directive::first_child | my $d = Apache2::Directive::conftree(); $d = $d->next until $d->first_child; ref $d->first_child | Apache2::Directive
Apache2::Directive::first_child | Apache2::Directive::conftree()->first_child | undef
Apache2::Directive::parent | my $d = Apache2::Directive::conftree(); $d = $d->next until $d->first_child; $d->first_child->parent->directive eq $d->directive | 1
Apache2::Directive::directive | Apache2::Directive::conftree()->directive | ServerName
Apache2::Directive::args | Apache2::Directive::conftree()->args | 127.0.0.1
Apache2::Directive::filename | Apache2::Directive::conftree()->filename | /httpd\.conf\z/
Apache2::Directive::line_num | Apache2::Directive::conftree()->line_num | /^[1-9]\d*\z/
Apache2::Directive::args | vh(2)->first_child->next->args | /\A1;\n*\z/
Apache2::Directive::as_string | vh(1)->as_string =~ s/\n/;/gr | /\AServerName one\.example;ServerAlias b c;ServerAlias d;<Directory "\/tmp\/x y">;<Location \/twice>;<Location \/twice>;\z/
Apache2::Directive::as_hash | text(vh(1)->first_child->as_hash) | {Directory={"/tmp/x y"={AllowOverride=None Limit={GET POST={Require=all granted}}}} Location={/twice={PerlSetVar=[A c A d]}} ServerAlias=[b c d] ServerName=one.example}
Apache2::Directive::lookup | my $d = vh(1)->first_child; map { text($_) } $d->lookup('ServerAlias'), scalar($d->lookup('serveralias')), $d->lookup('Location', '/twice'), scalar($d->lookup('Location', '/none')) // 'none' | b c,d,b c,{PerlSetVar=A b},{PerlSetVar=[A c A d]},none
Apache2::Directive::lookup | text(scalar Apache2::Directive->lookup('VirtualHost', '*:2')) | /ServerName=two\.example/
Apache2::Directive::lookup | $s->is_virtual, eval { Apache2::Directive->lookup }; $@ =~ /^Usage: Apache2::Directive::lookup\(self, key, \[args\]\)/ ? 'usage' : $@ | usage
Apache2::Module::name    | my $n = 0; for (my $m = Apache2::Module::top_module(); $m; $m = $m->next) { $n++ if length $m->name } $n > 5 | 1
Apache2::Module::next    | ref Apache2::Module::top_module()->next                         | Apache2::Module
Apache2::Module::module_index | my %seen; for (my $m = Apache2::Module::top_module(); $m; $m = $m->next) { $seen{$m->module_index}++ } join ' ', grep { $_ != 1 } values %seen | 
Apache2::Module::is_shared | map { Apache2::Module::find_linked_module($_)->is_shared } 'core.c', 'mod_perl.c' | 0,1
Apache2::Module::ap_api_major_version | Apache2::Module::find_linked_module('core.c')->ap_api_major_version | /^20\d{6}\z/
Apache2::Module::ap_api_minor_version | Apache2::Module::find_linked_module('core.c')->ap_api_minor_version | /^\d+\z/
Apache2::Module::remove_loaded_module | Apache2::Module::find_linked_module('mod_mime.c')->remove_loaded_module | /^died: Apache2::Module::remove_loaded_module: httpd keeps the hooks of a module in C, so none can be taken away at /
Apache2::Module::get_config | Apache2::Module::get_config('My::Module', $s), Apache2::Module::get_config('My::Module', $s, $r->per_dir_config) | undef,undef
Apache2::Provider::register_provider | Apache2::Provider::register_provider($p, 'authn', 'mine', '0', undef) | /^died: Apache2::Provider::register_provider: a provider is a structure of C's, which a script has not/
Apache2::Module::loaded  | Apache2::Module::loaded('x' x 300 . '.c'), Apache2::Module::loaded('x' x 300) | 0,0
Apache2::Module::loaded  | map { Apache2::Module::loaded($_) } 'mod_perl.c', 'mod_perl.so', 'core.so', 'mod_none.c', 'mod_perl.x', 'Apache2::Module', 'No::Such', '' | 1,1,0,0,0,1,0,0
Apache2::Module::get_config | Apache2::Module::get_config('No::Such', $r->server), Apache2::Module->get_config($r->server, $r->per_dir_config) | undef,undef
Apache2::Module::add     | eval { Apache2::Module::add('No::Such', [{ name => 'NoSuch' }]); 1 } ? 'made' : $@ | /^Apache2::Module::add\(No::Such\) failed : .*once the server has started/
ModInterp::Directives::make | require ModInterp::Directives; eval { ModInterp::Directives::make('No::Such', 0); 1 } ? 'made' : $@ | /once the server has started/
ModInterp::Directives::number | ModInterp::Directives::number(0, $r->server), ModInterp::Directives::number(-1, $r->server, $r->per_dir_config), ModInterp::Directives::number(9999, $r->server) | undef,undef,undef
ModInterp::Directives::steps | scalar(my @none = ModInterp::Directives::steps(0, $r->server)) | 0
ModInterp::Directives::request_pool | ref ModInterp::Directives::request_pool() | APR::Pool
ModInterp::Script::key | require ModInterp::Script; require Apache2::SubRequest; map { $_ // 'none' } ModInterp::Script::key($r, 0), ModInterp::Script::key($r->lookup_uri('/script'), 0) =~ s/.*(?=\/)//r | none,/script
ModInterp::Script::failed | require ModInterp::Script; ModInterp::Script::failed($r, 'No::Such', "of a script\n") // 'undef' | undef
ModInterp::Script::status | require ModInterp::Script; $r->status(404); my @got = (ModInterp::Script::status($r), $r->status, ModInterp::Script::status($r)); @got | 404,200,0
Apache2::Module::cmds    | ref Apache2::Module::find_linked_module('core.c')->cmds         | Apache2::Command
Apache2::Command::name   | my ($c) = find_command('DocumentRoot'); $c->name                | DocumentRoot
Apache2::Command::next   | ref find_command('DocumentRoot')->next, find_command('NoSuchOne') | Apache2::Command,undef
Apache2::Command::errmsg | find_command('DocumentRoot')->errmsg                            | /Root directory/
Apache2::Command::args_how | find_command('DocumentRoot')->args_how                        | 1
Apache2::Command::req_override | my $c = Apache2::Module::find_linked_module('mod_perl.c')->cmds; $c = $c->next while $c->name ne 'PerlResponseHandler'; $c->req_override == Apache2::Const::OR_ALL ? 1 : 0 | 1
Apache2::Command::req_override | find_command('DocumentRoot')->req_override & Apache2::Const::RSRC_CONF ? 1 : 0 | 1
R
);

done_testing;
