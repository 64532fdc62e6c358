package Demo::Page;

# What the examples share: the frame of a page, escaping, and the fields of a form.

use strict;
use warnings;

use Apache2::RequestRec ();
use Apache2::RequestIO  ();
use APR::Table          ();

# Text as it may stand in HTML, in an attribute's value too.
sub escape {
    my ($text) = @_;
    return '' unless defined $text;
    my %entity = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;', "'" => '&#39;');
    $text =~ s/([&<>"'])/$entity{$1}/g;
    return $text;
}

# The fields of a form, from the address or from the body of a POST (64 KB at most).
sub fields {
    my ($r) = @_;
    my $text = $r->args;
    $text = '' unless defined $text;
    if ($r->method eq 'POST') {
        my $length = $r->headers_in->get('Content-Length') || 0;
        $length = 65536 if $length > 65536;
        $text = '';
        while (length $text < $length) {
            my $got = $r->read(my $piece, $length - length $text) or last;
            $text .= $piece;
        }
    }
    my %field;
    for my $pair (split /[&;]/, $text) {
        my ($name, $value) = map { decoded($_) } split(/=/, $pair, 2), '', '';
        $field{$name} = $value unless exists $field{$name};
    }
    return \%field;
}

sub decoded {
    my ($text) = @_;
    $text =~ tr/+/ /;
    $text =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge;
    return $text;
}

# Sends a whole page.
sub send {
    my ($r, $title, $body) = @_;
    $r->content_type('text/html; charset=utf-8');
    $r->print(frame($title, $body));
}

sub frame {
    my ($title, $body) = @_;
    $title = escape($title);
    return <<"HTML";
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="stylesheet" href="/style.css">
<script>if (self !== top) document.documentElement.className = 'framed'</script>
</head>
<body>
<header class="bar"><a href="/">mod_interp</a><span>$title</span></header>
<main>
$body
</main>
</body>
</html>
HTML
}

1;
