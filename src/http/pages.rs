//! Pages where customers are: links, invitations, codes, documents, the hosted login.
//! They work without JavaScript.

pub mod arrivals;
pub mod code_page;
pub mod code_page_view;
pub mod done_page;
pub mod hosted;
pub mod login_form;
pub mod login_page;
pub mod photo;
pub mod reset_page;
