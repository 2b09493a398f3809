//! The embedded store under faults (A118, A119, A121, A122): logs cut anywhere, bits that flip, disks
//! that are full, slow or fail, power that goes. Every loss is named, and no wrong byte is served.
//!
//! What a fault does to files stands in `image`; what must be there afterwards in `known`.

mod damage;
mod failing;
mod full;
mod image;
mod known;
mod million;
mod power;
mod sealed;
mod served;
mod shim;
mod strangers;
