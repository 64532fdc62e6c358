# Apache2::Log.
use lib 't/lib';
use TestApi;
use TestHttpd;

my @levels = qw(emerg alert crit error warn notice info debug);
my $rows = join '', map { my $l = $_; <<"R" } @levels;
Apache2::Log::Request::$l | \$r->log->$l('request $l ', 'in parts'); 1     | 1
Apache2::Log::Server::$l  | \$s->log->$l('server $l ', 'in parts'); 1      | 1
Apache2::Log::$l          | Apache2::Log->$l('class $l ', 'in parts'); 1   | 1
Apache2::Log::Request::$l | \$r->log->$l(sub { 'code $l' }); 1             | 1
R
my %at = ();
api_rows(
    outside => 'LogLevel info',
    log     => qr/in parts|code |all alone|an exit|as function|of a text|reason: |with place|T-Pid|Text/,
    code    => 'our $asked = 0; package T::Text { use overload q("") => sub { "Text object" } } package T::Warns { BEGIN { Apache2::ServerRec->import(q(warn)) } sub it { warn("all alone, imported") } }',
    rows    => $rows . <<'R',
Apache2::Log::Request::debug        | $asked = 0; $r->log->debug(sub { $asked++; 'unwanted' }); $asked    | 0
Apache2::Log::Request::info         | $asked = 0; $r->log->info(sub { $asked++; 'code, asked' }); $asked  | 1
Apache2::Log::Request::info         | $r->log->info(sub { die "in the code\n" })                     | died: in the code
Apache2::Log::Request::info         | $r->log->info(bless [], 'T::Text'); 1                          | 1
Apache2::Log::Request::info         | $r->log->info(sub { bless [], 'T::Text' }); 1                  | 1
Apache2::Log::Request::info         | $r->log->info()                                                | /^died: Apache2::Log::Request::info: usage: \$obj->info\(\$message, \@more\) at /
Apache2::RequestRec::log            | ref $r->log                                                    | Apache2::Log::Request
Apache2::ServerRec::log             | ref $s->log                                                    | Apache2::Log::Server
Apache2::ServerRec::log             | ref Apache2::ServerRec->log, Apache2::ServerRec->log->debug('by the class') // 'undef' | Apache2::Log::Server,undef
Apache2::ServerRec::log             | start: ref Apache2::ServerRec->log, eval { Apache2::ServerRec->log->notice('by the class at the start'); 1 } | Apache2::Log::Server,1
Apache2::RequestRec::log_error      | $r->log_error('all ', 'alone by $r'); 1                        | 1
Apache2::RequestRec::warn           | $r->warn('all ', 'alone warned by $r'); 1                      | 1
Apache2::ServerRec::log_error       | $s->log_error('all ', 'alone by $s'); 1                        | 1
Apache2::ServerRec::warn            | $s->warn('all ', 'alone warned by $s'); 1                      | 1
Apache2::ServerRec::warn            | local $SIG{__WARN__} = \&Apache2::ServerRec::warn; warn "warned as function\n"; 1 | 1
Apache2::ServerRec::warn            | T::Warns::it(); 1                                              | 1
Apache2::ServerRec::log_error       | Apache2::ServerRec::log_error('an error as function'); 1       | 1
Apache2::RequestRec::log_reason     | $r->log_reason('of a text', '/some/file'); 1                   | 1
Apache2::RequestRec::log_rerror     | $r->log_rerror(Apache2::Log::LOG_MARK(), Apache2::Const::LOG_ERR, 2, 'with ', 'place'); 1 | 1
Apache2::RequestRec::log_rerror     | $r->log_rerror('f', 1, 3, 0)                                   | /^died: Apache2::RequestRec::log_rerror: usage: \$r->log_rerror\(\$file, \$line, \$level, \$status, \$text, \@more\) at /
Apache2::ServerRec::log_serror      | $s->log_serror(Apache2::Log::LOG_MARK(), Apache2::Const::LOG_ERR, 2, 'with ', 'place, server'); 1 | 1
Apache2::Log::LOG_MARK              | my ($f, $l) = Apache2::Log::LOG_MARK(); $f =~ /Case\.pm/, $l == __LINE__ | 1,1
Apache2::Log::LOG_MARK              | Apache2::Log::LOG_MARK(1)                                      | /^died: usage: Apache2::Log::LOG_MARK\(\) at /
Apache2::Log::log_pid               | my $f = Apache2::ServerUtil::server_root() . '/var/T-Pid'; Apache2::Log::log_pid($p, $f); open my $h, '<', $f; <$h> == $$ | 1
R
    after => sub {
        my ($s) = @_;
        for my $level (grep { $_ ne 'debug' } @levels) {
            $s->log_like(qr/\[perl:$level\].*\[client 127\.0\.0\.1:\d+\] request $level in parts/, "a line of a request at $level");
            $s->log_like(qr/\[perl:$level\] \[pid \d+(?::tid \d+)?\] server $level in parts/, "  of a server");
            $s->log_like(qr/\[perl:$level\].* class $level in parts/, '  and of none');
            $s->log_like(qr/\[perl:$level\].* code $level/, '  from code');
        }
        $s->log_unlike(qr/debug in parts/, 'nothing below LogLevel');
        $s->log_like(qr/\[perl:info\].*Text object/, 'an object is written as its text');
        $s->log_like(qr/\[perl:warn\] \[pid \d+(?::tid \d+)?\] warned as function/, 'warn as a plain function');
        $s->log_like(qr/\[perl:warn\] \[pid \d+(?::tid \d+)?\] all alone, imported/, 'warn imported');
        $s->log_like(qr/\[perl:error\].*an error as function/, 'log_error as a plain function');
        $s->log_like(qr/\[perl:error\].*access to \/some\/file failed for 127\.0\.0\.1, reason: of a text/, 'log_reason');
        $s->log_like(qr/\[perl:error\].*\(2\)No such file or directory: .*with place/, 'log_rerror with its status');
    },
);

done_testing;
