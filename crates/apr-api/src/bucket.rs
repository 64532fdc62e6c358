//! `APR::Brigade` and what goes with it: what bodies and responses travel in. And `APR::ArrayHeader`.

use crate::{Owns, shelf};
use apr::{ArrayHeader, Brigade, Bucket, BucketAlloc, BucketKind, BucketType, Pool, Reenter};
use interp::*;

/// Its rows.
pub static BRIGADE: Class = Class::of::<Brigade>(&[
    class_method("new(pool, bucket_alloc)", new_brigade).doc("An empty brigade that dies with the pool."),
    method("bucket_alloc()", brigade_alloc).doc("The allocator of the connection's buckets."),
    method("cleanup()", cleanup).doc("Destroys what is in it."),
    method("concat(bb)", concat).doc("Moves all buckets of another brigade to its end."),
    method("destroy()", cleanup).doc("Destroys what is in it; it is used no more."),
    method("first()", |b: &Brigade| give(b, b.first())).doc("The first bucket; undef if there is none."),
    method("flatten(buf, [wanted])", flatten)
        .doc("Copies its bytes, or as many as wanted, into a buffer; returns how many."),
    method("insert_head(bucket)", |b: &Brigade, new: &Bucket| insert(b, new, Brigade::insert_head))
        .doc("Puts a bucket at its start."),
    method("insert_tail(bucket)", |b: &Brigade, new: &Bucket| insert(b, new, Brigade::insert_tail))
        .doc("Puts a bucket at its end."),
    method("is_empty()", Brigade::is_empty).doc("Whether there is nothing in it."),
    method("last()", |b: &Brigade| give(b, b.last())).doc("The last bucket; undef if there is none."),
    method("length([read_all])", length)
        .doc("Bytes in it; buckets that do not know are read, or with a false argument the result is then -1."),
    method("next(bucket)", next).doc("The bucket behind one; undef at the end."),
    method("pool()", Brigade::pool).doc("The pool with which this object dies."),
    method("prev(bucket)", prev).doc("The bucket before one; undef at the start."),
    method("split(bucket)", split).doc("Moves a bucket and all behind it to a new brigade."),
])
.parts(&[&FLUSH])
.called("bb")
.doc("A ring of buckets.");

/// What mod_perl's filter module brings: httpd's callback for brigades that are full, whose second argument is a pointer of C's.
static FLUSH: Part = Part::new(
    "Apache2::Filter",
    &only(
        PERL,
        [method("filter_flush(ctx)", |_: &Brigade, _: Any| -> Result<()> {
            Err("takes the address of a filter, which no script has: pass the brigade on by $f->next->pass_brigade"
                .into())
        })
        .doc("Not for scripts: it takes the address of a filter, and always dies.")],
    ),
);

/// Its rows.
pub static BUCKET: Class = Class::of::<Bucket>(&[
    class_method("new(bucket_alloc, data, [offset], [len])", new_bucket)
        .doc("A bucket with the data, or a part of it. In Perl it shows what a variable holds when it is read or given to httpd."),
    function("eos_create(bucket_alloc)", |a: &BucketAlloc| made(*a, Bucket::eos)).doc("An end of stream."),
    function("flush_create(bucket_alloc)", |a: &BucketAlloc| made(*a, Bucket::flush))
        .doc("A sign to send all before it."),
    ro("data", Bucket::data).doc("Address of its private data."),
    method("delete()", delete).doc("Takes it out of its brigade and destroys it."),
    method("destroy()", delete).doc("Destroys it."),
    method("insert_after(bucket)", |b: &Bucket, new: &Bucket| join(b, new, Bucket::insert_after))
        .doc("Puts another bucket behind it."),
    method("insert_before(bucket)", |b: &Bucket, new: &Bucket| join(b, new, Bucket::insert_before))
        .doc("Puts another bucket before it."),
    method("is_eos()", |b: &Bucket| b.kind() == BucketKind::Eos).doc("Whether it is an end of stream."),
    method("is_flush()", |b: &Bucket| b.kind() == BucketKind::Flush).doc("Whether it is a flush."),
    ro("length", |b: &Bucket| b.length().map_or(-1, |n| n as i64)).doc("Bytes in it; -1 if it does not know."),
    method("read(buffer, [block])", read).doc("Reads its bytes into a buffer; returns how many."),
    method("remove()", |b: &Bucket| {
        b.remove();
        shelf::moved(*b, None);
    })
    .doc("Takes it out of its brigade."),
    method("setaside(pool)", |b: &Bucket, cx: Reenter, here: Here, p: &Pool| {
        shelf::look(*b, here, cx);
        shelf::leave(*b);
        Status(b.setaside(p).err().map_or(0, |s| s.code()), "APR::Bucket::setaside")
    })
    .doc("Makes its bytes last as long as the pool; in void context a failure is thrown, else its status is returned."),
    ro("start", Bucket::start).doc("Offset of its bytes in its private data."),
    ro("type", Bucket::bucket_type).doc("What kind it is."),
])
.called("b")
.doc("A piece of data.");

