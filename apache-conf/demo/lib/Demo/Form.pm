package Demo::Form;

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Demo::Page ();

sub handler {
    my ($r) = @_;
    my $field = Demo::Page::fields($r);
    my ($name, $colour) = map { Demo::Page::escape($field->{$_}) } qw(name colour);
    my $method = $r->method;

    my $answer = '';
    if (length $name) {
        $answer = "<p class=\"note\">Hello <b>$name</b>";
        $answer .= ", <b>$colour</b> is a fine colour" if length $colour;
        $answer .= ". (It came by $method.)</p>";
    }
    Demo::Page::send($r, 'A form', <<"HTML");
<h1>Who are you?</h1>
$answer
<form method="post" action="/form">
<label>Name <input name="name" value="$name" maxlength="80" required></label>
<label>Colour <input name="colour" value="$colour" maxlength="80"></label>
<button>Send</button>
</form>
HTML
    return Apache2::Const::OK;
}

1;
