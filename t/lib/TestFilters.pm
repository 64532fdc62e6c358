package TestFilters;

# Subs that tests of filters share, as text for the test's own module in the server: filters that read and print, one that works on
# brigades, and a handler that answers with the body. The module loads what they need.

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(filter_subs);

sub filter_subs { return <<'P' }
# Puts what is in a brigade in capitals.
sub in_capitals {
    my $bb = shift;
    for (my $b = $bb->first; $b; $b = $bb->next($b)) {
        next if !$b->read(my $data);
        my $new = APR::Bucket->new($bb->bucket_alloc, uc $data);
        $b->insert_before($new);
        $b->delete;
        $b = $new;
    }
}
sub bb_upper { my ($f, $bb) = @_; in_capitals($bb); return $f->next->pass_brigade($bb) }
sub around { my $f = shift; $f->print('[') if !$f->ctx; $f->ctx(1); while ($f->read(my $b)) { $f->print($b) } $f->print(']') if $f->seen_eos; 0 }
sub twice { my $f = shift; while ($f->read(my $b, 3)) { $f->print($b, $b) } 0 }
sub body { my $r = shift; my ($all, $b) = ''; $all .= $b while $r->read($b, 1000); $r->content_type('text/plain'); $r->print($all eq '' ? 'none' : $all); 0 }
P

1;
