package Demo::Index;

# The first page: every example as it runs, beside its source and its lines of configuration, in both languages.
# The page is made once, when the server starts; every interpreter cloned from that one has it.

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Apache2::RequestRec ();
use Apache2::RequestIO  ();
use Demo::Highlight ();
use Demo::Page ();

# Title, text, and per language the address, that in the configuration if it is another one, and the file.
my @PAIRS = (
    ['A plain handler',
        'A function that httpd calls for an address. It gets the request and answers it.',
        ['/hello', 'Demo/Hello.pm'], ['/lua/hello', 'hello.lua']],
    ['The environment',
        'Perl: with <code>SetHandler perl-script</code> the variables of CGI stand in <code>%ENV</code> and a plain <code>print</code> reaches the browser. Lua: environment and headers are tables of the request.',
        ['/environment', 'Demo/Environment.pm'], ['/lua/environment', 'environment.lua']],
    ['A form',
        'Fields from the address or from the body of a POST. What visitors write is escaped.',
        ['/form?name=Ada', 'Demo/Form.pm'], ['/lua/form?name=Ada', 'form.lua']],
    ['A guest book on SQLite',
        'Both write into one database. In Perl each interpreter opens a DBI connection of its own at its first need; in Lua <code>r:dbacquire</code> opens one for the request.',
        ['/guestbook', 'Demo/GuestBook.pm'], ['/lua/guestbook', 'guestbook.lua']],
    ['Access control',
        'A handler decides before anything else is done. The password is <code>sesame</code>.',
        ['/private', 'Demo/Access.pm'], ['/lua/private', 'access.lua']],
    ['A method as handler',
        'Perl: a subclass changes one method and inherits the rest. Lua: an object that can be called. <a href="/method/formal">The formal one</a> greets <a href="/lua/method/formal">otherwise</a>.',
        ['/method', 'Demo/Method.pm'], ['/lua/method', 'method.lua']],
    ['A page with code in it',
        'Text with code between <code>&lt;%</code> and <code>%&gt;</code>, compiled once.',
        ['/pages/table.phtml?n=6', '/pages', 'pages/table.phtml'], ['/lua/pages/table.lp?n=6', '/lua/pages', 'lua/pages/table.lp']],
    ['Which interpreter was it?',
        'Requests share a pool of interpreters per language. Send a burst and see who serves it.',
        ['/pool', 'Demo/Pool.pm'], ['/lua/pool', 'pool.lua']],
);

# Examples that stand alone: title, text, address, and the files shown beside it.
my @SINGLES = (
    ['A CGI script',
        '<code>ModPerl::Registry</code> runs scripts as they are, without a process for each request, and compiles one again when its file has changed.',
        '/perl/visits.pl?name=Ada', ['/perl', 'perl/visits.pl']],
    ['An interpreter class',
        'Scripts with an interpreter of their own: its start-up code, its number and its environment are set for them alone.',
        '/class/cell.pl', ['/class', 'class/cell.pl']],
    ['Both in one request',
        'A Perl handler looks at the request first, a Lua hook after it; Lua answers and Perl logs. <code>r.notes</code> is one table for both.',
        '/both', 'Demo/Both.pm', 'both.lua'],
    ['An output filter in Lua',
        'A coroutine that changes what httpd sends, here a plain file.',
        '/tide.html?word=sea', 'mark.lua'],
    ['A WebSocket in Lua',
        '<code>r:wsupgrade</code>, then read and write. What you say comes back the other way round.',
        '/echo.html', ['/lua/echo', 'echo.lua']],
);

# Servers of another protocol: title, text, and the file per language, in the order of the configuration.
my @SERVERS = (
    ['An echo server',
        'No HTTP at all. Perl: a program for Net::Server, as it is. Lua: a function that reads and writes lines. Say <code>quit</code> to leave.',
        'Demo/Echo.pm', 'echo_server.lua'],
);

my $page;

sub handler {
    my ($r) = @_;
    $page ||= make_page($r->dir_config('DemoRoot'));
    $r->content_type('text/html; charset=utf-8');
    $r->print($page);
    return Apache2::Const::OK;
}

