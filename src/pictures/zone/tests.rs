//! Zones that are drawn here and held badly, and pictures of the specimens of ICAO Doc 9303 in a font of
//! OCR-B that others drew. What is read must be what was written; nothing else may be told for certain.

use std::collections::HashMap;

use super::*;
use crate::domain::identity::{Flaw, Side};
use crate::pictures::Picture;
use glyphs::{Point, distance, strokes_of};

const PASSPORT: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
const LARGE_CARD: [&str; 2] = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"];
const CARD: [&str; 3] =
    ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"];

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(most)) as u32
    }

    fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * self.below(10_001) as f32 / 10_000.0
    }

    fn of(&mut self, signs: &[u8]) -> char {
        char::from(signs[self.below(signs.len() as u32) as usize])
    }
}

/// How a document is held before a camera.
#[derive(Clone)]
struct Held {
    size: (usize, usize),
    /// Points a sign is wide.
    pitch: f32,
    /// In degrees.
    angle: f32,
    /// Half of a stroke's width, and how far its edge runs out, in units of a cell.
    pen: (f32, f32),
    noise: f32,
    /// From one side to the other.
    shade: f32,
    paper: f32,
    ink: f32,
    /// A spot without ink: line, cell, from where to where in the cell.
    worn: Option<(usize, usize, f32, f32)>,
}

impl Held {
    fn still() -> Self {
        let size = (1000, 400);
        Self {
            size,
            pitch: 20.0,
            angle: 0.0,
            pen: (5.5, 3.0),
            noise: 2.0,
            shade: 0.0,
            paper: 205.0,
            ink: 50.0,
            worn: None,
        }
    }

    fn badly(chance: &mut Chance, cells: usize) -> Self {
        let angle = chance.between(-5.0, 5.0) + [0.0, 0.0, 0.0, 180.0, 90.0, 270.0][chance.below(6) as usize];
        let long = chance.between(620.0, 980.0);
        let size = if (45.0..135.0).contains(&angle.rem_euclid(180.0)) { (500, 1100) } else { (1100, 500) };
        Self {
            size,
            pitch: long / cells as f32,
            angle,
            pen: (chance.between(4.0, 7.0), chance.between(2.0, 9.0)),
            noise: chance.between(0.0, 14.0),
            shade: chance.between(-70.0, 70.0),
            paper: chance.between(160.0, 235.0),
            ink: chance.between(20.0, 90.0),
            worn: None,
        }
    }

    fn shows<S: AsRef<str>>(&self, lines: &[S], chance: &mut Chance) -> Shrunk {
        let mut drawn: HashMap<u8, Vec<(Point, Point)>> = HashMap::new();
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_ref().as_bytes()).collect();
        let (width, height) = self.size;
        let (sin, cos) = self.angle.to_radians().sin_cos();
        let mut page = Shrunk::of(width as u32, height as u32, LONGEST);
        for y in 0..height {
            let row: Vec<u8> = (0..width)
                .map(|x| {
                    let (dx, dy) = (x as f32 - width as f32 / 2.0, y as f32 - height as f32 / 2.0);
                    let (s, t) = ((dx * cos + dy * sin) / self.pitch, (dy * cos - dx * sin) / self.pitch);
                    let ink = self.inked(&lines, &mut drawn, s, t);
                    let light = self.shade * dx / width as f32 + chance.between(-self.noise, self.noise);
                    (self.paper + (self.ink - self.paper) * ink + light).clamp(0.0, 255.0) as u8
                })
                .collect();
            page.row(&row);
        }
        page
    }

    /// How much ink lies there, counted in cells from the middle of the zone.
    fn inked(&self, lines: &[&[u8]], drawn: &mut HashMap<u8, Vec<(Point, Point)>>, s: f32, t: f32) -> f32 {
        let (s, t) = (s + lines[0].len() as f32 / 2.0, (t + lines.len() as f32 * 5.0 / 6.0) * 3.0 / 5.0);
        let at = (s.floor(), t.floor());
        let (x, y) = ((s - at.0) * 72.0, (t - at.1) * 120.0 - 30.0);
        let line = lines.get(at.1 as usize).filter(|_| at.0 >= 0.0 && at.1 >= 0.0);
        let Some(sign) = line.and_then(|line| line.get(at.0 as usize)) else { return 0.0 };
        if let Some((line, cell, from, to)) = self.worn
            && (at.1 as usize, at.0 as usize) == (line, cell)
            && (from..to).contains(&x)
        {
            return 0.0;
        }
        let strokes = drawn.entry(*sign).or_insert_with(|| strokes_of(*sign));
        let far = strokes.iter().map(|stroke| distance((x, y), *stroke)).fold(f32::MAX, f32::min);
        let (pen, edge) = self.pen;
        ((pen + edge - far) / (2.0 * edge)).clamp(0.0, 1.0)
    }
}

