//! Lists of files that are compiled into the program: templates, styles, scripts, texts.
//! It knows neither what is in them nor what they are for.

/// The files of a folder beside the caller's, each as its name and its text.
macro_rules! embedded {
    ($folder:literal: $($name:literal),+ $(,)?) => { [$(($name, include_str!(concat!($folder, $name)))),+] };
}

pub(crate) use embedded;
