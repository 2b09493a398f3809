//! Challenges: what is asked, what a page or an agent may see of it, and what an answer leads to.
//! Every answer is counted before it is compared.

pub mod answer;
pub mod ask;
pub mod elsewhere;
pub mod manage;