sub make_page {
    my ($root) = @_;
    my $conf   = slurp("$root/httpd.conf");
    my %config = sections($conf);
    my @ports  = ports($conf);
    my $list   = '';
    for my $example (@PAIRS) {
        my ($title, $text, @sides) = @$example;
        my ($address) = Demo::Page::escape($sides[0][0]);
        $list .= qq(<section class="example">\n<div class="about"><h2><a href="$address">$title</a></h2><p>$text</p></div>\n);
        for my $side (@sides) {
            my ($address, $configured, $file) = @$side == 3 ? @$side : @$side[0, 0, 1];
            $list .= qq(<div class="side">\n) . live($address, $title) . sources($root, \%config, $configured, $file) . "</div>\n";
        }
        $list .= "</section>\n";
    }
    for my $example (@SINGLES) {
        my ($title, $text, $address, @files) = @$example;
        my $configured = ref $files[0] ? shift @{ $files[0] } : $address;
        my $shown = Demo::Page::escape($address);
        $list .= qq(<section class="example">\n<div class="side"><h2><a href="$shown">$title</a></h2><p>$text</p>\n)
            . live($address, $title) . qq(</div>\n<div class="side">\n)
            . sources($root, \%config, $configured, map { ref $_ ? @$_ : $_ } @files) . "</div>\n</section>\n";
    }
    for my $example (@SERVERS) {
        my ($title, $text, @files) = @$example;
        $list .= qq(<section class="example">\n<div class="about"><h2>$title</h2><p>$text</p></div>\n);
        for my $file (@files) {
            my ($port, $lines) = @{ shift @ports };
            $list .= qq(<div class="side">\n<p>In a terminal: <code>nc 127.0.0.1 $port</code></p>\n) . shown($root, $lines, $file) . "</div>\n";
        }
        $list .= "</section>\n";
    }
    return Demo::Page::frame('Perl and Lua inside Apache httpd', <<"HTML");
<div class="intro">
<h1>Perl and Lua inside Apache httpd</h1>
<p>These pages come from handlers that run inside the server, on pools of interpreters kept ready.
Every example below is live, in Perl on one side and in Lua on the other; its whole source stands below it.</p>
</div>
$list
HTML
}

# The page itself, in a frame.
sub live {
    my ($address, $title) = @_;
    my $shown = Demo::Page::escape($address);
    return <<"HTML";
<iframe src="$shown" title="$title" loading="lazy"></iframe>
<p class="open"><a href="$shown">Open $shown</a></p>
HTML
}

# Its configuration and its files.
sub sources {
    my ($root, $config, $address, @files) = @_;
    my ($path) = $address =~ m{^([\w/.]+)};
    return shown($root, $config->{$path} || '', @files);
}

sub shown {
    my ($root, $conf, @files) = @_;
    my $lines = Demo::Highlight::config($conf);
    my $html  = qq(<h3>httpd.conf</h3><pre class="code short">$lines</pre>\n);
    for my $file (@files) {
        my $is_lua = $file =~ /\.lua$/;
        my $text   = slurp(join '/', $root, $is_lua ? 'lua' : $file =~ /\.(?:pl|phtml|lp)$/ ? 'htdocs' : 'lib', $file);
        my $source = $file =~ /\.(?:phtml|lp)$/ ? Demo::Page::escape($text) : $is_lua ? Demo::Highlight::lua($text) : Demo::Highlight::perl($text);
        $html .= qq(<h3>$file</h3><pre class="code">$source</pre>\n);
    }
    return $html;
}

# The <Location> blocks of the configuration, by the address they begin with: with what stands above one since the last
# empty line. A block for an address below an example's belongs to it.
sub sections {
    my ($conf) = @_;
    my %text;
    while ($conf =~ m{^((?:\w[^\n]*\n)*<Location (/[\w/.]+)>\n.*?^</Location>)}gms) {
        my ($block, $path) = ($1, $2);
        my ($above) = grep { $path =~ m{^\Q$_\E/} } keys %text;
        $path = $above if defined $above;
        $text{$path} .= $text{$path} ? "\n$block" : $block;
    }
    return %text;
}

# The ports of other protocols, each with its lines.
sub ports {
    my ($conf) = @_;
    my @ports;
    push @ports, [ $2, $1 ] while $conf =~ m{^((?:\w[^\n]*\n)*Listen \S+ raw\n<VirtualHost \S+:(\d+)>\n.*?^</VirtualHost>)}gms;
    return @ports;
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<', $file or return "$file: $!";
    local $/;
    return scalar <$fh>;
}

1;
