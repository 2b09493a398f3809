//! The pages of a team's own opening screens: which there are, and one in its editor, with the customer's page
//! beside it in a frame. What may stand in a screen is decided where it is saved.

use serde::Serialize;

use crate::consoles::Shell;
use crate::render::Pages;
use crate::texts;

/// Which screens there are.
#[derive(Serialize)]
pub struct Screens {
    /// Around it.
    pub frame: Shell,
    /// Their names.
    pub names: Vec<String>,
    /// The one that PIN pages open with.
    pub shown: Option<String>,
}

/// One screen in its editor.
#[derive(Serialize)]
pub struct Editor {
    /// Around it.
    pub frame: Shell,
    /// Its name.
    pub name: String,
    /// What is left of it after cleaning; none: there is none of that name yet.
    pub html: Option<String>,
    /// PIN pages open with it.
    pub is_shown: bool,
}

/// The editor with the languages in which the customer's page can be looked at.
#[derive(Serialize)]
struct Drawn<'a> {
    #[serde(flatten)]
    editor: &'a Editor,
    languages: &'a [&'static str],
}

impl Pages {
    /// A team's own opening screens.
    pub fn admin_screens(&self, page: &Screens) -> String {
        self.staff("admin_screens.html", &page.frame.language, page)
    }

    /// One of them.
    pub fn admin_screen(&self, page: &Editor) -> String {
        let drawn = Drawn { editor: page, languages: &texts::LANGUAGES };
        self.staff("admin_screen.html", &page.frame.language, &drawn)
    }
}
