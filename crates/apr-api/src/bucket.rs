//! `APR::Brigade` and what goes with it: what bodies and responses travel in. And `APR::ArrayHeader`.

use crate::Owns;
use apr::{ArrayHeader, Brigade, Bucket, BucketAlloc, Pool};
use interp::*;

/// Its rows.
pub static BRIGADE: Class = Class::of::<Brigade>(&[
    class_method("new(pool, bucket_alloc)", |_: ClassName, pool: Obj<Pool>, alloc: &BucketAlloc| {
        pool.owns(Brigade::new(*pool, *alloc))
    })
    .doc("An empty brigade that dies with the pool."),
    method("is_empty()", Brigade::is_empty).doc("Whether there is nothing in it."),
    method("pool()", Brigade::pool).doc("The pool it dies with."),
])
.doc("A ring of buckets.");

/// Without rows yet.
pub static BUCKET: Class = Class::of::<Bucket>(&[]).doc("A piece of data.");
/// Without rows: objects to be handed on.
pub static BUCKET_ALLOC: Class = Class::of::<BucketAlloc>(&[]).doc("Where buckets come from.");
/// Without rows: objects to be handed on.
pub static ARRAY_HEADER: Class = Class::of::<ArrayHeader>(&[]).doc("An array whose elements only its owner knows.");
