package Demo::Access;

use strict;
use warnings;

use Apache2::Const -compile => qw(OK FORBIDDEN);
use Apache2::RequestUtil ();
use Demo::Page ();

# PerlAccessHandler: OK lets the request go on.
sub handler {
    my ($r) = @_;
    my $args = $r->args;
    my ($given) = defined $args ? $args =~ /\bpassword=(\w+)/ : ();
    return defined $given && $given eq $r->dir_config('Password')
        ? Apache2::Const::OK
        : Apache2::Const::FORBIDDEN;
}

# Runs only when the handler above said OK.
sub page {
    my ($r) = @_;
    Demo::Page::send($r, 'Private', <<'HTML');
<h1>You are in</h1>
<p class="note">The access handler let this request pass. <a href="/private">Leave</a></p>
HTML
    return Apache2::Const::OK;
}

# ErrorDocument 403
sub denied {
    my ($r) = @_;
    Demo::Page::send($r, 'No entry', <<'HTML');
<h1>No entry</h1>
<form method="get" action="/private">
<label>Password <input name="password" type="password" placeholder="open ..."></label>
<button>Enter</button>
</form>
HTML
    return Apache2::Const::OK;
}

1;
