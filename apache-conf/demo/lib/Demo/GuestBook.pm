package Demo::GuestBook;

use strict;
use warnings;

use Apache2::Const -compile => 'OK';
use Apache2::RequestUtil ();
use DBI ();
use Demo::Page ();

# A connection belongs to one interpreter in one process.
my ($dbh, $process);
sub CLONE { $dbh = undef }

sub dbh {
    my ($r) = @_;
    return $dbh if $dbh && $process == $$;
    $process = $$;
    my $file = $r->dir_config('GuestBook');
    $dbh = DBI->connect("dbi:SQLite:dbname=$file", '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
    $dbh->sqlite_busy_timeout(5000);
    $dbh->do('CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, token TEXT UNIQUE, name TEXT, text TEXT, at TEXT)');
    return $dbh;
}

sub handler {
    my ($r) = @_;
    my $db    = dbh($r);
    my $field = Demo::Page::fields($r);
    my $note  = '';

    if ($r->method eq 'POST') {
        my ($name, $text) = map { defined $_ ? substr($_, 0, 2000) : '' } @$field{qw(name text)};
        if ($name =~ /\S/ && $text =~ /\S/) {
            # The token makes a page that is sent twice count once.
            $db->do("INSERT OR IGNORE INTO entry (token, name, text, at) VALUES (?, ?, ?, datetime('now'))",
                undef, $field->{token}, substr($name, 0, 80), $text);
            $note = '<p class="note">Thank you.</p>';
        }
        else {
            $note = '<p class="note">A name and a few words, please.</p>';
        }
    }

    my $list = '';
    my $rows = $db->selectall_arrayref('SELECT name, at, text FROM entry ORDER BY id DESC LIMIT 50');
    for my $row (@$rows) {
        my ($name, $at, $text) = map { Demo::Page::escape($_) } @$row;
        $text =~ s/\r?\n/<br>/g;
        $list .= "<article><p>$text</p><footer>$name, $at</footer></article>\n";
    }
    $list ||= '<p class="quiet">Nobody has written yet.</p>';

    my $token = join '-', $$, time, int rand 1e9;
    Demo::Page::send($r, 'Guest book', <<"HTML");
<h1>Guest book</h1>
$note
<form method="post" action="/guestbook">
<input type="hidden" name="token" value="$token">
<label>Name <input name="name" maxlength="80" required></label>
<label>Your words <textarea name="text" rows="3" maxlength="2000" required></textarea></label>
<button>Sign</button>
</form>
$list
HTML
    return Apache2::Const::OK;
}

1;