/// Its rows.
pub static BUCKET_ALLOC: Class = Class::of::<BucketAlloc>(&[
    class_method("new(pool)", |_: ClassName, pool: Obj<Pool>| {
        let alloc = BucketAlloc::new(&pool);
        pool.made(&alloc, shelf::made(alloc, &pool))
    })
    .doc("An allocator that dies with the pool."),
    method("destroy()", destroy_alloc).doc("Destroys one that the script made, with its buckets; not httpd's."),
])
.doc("Where buckets come from.");

/// Its rows.
pub static BUCKET_TYPE: Class =
    Class::of::<BucketType>(&[ro("name", BucketType::name).doc("Its name, such as HEAP or EOS.")])
        .doc("A kind of bucket.");

/// A class without methods: its objects are only handed on.
pub static ARRAY_HEADER: Class = Class::of::<ArrayHeader>(&[]).doc("An array whose elements only its owner knows.");

fn new_brigade(_: ClassName, pool: Obj<Pool>, alloc: &BucketAlloc) -> Result<Owned<Brigade>> {
    shelf::alive(*alloc)?;
    let made = Brigade::new(&pool, *alloc);
    shelf::brigade(made);
    Ok(pool.owns(&made))
}

fn brigade_alloc(b: &Brigade) -> Result<BucketAlloc> {
    let alloc = b.bucket_alloc();
    shelf::alive(alloc)?;
    Ok(alloc)
}

fn cleanup(b: &Brigade, cx: Reenter) -> Result<()> {
    shelf::passed(b);
    b.cleanup(cx).map_err(|s| Raise::status(s.code(), "APR::Brigade::cleanup"))
}

fn give(b: &Brigade, bucket: Option<Bucket>) -> Result<Option<Owned<Bucket>>> {
    bucket.map(|bucket| Ok(Owned::by(&bucket, shelf::ticket(bucket, Some(*b))?))).transpose()
}

fn within(b: &Brigade, bucket: &Bucket) -> Result<()> {
    if shelf::home(*bucket) == Some(*b) { Ok(()) } else { Err("the bucket is not in this brigade".into()) }
}

/// Finds the next bucket also behind one that was just deleted, since loops over a brigade ask for that.
fn next(b: &Brigade, at: &Bucket) -> Result<Option<Owned<Bucket>>> {
    if let Some(next) = shelf::behind_ghost(b, *at) {
        return give(b, next);
    }
    within(b, at)?;
    give(b, b.next(*at))
}

fn prev(b: &Brigade, at: &Bucket) -> Result<Option<Owned<Bucket>>> {
    within(b, at)?;
    give(b, b.prev(*at))
}

/// A bucket dies with its allocator; so it is never in a brigade of another one.
fn fits(b: &Brigade, bucket: &Bucket) -> Result<()> {
    shelf::alive(b.bucket_alloc())?;
    if bucket.alloc() == b.bucket_alloc().as_ptr() { Ok(()) } else { Err("the bucket is of another allocator".into()) }
}

fn insert(b: &Brigade, new: &Bucket, put: fn(&Brigade, Bucket)) -> Result<()> {
    fits(b, new)?;
    shelf::known(*new)?;
    new.remove();
    put(b, *new);
    shelf::moved(*new, Some(*b));
    Ok(())
}

fn join(at: &Bucket, new: &Bucket, put: fn(&Bucket, Bucket)) -> Result<()> {
    let home = shelf::home(*at).ok_or("the bucket is in no brigade")?;
    fits(&home, new)?;
    shelf::known(*new)?;
    if at != new {
        new.remove();
        put(at, *new);
        shelf::moved(*new, Some(home));
    }
    Ok(())
}

