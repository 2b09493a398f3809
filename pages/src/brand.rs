//! A team's name, colour and logo on the pages. Whatever colour a team picks, what is written on
//! it and with it stays readable (WCAG 2.2: 4.5 to 1).

use serde::{Deserialize, Serialize};

/// How a team presents itself; what is not usable is left out rather than refused.
#[derive(Clone, Default, Deserialize, Serialize)]
pub struct Brand {
    /// The business's name.
    pub name: Option<String>,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// A path of ours (`/…`) or a `data:image/…` URL: pages load nothing from another origin.
    pub logo: Option<String>,
}

/// Of the backgrounds in countersign.css that coloured text may stand on, the one that is hardest to read
/// on: by day the darkest (`--page`), by night the lightest (`--tint`).
const LIGHT: Rgb = Rgb([0xf3, 0xf5, 0xf8]);
const DARK: Rgb = Rgb([0x1f, 0x2a, 0x35]);
const BLACK: Rgb = Rgb([0, 0, 0]);
const WHITE: Rgb = Rgb([0xff, 0xff, 0xff]);
const READABLE: f64 = 4.5;

impl Brand {
    /// The address of this brand's stylesheet, where it has a valid colour.
    pub(super) fn stylesheet(&self) -> Option<String> {
        let digits = self.color.as_deref()?.strip_prefix('#')?;
        Rgb::parse(digits)?;
        Some(format!("/assets/brand.css?color={}", digits.to_ascii_lowercase()))
    }

    /// The logo, where the pages' policy lets it load.
    pub(super) fn picture(&self) -> Option<&str> {
        let logo = self.logo.as_deref()?;
        let ours = logo.starts_with('/') && !logo.starts_with("//") && !logo.contains('\\');
        (ours || logo.starts_with("data:image/")).then_some(logo)
    }
}

/// The stylesheet `/assets/brand.css?color=rrggbb`; `None` unless `color` is six hex digits.
pub fn brand_css(color: &str) -> Option<String> {
    let fill = Rgb::parse(color)?;
    let on_fill = if fill.contrast(WHITE) >= READABLE { WHITE } else { BLACK }; // one always is
    let light = fill.readable_on(LIGHT, BLACK);
    let dark = fill.readable_on(DARK, WHITE);
    Some(format!(
        ":root{{--accent:{};--on-accent:{};--accent-ink:{}}}\n\
         @media (prefers-color-scheme:dark){{:root{{--accent:{};--on-accent:{};--accent-ink:{}}}}}\n",
        fill.hex(),
        on_fill.hex(),
        light.hex(),
        fill.hex(),
        on_fill.hex(),
        dark.hex(),
    ))
}

#[derive(Clone, Copy, PartialEq)]
struct Rgb([u8; 3]);

impl Rgb {
    fn parse(digits: &str) -> Option<Rgb> {
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Rgb([part(0)?, part(2)?, part(4)?]))
    }

    fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// WCAG 2.2, contrast ratio: 1 to 21.
    fn contrast(self, other: Rgb) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // stays within 0..=255
    fn toward(self, goal: Rgb, share: f64) -> Rgb {
        let mix = |at: usize| {
            let (from, to) = (f64::from(self.0[at]), f64::from(goal.0[at]));
            (from + (to - from) * share).round() as u8
        };
        Rgb([mix(0), mix(1), mix(2)])
    }

    /// The nearest shade, on the way to `goal`, that can be read on `ground`.
    fn readable_on(self, ground: Rgb, goal: Rgb) -> Rgb {
        (0..=20)
            .map(|step| self.toward(goal, f64::from(step) / 20.0))
            .find(|shade| shade.contrast(ground) >= READABLE)
            .unwrap_or(goal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_hex_digits_become_a_stylesheet() {
        for bad in ["", "fff", "#0b5cad", "0b5ca", "0b5cad0", "0b5cag", "}body{", "red", "0b5c d", "٠٠٠٠٠٠", "+b5cad"]
        {
            assert!(brand_css(bad).is_none(), "{bad:?}");
        }
        assert!(brand_css("0B5cAd").expect("valid").contains("--accent:#0b5cad"));
    }

    #[test]
    fn text_is_readable_with_every_colour() {
        let levels = [0x00, 0x33, 0x66, 0x77, 0x99, 0xcc, 0xff];
        for red in levels {
            for green in levels {
                for blue in levels {
                    let fill = Rgb([red, green, blue]);
                    let css = brand_css(&fill.hex()[1..]).expect("valid");
                    let value = |nth: usize| {
                        let hex = css.split('#').nth(nth).and_then(|rest| rest.get(..6));
                        Rgb::parse(hex.expect("a colour")).expect("a colour")
                    };
                    assert!(fill.contrast(value(2)) >= READABLE, "{css}");
                    assert!(LIGHT.contrast(value(3)) >= READABLE, "{css}");
                    assert!(DARK.contrast(value(6)) >= READABLE, "{css}");
                }
            }
        }
    }

    #[test]
    fn logos_come_from_here_or_are_spelled_out() {
        let with = |logo: &str| Brand { logo: Some(logo.to_owned()), ..Brand::default() };
        for good in ["/assets/acme.svg", "data:image/png;base64,AAAA"] {
            assert_eq!(with(good).picture(), Some(good));
        }
        for bad in
            ["https://example.com/a.png", "//example.com/a.png", "/\\example.com", "javascript:0", "data:text/html,x"]
        {
            assert_eq!(with(bad).picture(), None, "{bad}");
        }
    }
}
