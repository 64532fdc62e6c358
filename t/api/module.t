# Apache2::Module, Apache2::Command and Apache2::Directive.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => <<'P',
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
Apache2::Module::name    | my $n = 0; for (my $m = Apache2::Module::top_module(); $m; $m = $m->next) { $n++ if length $m->name } $n > 5 | 1
Apache2::Module::next    | ref Apache2::Module::top_module()->next                         | Apache2::Module
Apache2::Module::module_index | my %seen; for (my $m = Apache2::Module::top_module(); $m; $m = $m->next) { $seen{$m->module_index}++ } join ' ', grep { $_ != 1 } values %seen | 
Apache2::Module::is_shared | map { Apache2::Module::find_linked_module($_)->is_shared } 'core.c', 'mod_perl.c' | 0,1
Apache2::Module::ap_api_major_version | Apache2::Module::find_linked_module('core.c')->ap_api_major_version | /^20\d{6}\z/
Apache2::Module::ap_api_minor_version | Apache2::Module::find_linked_module('core.c')->ap_api_minor_version | /^\d+\z/
Apache2::Module::loaded  | map { Apache2::Module::loaded($_) } 'mod_perl.c', 'mod_perl.so', 'core.so', 'mod_none.c', 'mod_perl.x', 'Apache2::Module', 'No::Such', '' | 1,1,0,0,0,1,0,0
Apache2::Module::get_config | Apache2::Module::get_config('No::Such', $r->server), Apache2::Module->get_config($r->server, $r->per_dir_config) | undef,undef
Apache2::Module::add     | eval { Apache2::Module::add('No::Such', [{ name => 'NoSuch' }]); 1 } ? 'made' : $@ | /^Apache2::Module::add\(No::Such\) failed : .*once the server has started/
ModInterp::Directives::make | require ModInterp::Directives; eval { ModInterp::Directives::make('No::Such', 0); 1 } ? 'made' : $@ | /once the server has started/
ModInterp::Directives::number | ModInterp::Directives::number(0, $r->server), ModInterp::Directives::number(-1, $r->server, $r->per_dir_config), ModInterp::Directives::number(9999, $r->server) | undef,undef,undef
ModInterp::Directives::steps | scalar(my @none = ModInterp::Directives::steps(0, $r->server)) | 0
ModInterp::Directives::request_pool | ref ModInterp::Directives::request_pool() | APR::Pool
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