fn digit(text: &str) -> char {
    let value = |sign: char| if sign == '<' { 0 } else { sign.to_digit(36).unwrap() };
    let sum: u32 = text.chars().zip([7, 3, 1].into_iter().cycle()).map(|(sign, weight)| value(sign) * weight).sum();
    char::from_digit(sum % 10, 10).unwrap()
}

fn filled(text: &str, length: usize) -> String {
    format!("{text:<<length$}")
}

/// A zone of nobody's, with good digits.
fn invented(chance: &mut Chance, size: Size) -> Vec<String> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890123456789";
    let mut text = |of: &[u8], length: u32| (0..length).map(|_| chance.of(of)).collect::<String>();
    let name = format!("{}<<{}", text(LETTERS, 8), text(LETTERS, 6));
    let checked = |text: String| format!("{text}{}", digit(&text));
    let number = checked(text(SIGNS, 9));
    let (birth, expiry) = (checked(text(b"0123456789", 6)), checked(text(b"0123456789", 6)));
    let (sex, more) = (text(b"FM<", 1), text(SIGNS, 5));
    match size {
        Size::Td1 => {
            let first = filled(&format!("I<UTO{number}{more}"), 30);
            let optional = filled("", 11);
            let whole = digit(&format!("{}{birth}{expiry}{optional}", &first[5..]));
            vec![first, format!("{birth}{sex}{expiry}UTO{optional}{whole}"), filled(&name, 30)]
        }
        Size::Td2 | Size::Td3 => {
            let (kind, length) = if size == Size::Td2 { ("I<UTO", 36) } else { ("P<UTO", 44) };
            let optional = if size == Size::Td2 { filled(&more, 7) } else { checked(filled(&more, 14)) };
            let whole = digit(&format!("{number}{birth}{expiry}{optional}"));
            vec![filled(&format!("{kind}{name}"), length), format!("{number}UTO{birth}{sex}{expiry}{optional}{whole}")]
        }
    }
}

#[test]
fn nothing_is_read_wrong_however_it_is_held() {
    let pictures: u64 = if cfg!(debug_assertions) { 10 } else { 300 };
    let look = |n: u64| {
        let mut chance = Chance(n);
        let size = [Size::Td1, Size::Td2, Size::Td3][chance.below(3) as usize];
        let zone = invented(&mut chance, size);
        assert!(mrz::check(&zone).is_ok(), "{zone:?}");
        let page = Held::badly(&mut chance, zone[0].len()).shows(&zone, &mut chance);
        match seen(&page) {
            Seen::Zone(read) => {
                assert_eq!(read, zone, "picture {n}");
                [1, 0, 0]
            }
            Seen::Unsure => [0, 1, 0],
            Seen::None => [0, 0, 1],
        }
    };
    let halves =
        [0, 1].map(|half| std::thread::spawn(move || (0..pictures).filter(|n| n % 2 == half).map(look).collect()));
    let all: Vec<[u64; 3]> =
        halves.into_iter().flat_map(|half| -> Vec<[u64; 3]> { half.join().expect("nothing wrong") }).collect();
    let [read, unsure, none] = [0, 1, 2].map(|n| all.iter().map(|one| one[n]).sum::<u64>());
    println!("of {pictures} zones {read} read, {unsure} unsure, {none} not seen, 0 wrong");
    assert!(read * 10 >= pictures * 7, "{read} of {pictures}");
}

#[test]
fn the_specimens_are_read_in_a_font_that_others_drew() {
    let flaws = |file: &[u8]| Picture::read(file).expect("a picture").flaws(Side::Front).expect("it can be looked at");
    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../../../tests/it/photos/zones/", $name, ".jpg")).as_slice()
        };
    }
    let page = |file: &[u8]| {
        let mut page = Shrunk::of(1280, 960, LONGEST);
        crate::pictures::jpeg::rows(file, |row| page.row(row)).expect("a picture");
        page
    };
    for (file, lines) in
        [(file!("passport"), &PASSPORT[..]), (file!("card"), &CARD[..]), (file!("large-card"), &LARGE_CARD[..])]
    {
        assert!(seen(&page(file)) == Seen::Zone(lines.iter().map(|line| (*line).to_owned()).collect()), "{lines:?}");
        assert_eq!(flaws(file), []);
    }
    assert_eq!(flaws(file!("forged")), [Flaw::Zone]);
    let forged = Picture::read(file!("forged")).expect("a picture");
    assert_eq!(forged.flaws(Side::Selfie), Ok(vec![]), "a face is not read");
    assert!(seen(&page(file!("licence"))) == Seen::None);
    assert_eq!(flaws(file!("licence")), []);
    assert!(!matches!(seen(&page(file!("blurred"))), Seen::Zone(_)));
    assert_eq!(flaws(file!("blurred")), [Flaw::Blurred], "and not that its digits are wrong");
}

fn altered(lines: &[&str], line: usize, at: usize, sign: &str) -> Vec<String> {
    let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    assert_ne!(&lines[line][at..=at], sign);
    lines[line].replace_range(at..=at, sign);
    lines
}

