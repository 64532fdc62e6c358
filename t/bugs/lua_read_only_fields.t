# Fields that mod_lua's manual calls read-only could be set. Each raises, in every way of writing to it, and keeps its value.
use lib 't/lib';
use TestHttpd::Lua;

my @READ_ONLY = qw(allowoverrides assbackwards auth_name banner basic_auth_pw canonical_filename content_encoding context_document_root context_prefix
    document_root err_headers_out headers_in headers_out hostname is_https is_initial_req limit_req_body log_id method notes options path_info port protocol
    range remaining server_built server_name some_auth_required started subprocess_env the_request unparsed_uri useragent_ip);
my @SET = (ap_auth_type => '"Basic"', args => '"a=1"', content_type => '"text/x"', filename => '"/f"', handler => '"h"', proxyreq => 0, status => 201, uri => '"/u"', user => '"me"');
my @rows;
for my $field (@READ_ONLY) {
    push @rows, [$field, qq{
        local before, out = show(r.$field), {}
        for i, value in ipairs{"text", 1, true, {}, r.$field or "", false} do
          local ok, message = pcall(function() r.$field = value end)
          out[i] = tostring(ok)
          if not message:find("$field", 1, true) then out[#out + 1] = message end
        end
        local ok = pcall(function() r["$field"] = nil end)
        out[#out + 1] = tostring(ok)
        return table.concat(out, " ") .. (show(r.$field) == before and "" or " changed")
    }, 'false false false false false false false'];
}
while (my ($field, $value) = splice @SET, 0, 2) {
    push @rows, ["$field can be set", qq{local before = r.$field r.$field = $value local is = r.$field
        if before ~= nil and "$field" ~= "proxyreq" then r.$field = before end return is}, $field eq 'proxyreq' ? 'PROXYREQ_NONE' : $value =~ s/"//gr];
}
push @rows, ['a field of no name', 'return pcall(function() r.no_such_field = 1 end) and "set" or "raised"', 'raised'],
    ['what is in a table can be set', 'r.headers_out["X-A"] = "1" r.notes.a = "2" r.subprocess_env.B = "3" return r.headers_out["X-A"] .. r.notes.a .. r.subprocess_env.B', '123', header => { 'x-a' => 1 }];
test_rows(\@rows);

done_testing;
