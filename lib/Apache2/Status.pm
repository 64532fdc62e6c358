package Apache2::Status;

# Pages about the interpreter that answers: what is loaded, symbol tables, registry scripts, subs in detail. Other modules add theirs
# with menu_item.

use strict;
use warnings;

use Apache2::Module      ();
use Apache2::RequestIO   ();
use Apache2::RequestRec  ();
use Apache2::RequestUtil ();
use Apache2::ServerUtil  ();
use ModInterp::Status    ();
use ModInterp::Symbols   ();
use Apache2::Const -compile => qw(OK NOT_FOUND);

our $VERSION = '4.01';

# Loaded at the start if it is there: pages of other modules are called with an object of it.
my $has_cgi = eval { require CGI; CGI->VERSION(2.93); 1 };

# Entries of the menu, { key => [text, code] }; the code is called with the request and a query, and returns a reference to pieces of HTML.
my %menu = (
    env            => ['Environment',                \&_env],
    inc            => ['Loaded Modules',             \&_inc],
    inh_tree       => ['Inheritance Tree',           sub { _tree(_children()) }],
    isa_tree       => ['ISA Tree',                   sub { _tree(ModInterp::Symbols::parents(), 'all') }],
    myconfig       => ['Perl Configuration',         sub { require Config; ['<pre>', _html(Config::myconfig()), '</pre>'] }],
    pool           => ['Interpreters',               \&_pool],
    rgysubs        => ['Compiled Registry Scripts',  \&_scripts],
    script         => ["PerlRequire'd Files",        \&_required],
    section_config => ['Perl Section Configuration', sub { require Apache2::PerlSections::Dump; ['<pre>', _html(Apache2::PerlSections->dump), '</pre>'] }],
    sig            => ['Signal Handlers',            sub { _pairs(\%SIG) }],
    symdump        => ['Symbol Table Dump',          sub { _symbols($_[0], 'main') }],
);

