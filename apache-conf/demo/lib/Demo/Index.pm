package Demo::Index;

# The first page: every example as it runs, beside its source and its lines of configuration.
# The page is made once, when the server starts; every interpreter cloned from that one has it.

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Apache2::RequestRec ();
use Apache2::RequestIO  ();
use Demo::Highlight ();
use Demo::Page ();

my @EXAMPLES = (
    ['/hello', 'Demo/Hello.pm', 'A plain handler',
        'A Perl subroutine that httpd calls for an address. It gets the request and answers it.'],
    ['/environment', 'Demo/Environment.pm', 'perl-script: print and %ENV',
        'With <code>SetHandler perl-script</code> the variables of CGI stand in <code>%ENV</code> and a plain <code>print</code> reaches the browser.'],
    ['/form?name=Ada', 'Demo/Form.pm', 'A form',
        'Fields from the address or from the body of a POST, read with <code>$r-&gt;read</code>. What visitors write is escaped.'],
    ['/guestbook', 'Demo/GuestBook.pm', 'A guest book on SQLite',
        'Each interpreter opens its own connection at its first need, and waits its turn when another one writes.'],
    ['/private', 'Demo/Access.pm', 'Access control',
        'A <code>PerlAccessHandler</code> decides before anything else is done. The password is <code>sesame</code>.'],
    ['/method', 'Demo/Method.pm', 'A method as handler',
        '<code>Class-&gt;method</code>: a subclass changes one method and inherits the rest. <a href="/method/formal">The formal one</a> does.'],
    ['/pool', 'Demo/Pool.pm', 'Which interpreter was it?',
        'Requests share a pool of interpreters. Send a burst and see who serves it.'],
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
    my %config = sections(slurp("$root/httpd.conf"));
    my $list   = '';
    for my $example (@EXAMPLES) {
        my ($address, $file, $title, $text) = @$example;
        my ($path)  = $address =~ m{^(/\w+)};
        my $config  = Demo::Highlight::config($config{$path} || '');
        my $source  = Demo::Highlight::perl(slurp("$root/lib/$file"));
        my $shown   = Demo::Page::escape($address);
        $list .= <<"HTML";
<section class="example">
  <div class="about">
    <h2><a href="$shown">$title</a></h2>
    <p>$text</p>
    <iframe src="$shown" title="$title" loading="lazy"></iframe>
    <p class="open"><a href="$shown">Open $shown</a></p>
  </div>
  <div class="source">
    <h3>httpd.conf</h3><pre class="code short">$config</pre>
    <h3>$file</h3><pre class="code">$source</pre>
  </div>
</section>
HTML
    }
    return Demo::Page::frame('Perl inside Apache httpd', <<"HTML");
<div class="intro">
<h1>Perl inside Apache httpd</h1>
<p>These pages come from Perl handlers that run inside the server, on a pool of interpreters kept ready.
Every example below is live; its whole source stands beside it.</p>
</div>
$list
HTML
}

# The <Location> blocks of the configuration, by the address they begin with.
sub sections {
    my ($conf) = @_;
    my %text;
    while ($conf =~ m{^(<Location (/\w+)[^>]*>\n.*?^</Location>)}gms) {
        $text{$2} .= $text{$2} ? "\n$1" : $1;
    }
    return %text;
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<', $file or return "$file: $!";
    local $/;
    return scalar <$fh>;
}

1;