#[test]
fn an_altered_digit_is_told_and_what_no_digit_tells_is_not() {
    let mut chance = Chance(1);
    for (lines, line, at) in [(&PASSPORT[..], 1, 14), (&LARGE_CARD, 1, 22), (&CARD, 1, 1), (&CARD, 1, 9)] {
        let zone = altered(lines, line, at, "7");
        let read = seen(&Held::still().shows(&zone, &mut chance));
        assert!(read == Seen::Zone(zone.clone()) && crate::pictures::is_wrong(&read), "{zone:?}");
    }
    // An O where a 0 would be right: fonts differ in these more than they differ from each other. And a number
    // that has several such signs could always be read so that its digit holds.
    assert!(seen(&Held::still().shows(&altered(&CARD, 0, 7, "7"), &mut chance)) == Seen::Unsure);
    for sign in ["O", "Q", "D"] {
        let zone = altered(&PASSPORT, 1, 5, sign);
        assert!(mrz::check(&zone).is_err());
        assert!(seen(&Held::still().shows(&zone, &mut chance)) == Seen::Unsure, "{zone:?}");
    }
    // Kinds whose digits are others.
    for (lines, line, at, sign) in [(&PASSPORT[..], 0, 0, "V"), (&LARGE_CARD, 0, 0, "V"), (&CARD, 0, 0, "D")] {
        let zone = altered(&altered(lines, line, at, sign).iter().map(String::as_str).collect::<Vec<_>>(), 1, 1, "7");
        assert!(seen(&Held::still().shows(&zone, &mut chance)) == Seen::Unsure, "{zone:?}");
    }
    // The card that France gave out: names stand where a date would.
    let french = ["IDFRABERTHIER<<<<<<<<<<<<<<<<<<<<<<<", "880692310285CORINNE<<<<<<<6512068F6<"];
    assert!(seen(&Held::still().shows(&french, &mut chance)) == Seen::Unsure);
}

#[test]
fn worn_or_cut_off_print_is_nobodys_fault() {
    let mut chance = Chance(2);
    let step = if cfg!(debug_assertions) { 11 } else { 3 };
    let mut told = 0;
    for (line, row) in PASSPORT.iter().enumerate() {
        for (at, _) in row.char_indices().filter(|(_, sign)| *sign != '<') {
            for (from, to) in [(0.0, 30.0), (40.0, 72.0), (28.0, 44.0)] {
                if at % step != 2 {
                    continue;
                }
                let worn = Held { worn: Some((line, at, from, to)), ..Held::still() };
                let read = seen(&worn.shows(&PASSPORT, &mut chance));
                assert!(!crate::pictures::is_wrong(&read), "line {line}, sign {at}, {from}");
                told += u32::from(read == Seen::Unsure);
            }
        }
    }
    assert!(told > 0, "something was worn");
    for cut in [1, 8, 14] {
        for zone in [PASSPORT.map(|line| line[cut..].to_owned()), PASSPORT.map(|line| line[..44 - cut].to_owned())] {
            let read = seen(&Held::still().shows(&zone, &mut chance));
            assert!(!matches!(read, Seen::Zone(_)), "{zone:?}");
        }
    }
    let blurred = Held { pen: (5.5, 30.0), ..Held::still() };
    assert!(!matches!(seen(&blurred.shows(&PASSPORT, &mut chance)), Seen::Zone(_)));
}

#[test]
fn no_picture_is_too_odd_to_be_looked_at() {
    let mut chance = Chance(3);
    let mut of = |width: u32, height: u32, bright: &mut dyn FnMut(&mut Chance, u32) -> u8| {
        let mut page = Shrunk::of(width, height, LONGEST);
        for y in 0..height {
            page.row(&(0..width).map(|x| bright(&mut chance, x + y)).collect::<Vec<_>>());
        }
        seen(&page)
    };
    let sizes = [(0, 0), (1, 1), (1, 700), (3, 2), (640, 400), (24_000, 40), (40, 24_000), (2401, 7)];
    for (width, height) in sizes {
        for shade in [0, 128, 255] {
            assert!(of(width, height, &mut |_, _| shade) == Seen::None, "{width}×{height}");
        }
        assert!(of(width, height, &mut |chance, _| chance.below(256) as u8) == Seen::None, "{width}×{height}");
        for stripe in [2, 9, 17, 40] {
            let seen = of(width, height, &mut |_, at| if at / stripe % 2 == 0 { 30 } else { 220 });
            assert!(!matches!(seen, Seen::Zone(_)), "{width}×{height}");
        }
        // Blots of the size of letters.
        let seen = of(width, height, &mut |chance, at| if at / 9 % 2 == 0 && chance.below(9) > 0 { 30 } else { 220 });
        assert!(!matches!(seen, Seen::Zone(_)), "{width}×{height}");
    }
}