# What can be asked of a sub, and of other things: { noh_name => [option, module, what it is of, text, code, path before the name] }. The
# code returns text.
my %tool = (
    noh_b_deparse => ['Deparse', 'B::Deparse', 'FUNCTION', 'Deparse', sub {
        my ($r, $name, $code) = @_;
        my $deparse = B::Deparse->new(split ' ', $r->dir_config('StatusDeparseOptions') // '');
        return "Deparse of $name\n\nsub $name " . $deparse->coderef2text($code);
    }],
    noh_b_lexinfo   => ['LexInfo',   'B',            'FUNCTION', 'Lexical Info', \&_lexicals],
    noh_b_terse     => ['Terse',     'B::Concise',   'FUNCTION', 'Syntax Tree Dump', \&_tree_dump],
    noh_b_terse_size => ['TerseSize', 'B::TerseSize', 'FUNCTION', 'Syntax Tree Size'],
    noh_fathom      => ['Fathom',    'B::Fathom',    'FUNCTION', 'Score', sub {
        my ($r, $name, $code) = @_;
        return B::Fathom::fathom(split(' ', $r->dir_config('StatusFathomOptions') // ''), $code);
    }],
    noh_peek        => ['Peek', 'Apache::Peek', '', 'Peek Dump', sub { my ($r, $name, $thing) = @_; return Apache::Peek::Dump($thing) // '' }],
    noh_xref        => ['Xref', 'B::Xref',      'FUNCTION', 'Cross Reference Report', sub { my ($r, $name) = @_; return _printed(sub { B::Xref::compile()->($name) }) }],
);

# A module's own page: the key in the address, its text in the menu, and the sub that makes it.
sub menu_item {
    my ($class, $key, $text, $code) = @_;
    $menu{$key} = [$text, $code];
    return;
}

sub handler {
    my $r = pop;
    my ($key) = ($r->args // '') =~ /^([^=&]*)/;
    $key =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    my $path = _path($r);

    if ($key =~ /^noh_\w+\z/) {
        my $text = _asked($r, $key, $path);
        return Apache2::Const::NOT_FOUND unless defined $text;
        $r->content_type('text/plain');
        $r->print($text);
        return Apache2::Const::OK;
    }
    my $page = $key eq 'data_dump' || $key eq 'cv_dump' ? _thing($r, $path)
        : $key eq '' ? _menu($r)
        : $menu{$key} ? _item($r, $key)
        : ModInterp::Symbols::stash($key) ? _symbols($r, $key) : undef;
    return Apache2::Const::NOT_FOUND unless $page;
    $r->content_type('text/html');
    $r->print(_head(), (ref $page eq 'ARRAY' ? @$page : ()), "</body></html>\n");
    return Apache2::Const::OK;
}

# ------------------------------------------------------------------------------------------------- addresses and text

# Where these pages are, and what of the address is behind that.
sub _base {
    my ($r) = @_;
    my ($uri, $place, $after) = ($r->uri, $r->location, $r->path_info // '');
    return $place =~ s{/+\z}{}r if defined $place && $uri =~ m{^\Q$place\E(?:/|\z)};
    return $uri =~ s/\Q$after\E\z//r;
}

sub _path {
    my ($r) = @_;
    return substr($r->uri, length _base($r)) =~ s{^/+}{}r;
}

sub _link {
    my ($r, $to, $text) = @_;
    my $address = (_base($r) . $to) =~ s{([^A-Za-z0-9_:/.~?=-])}{sprintf '%%%02X', ord $1}ger;
    return qq(<a href="$address">) . _html($text) . '</a>';
}

sub _html {
    my ($text) = @_;
    my %entity = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;');
    return ($text // '') =~ s/([&<>"])/$entity{$1}/gr;
}

sub _is_on {
    my ($r, $option) = @_;
    return grep { lc($r->dir_config("Status$_") // '') eq 'on' } 'OptionsAll', $option;
}

sub _head {
    my ($perl, $server, $since) = (sprintf('v%vd', $^V), _html(Apache2::ServerUtil::get_server_description()), scalar localtime $^T);
    my $number = ModInterp::Status->interpreter;
    my $which = $number ? ", interpreter <b>$number</b>" : '';
    return <<"H";
<!DOCTYPE html>
<html lang="en">
  <head>
    <title>Apache2::Status $VERSION</title>
    <style>
      body { color: #000; background-color: #fff; }
      p.hdr { background-color: #ddd; border: 1px solid #888; padding: 3px; }
      td { vertical-align: top; }
    </style>
  </head>
  <body>
    <p class="hdr">
      Embedded Perl version <b>$perl</b> for <b>$server</b> process <b>$$</b>$which,<br />
      running since $since
    </p>
H
}

# ------------------------------------------------------------------------------------------------- pages of the menu

sub _menu {
    my ($r) = @_;
    my @shown = grep { $_ ne 'section_config' || $INC{'Apache2/PerlSections.pm'} } sort keys %menu;
    my @links = map { _link($r, "?$_", $menu{$_}[0]) . "<br />\n" } @shown;
    push @links, _link($r, '?noh_b_size', 'Memory Usage') . "<br />\n" if _is_on($r, 'TerseSizeMainSummary') && eval { require B::TerseSize };
    return ['<p>', @links, "</p>\n"];
}

sub _item {
    my ($r, $key) = @_;
    my $code = $menu{$key}[1] || __PACKAGE__->can("status_$key") or return [];
    return $code->($r, $has_cgi ? CGI->new($r) : bless({ r => $r }, 'Apache2::Status::Query')) || [];
}

sub _pairs {
    my ($of) = @_;
    return ['<pre>', (map { _html("$_ = " . ($of->{$_} // '')) . "\n" } sort keys %$of), "</pre>\n"];
}

sub _env {
    my ($r) = @_;
    return [ '<p><b>Under the "', _html($r->handler), qq(" handler, the environment is</b>:</p>\n), @{ _pairs(\%ENV) } ];
}

sub _pool {
    my %figures = ModInterp::Status->pool;
    return ['<p>One interpreter, that of this process.</p>'] unless %figures;
    return _pairs(\%figures);
}

sub _table {
    my ($names, @rows) = @_;
    my $cells = sub { '<tr>' . join('', map { "<td>$_</td>" } @_) . "</tr>\n" };
    return [ qq(<table border="1">), $cells->(map { "<b>$_</b>" } @$names), (map { $cells->(@$_) } @rows), "</table>\n" ];
}

sub _inc {
    my ($r) = @_;
    my @rows;
    for my $key (sort grep { /\.pm\z/ && defined $INC{$_} && !ref $INC{$_} } keys %INC) {
        (my $package = $key) =~ s/\.pm\z//;
        $package =~ s{/}{::}g;
        my $version = ModInterp::Symbols::thing("${package}::VERSION", 'SCALAR');
        my $written = (stat $INC{$key})[9];
        push @rows, [_link($r, "?$package", $package), _html($version ? "@{[$$version // '']}" : ''), $written ? scalar localtime $written : '', _html($INC{$key})];
    }
    return _table([qw(Package Version Modified File)], @rows);
}

sub _required {
    return _table([qw(PerlRequire Location)], map { [_html($_), _html($INC{$_})] } sort grep { !/\.pm\z/ && !/\.(?:al|ix)\z/ && $INC{$_} } keys %INC);
}

sub _scripts {
    my ($r) = @_;
    my %by;
    for my $package (sort keys %ModPerl::RegistryCache) {
        my ($class, $script) = $package =~ /^(?:ModPerl::ROOT::)?(.*)::([^:]+)\z/ or next;
        push @{ $by{$class} }, _link($r, "?$package", $script) . "<br />\n";
    }
    return ['<p>No registry script has run in this interpreter.</p>'] unless %by;
    return ["<h2>Compiled registry scripts grouped by their handler</h2>\n", map { ('<h4>', _html($_), ":</h4>\n<p>", @{ $by{$_} }, "</p>\n") } sort keys %by];
}

# ------------------------------------------------------------------------------------------------- classes

sub _children {
    my $parents = ModInterp::Symbols::parents();
    my %children;
    for my $class (sort keys %$parents) {
        push @{ $children{$_} }, $class for @{ $parents->{$class} };
    }
    return \%children;
}

# Each class with those that %$of has for it below. A class may stand at several places.
sub _tree {
    my ($of) = @_;
    my @lines;
    my $walk;
    $walk = sub {
        my ($class, $depth) = @_;
        push @lines, ("\t" x $depth) . "$class\n";
        return if $depth > 50;
        $walk->($_, $depth + 1) for @{ $of->{$class} || [] };
    };
    $walk->($_, 0) for sort keys %$of;
    undef $walk;
    return ['<pre>', (map { _html($_) } @lines), "</pre>\n"];
}

# ------------------------------------------------------------------------------------------------- symbol tables

my %KIND = (scalars => 'SCALAR', arrays => 'ARRAY', hashes => 'HASH', functions => 'FUNCTION');

sub _symbols {
    my ($r, $package) = @_;
    my $names = ModInterp::Symbols::names($package);
    my @rows;
    for my $kind (sort keys %$names) {
        my $type = $KIND{$kind};
        my $shown = $type && ($type eq 'FUNCTION' || _is_on($r, 'Dumper')
            || grep { $_->[2] eq '' && _is_on($r, $_->[0]) } values %tool);
        my @cells = map {
              $kind eq 'packages' ? _link($r, "?$_", $_)
            : $shown ? _link($r, "/$_/$type?" . ($type eq 'FUNCTION' ? 'cv_dump' : 'data_dump'), $_)
            : _html($_)
        } @{ $names->{$kind} };
        push @rows, "<tr><td><b>$kind</b></td>\n<td>", join(', ', @cells), "</td></tr>\n";
    }
    return ["<table>\n", @rows, "</table>\n"];
}

# One of a package's things: NAME/KIND is the path.
sub _thing {
    my ($r, $path) = @_;
    my ($name, $kind) = $path =~ m{^(.+)/(SCALAR|ARRAY|HASH|FUNCTION)\z} or return;
    my $thing = ModInterp::Symbols::thing($name, $kind eq 'FUNCTION' ? 'CODE' : $kind) or return;
    my @page = $kind eq 'FUNCTION' ? _sub($r, $name, $thing) : _data($r, $name, $kind, $thing);
    for my $key (sort keys %tool) {
        my ($option, $module, $of, $text) = @{ $tool{$key} };
        next unless ($of eq '' || $of eq $kind) && _is_on($r, $option) && eval "require $module; 1";
        my @links = $key eq 'noh_b_terse' ? (['exec/', "$text (execution order)"], ['basic/', "$text (syntax order)"]) : ['', $text];
        push @page, "<p>", _link($r, "/$_->[0]$name" . ($of eq '' ? "/$kind" : '') . "?$key", $_->[1]), "</p>\n" for @links;
    }
    return \@page;
}

sub _sub {
    my ($r, $name, $code) = @_;
    require B;
    my $of    = B::svref_2object($code);
    my $start = eval { $of->START };
    my $line  = $start && $start->can('line') ? $start->line : undef;
    my $file  = $of->FILE // '';
    my $stash = eval { $of->STASH->NAME } // $name =~ s/::[^:]+\z//r;
    return ('<p>Subroutine info for <b>', _html($name), "</b></p>\n<pre>\n", qq(File: <a href="file:), _html($file), '">', _html($file), "</a>\n", 'Package: ',
        _link($r, "?$stash", $stash), "\n", 'Line: ', $line // '', "\n", 'Prototype: ', _html(prototype($code) // 'none'), "\n", 'XSUB: ', ($of->XSUB ? 'yes' : 'no'), "\n</pre>\n");
}

sub _data {
    my ($r, $name, $kind, $thing) = @_;
    return '<p>' . _html($name) . ": StatusDumper is off.</p>\n" unless _is_on($r, 'Dumper');
    require Data::Dumper;
    my $dumper = Data::Dumper->new([$kind eq 'SCALAR' ? $$thing : $thing], [$kind eq 'SCALAR' ? $name : "*$name"])->Sortkeys(1);
    return ('<p>Data Dump of ', _html("$name $kind"), "</p>\n<pre>\n", _html($dumper->Dump), "</pre>\n");
}

# ------------------------------------------------------------------------------------------------- tools

# The text of a tool about what the path names; undef where there is no such thing, or the tool is off.
sub _asked {
    my ($r, $key, $path) = @_;
    my ($option, $module, $of, $text, $code) = @{ $tool{$key} || [] };
    # Modules such as B::TerseSize bring subs into this package, as they do into mod_perl's.
    my $theirs = __PACKAGE__->can($key);
    return $theirs && (_is_on($r, 'TerseSize') || _is_on($r, 'TerseSizeMainSummary')) ? _printed(sub { $theirs->($r, bless({ r => $r }, 'Apache2::Status::Query')) }) : undef
        unless $code;
    return unless _is_on($r, $option) && eval "require $module; 1";
    my $order = $path =~ s{^(exec|slow|basic)/}{} ? $1 : 'basic';
    my $kind  = $path =~ s{/(SCALAR|ARRAY|HASH|FUNCTION)\z}{} ? $1 : 'FUNCTION';
    my $thing = ModInterp::Symbols::thing($path, $kind eq 'FUNCTION' ? 'CODE' : $kind) or return;
    my $said = eval { $code->($r, $path, $thing, $order) };
    return defined $said ? $said : "$text of $path: $@";
}

sub _tree_dump {
    my ($r, $name, $code, $order) = @_;
    my $text = '';
    B::Concise::reset_sequence();
    B::Concise::walk_output(\$text);
    B::Concise::compile('-terse', $order eq 'exec' ? '-exec' : '-basic', $code)->();
    return 'Syntax Tree Dump (' . ($order eq 'exec' ? 'execution' : 'syntax') . ") for $name\n\n$text\n";
}

# The variables of a sub: in each pad its own.
sub _lexicals {
    my ($r, $name, $code) = @_;
    return B::LexInfo->new->cvlexinfo($name) if eval { require B::LexInfo };
    my $of = B::svref_2object($code);
    return "$name is no Perl sub\n" if $of->XSUB;
    my @names = $of->PADLIST->ARRAYelt(0)->ARRAY;
    my @lines = map { my $pad = $names[$_]; my $is = $pad->can('PV') ? $pad->PV : undef; defined $is && $is ne '&' && length $is ? sprintf("%4d %s\n", $_, $is) : () } 0 .. $#names;
    return "Lexical variables of $name\n\n" . join '', @lines;
}

# What code prints to STDOUT.
sub _printed {
    my ($code) = @_;
    my $text = '';
    open my $out, '>', \$text or return;
    my $before = select $out;
    local *STDOUT = $out;
    my $returned = eval { $code->() };
    my $error    = $@;
    select $before;
    return $error ? "$error" : length $text ? $text : ref $returned eq 'ARRAY' ? join('', @$returned) : $returned // '';
}

# ------------------------------------------------------------------------------------------------- without CGI.pm

package Apache2::Status::Query;

sub script_name { Apache2::Status::_base($_[0]{r}) }
sub path_info   { '/' . Apache2::Status::_path($_[0]{r}) }

# Values of a parameter, or the names of all.
sub param {
    my ($self, $name) = @_;
    my (@names, %values);
    for my $pair (split /[&;]/, $self->{r}->args // '') {
        my ($key, $value) = map { tr/+/ /r =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger } (split(/=/, $pair, 2), '')[0, 1];
        push @names, $key unless $values{$key};
        push @{ $values{$key} }, $value;
    }
    return @names unless defined $name;
    my @values = @{ $values{$name} || [] };
    return wantarray ? @values : $values[0];
}

1;
