//! Makes records something that scripts can hold; those of crate `apr` stand here, since only the crate of a record or this one may
//! say so.

/// `object!(Table, "APR::Table")`, `object!(Request, "Apache2::RequestRec", owner)`: makes an opaque record ([`apr::opaque!`])
/// something scripts can hold. The expansion is one static, the `impl Object` that names it, and `impl IntoVal for &Table`. With
/// `by value` in front: a transparent wrapper of its pointer.
#[macro_export]
macro_rules! object {
    (by value $t:ty, $name:literal $(, $owner:ident)?) => {
        $crate::object!(@ $t, $name, [$($owner)?], $t,
            |this| {
                assert!(size_of::<$t>() == size_of::<*mut ()>(), "an object is a transparent pointer wrapper");
                // SAFETY: transparent over NonNull, which is never null.
                unsafe { std::mem::transmute_copy::<$t, std::ptr::NonNull<()>>(this) }
            },
            // SAFETY: transparent over NonNull.
            |at| unsafe { &*std::ptr::from_ref(at).cast::<$t>() }
        );
    };
    ($t:ty, $name:literal $(, $owner:ident)?) => {
        $crate::object!(@ $t, $name, [$($owner)?], &$t,
            |this| std::ptr::NonNull::from(this).cast(),
            // SAFETY: the caller's promise.
            |at| unsafe { at.cast::<$t>().as_ref() }
        );
    };
    (@ $t:ty, $name:literal, [$($owner:ident)?], $given:ty, |$this:ident| $address:expr, |$at:ident| $lent:expr) => {
        const _: () = {
            static CLASS: $crate::ObjectClass = $crate::ObjectClass::new($name);
            // SAFETY: `lent` undoes `address`.
            unsafe impl $crate::Object for $t {
                const NAME: &'static str = $name;
                const CLASS: *const $crate::ObjectClass = &raw const CLASS;
                $(const IS_OWNER: bool = { stringify!($owner); true };)?
                fn class() -> &'static $crate::ObjectClass {
                    &CLASS
                }
                #[inline(always)]
                fn address(&self) -> std::ptr::NonNull<()> {
                    let $this = self;
                    $address
                }
                #[inline(always)]
                unsafe fn lent($at: &std::ptr::NonNull<()>) -> &Self {
                    $lent
                }
            }
            impl $crate::IntoVal for $given {
                const DOC: &'static str = "object";
                #[inline(always)]
                fn val(self, from: $crate::Ticket) -> $crate::Val {
                    $crate::object_val::<$t>(&self, from)
                }
            }
        };
    };
}

object!(apr::Pool, "APR::Pool");
object!(apr::Table, "APR::Table");
object!(by value apr::Brigade, "APR::Brigade");
object!(by value apr::Bucket, "APR::Bucket");
object!(by value apr::BucketAlloc, "APR::BucketAlloc");
object!(apr::BucketType, "APR::BucketType");
object!(apr::Finfo, "APR::Finfo");
object!(apr::SockAddr, "APR::SockAddr");
object!(apr::Socket, "APR::Socket");
object!(apr::ArrayHeader, "APR::ArrayHeader");
object!(apr::Uri, "APR::URI");
object!(apr::IpSubnet, "APR::IpSubnet");
object!(apr::ThreadMutex, "APR::ThreadMutex");
object!(apr::ThreadRwLock, "APR::ThreadRWLock");
