# Apache2::Filter and Apache2::FilterRec: what filters are to a script that did not write them.
use lib 't/lib';
use TestApi;
use TestHttpd;

api_rows(
    code => <<'P',
sub ba { $_[0]->connection->bucket_alloc }
sub brigade { my ($r, @data) = @_; my $bb = APR::Brigade->new($r->pool, ba($r)); $bb->insert_tail(APR::Bucket->new(ba($r), $_)) for @data; $bb }
sub text { my $n = $_[0]->flatten(my $b); "$n:$b" }
P
    rows => <<'R',
Apache2::Filter::c                    | $r->input_filters->c->id == $c->id                     | 1
Apache2::Filter::r                    | my ($f) = grep { $_->r } map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x } @l } $r->output_filters; ref $f->r | Apache2::RequestRec
Apache2::Filter::r                    | $c->output_filters->r                                  | undef
Apache2::Filter::next                 | my $n = 0; for (my $f = $r->output_filters; $f; $f = $f->next) { $n++ } $n > 2 | 1
Apache2::Filter::frec                 | ref $r->output_filters->frec                           | Apache2::FilterRec
Apache2::FilterRec::name              | join ' ', map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x->frec->name } @l } $r->output_filters | /(?:^\x7c )content_length /
Apache2::FilterRec::next              | $r->output_filters->frec->next                         | undef
Apache2::Filter::ctx                  | my $f = $r->output_filters; $f->ctx, $f->ctx([1, 2]), scalar @{ $r->output_filters->ctx } | /^undef,ARRAY\(\S+\),2\z/
Apache2::Filter::ctx                  | $r->output_filters->ctx({ n => 1 }); $r->output_filters->next->ctx | undef
Apache2::Filter::get_brigade          | my $bb = brigade($r); my $n = $r->input_filters->get_brigade($bb, Apache2::Const::MODE_READBYTES, APR::Const::BLOCK_READ, 100); $n, $bb->is_empty ? 1 : 0 | 0,0 | a body
Apache2::Filter::pass_brigade         | $r->output_filters->pass_brigade(brigade($r))          | 0
Apache2::Filter::fflush               | $r->output_filters->fflush(brigade($r)); 'after'       | after
Apache2::Filter::remove               | my ($f) = grep { $_->frec->name eq 'byterange' } map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x } @l } $r->output_filters; $f->remove; join ' ', map { my @l; for (my $x = $_; $x; $x = $x->next) { push @l, $x->frec->name } @l } $r->output_filters | /^(?!.*byterange).*core\z\x7c^(?!.*byterange)/
Apache2::Filter::MODIFY_CODE_ATTRIBUTES | scalar Apache2::Filter->MODIFY_CODE_ATTRIBUTES(sub {}, 'FilterRequestHandler'), Apache2::Filter->MODIFY_CODE_ATTRIBUTES(sub {}, 'Nonsense') | undef,Nonsense
Apache2::Filter::pass_brigade | my $bb = brigade($r, 'pas', 'sed '); my $b = $bb->first; $r->output_filters->pass_brigade($bb); eval { $b->length; 1 } // 'void', $bb->is_empty ? 1 : 0 | passed void,1
Apache2::Filter::fflush      | my $bb = brigade($r, 'flushed '); my $b = $bb->first; $r->output_filters->fflush($bb); eval { $b->length; 1 } // 'void' | flushed void
APR::Brigade::filter_flush   | server: brigade($r)->filter_flush(0) | /^died: APR::Brigade::filter_flush: takes the address of a filter, which no script has/
Apache2::Filter::get_brigade | my $bb = brigade($r); $r->input_filters->get_brigade($bb); text($bb) | 6:a body | a body
R
);

done_testing;