fn concat(b: &Brigade, from: &Brigade) -> Result<()> {
    if b == from {
        return Ok(());
    }
    for bucket in from.iter() {
        fits(b, &bucket)?;
    }
    from.iter().for_each(|bucket| shelf::moved(bucket, Some(*b)));
    b.concat(*from);
    Ok(())
}

fn split(b: &Brigade, bucket: &Bucket) -> Result<Brigade> {
    within(b, bucket)?;
    shelf::alive(b.bucket_alloc())?;
    let rest = b.split(*bucket);
    rest.iter().for_each(|bucket| shelf::moved(bucket, Some(rest)));
    shelf::brigade(rest);
    Ok(rest)
}

fn length(b: &Brigade, cx: Reenter, read_all: Option<bool>) -> Option<i64> {
    Some(b.length(read_all.unwrap_or(true), cx).ok()?.map_or(-1, |n| n as i64))
}

/// Room for more bytes than this is made only when they are there.
const PIECE: u64 = 64 * 1024;

fn flatten(b: &Brigade, cx: Reenter, here: Here, mut buffer: Out, wanted: Option<i64>) -> Result<Tainted<usize>> {
    b.iter().for_each(|bucket| shelf::look(bucket, here, cx));
    let raise = |s: apr::Status| Raise::status(s.code(), "APR::Brigade::flatten");
    let wanted = wanted.map(|n| u64::try_from(n).map_err(|_| "the length can't be negative")).transpose()?;
    let n = match wanted {
        Some(n) if n <= PIECE => n,
        _ => b.length(true, cx).map_err(raise)?.unwrap_or(0).min(wanted.unwrap_or(u64::MAX)),
    };
    let n = usize::try_from(n).map_err(|_| "there is too much in it")?;
    let put = if n == 0 {
        buffer.put(0, b"")?;
        0
    } else {
        buffer.fill(0, n, |room| b.flatten_into(room, cx).map_err(raise))?
    };
    Ok(Tainted(put))
}

fn made(alloc: BucketAlloc, make: fn(BucketAlloc) -> Bucket) -> Result<Owned<Bucket>> {
    shelf::alive(alloc)?;
    let bucket = make(alloc);
    Ok(Owned::by(&bucket, shelf::ticket(bucket, None)?))
}

fn new_bucket(
    _: ClassName,
    alloc: &BucketAlloc,
    data: Maybe<&[u8]>,
    variable: Variable,
    offset: Option<i64>,
    len: Option<i64>,
) -> Result<Owned<Bucket>> {
    const TOO_LONG: &str = "the length argument can't be bigger than the total buffer length minus offset";
    shelf::alive(*alloc)?;
    let data = data.0.unwrap_or_default();
    let offset = usize::try_from(offset.unwrap_or(0)).map_err(|_| "the offset can't be negative")?;
    let rest = data.len().checked_sub(offset).ok_or(TOO_LONG)?;
    let len = match usize::try_from(len.unwrap_or(0)).map_err(|_| "the length can't be negative")? {
        0 => rest,
        len => len,
    };
    let bucket = Bucket::of_script(data, offset, len, *alloc).ok_or(TOO_LONG)?;
    Ok(Owned::by(&bucket, shelf::new(bucket, variable.0.map(|variable| variable.keep()))?))
}

fn delete(b: &Bucket, cx: Reenter) -> Result<()> {
    shelf::delete(*b, cx)
}

/// Waits for data, unless the script passes `APR::Const::NONBLOCK_READ`.
fn read(b: &Bucket, cx: Reenter, here: Here, mut buffer: Out, block: Option<i32>) -> Result<Tainted<usize>> {
    shelf::look(*b, here, cx);
    let bytes = match b.read(block.unwrap_or(0) == 0, cx) {
        Ok(bytes) => bytes,
        Err(apr::Status::EOF) => &[],
        Err(status) => return Err(Raise::status(status.code(), "APR::Bucket::read")),
    };
    // Writing the variable may run script code, which may destroy the bucket.
    let n = bytes.len();
    buffer.put(0, bytes)?;
    Ok(Tainted(n))
}

fn destroy_alloc(alloc: &BucketAlloc) {
    if shelf::is_own(*alloc) && shelf::end(*alloc) {
        // SAFETY: its object and its buckets are void, its brigades empty.
        unsafe { alloc.destroy() };
    }
}
