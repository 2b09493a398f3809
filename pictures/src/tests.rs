//! Pictures that are drawn here: a card with print, held still or not, under a lamp or in the dark; files
//! with more in them than a picture; and files that are none. The bounds of `sight` rest on them.

use super::*;

const WIDE: usize = 1000;
const HIGH: usize = 640;

/// A card with lines of print on a table.
fn card(table: u8) -> Vec<u8> {
    let (mut seen, mut chance) = (vec![table; WIDE * HIGH], 7u32);
    for y in 60..HIGH - 60 {
        for x in 80..WIDE - 80 {
            seen[y * WIDE + x] = 205;
        }
    }
    for line in (100..HIGH - 100).step_by(24) {
        for glyph in (380..WIDE - 120).step_by(9) {
            for dot in 0..15usize {
                chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if chance >> 31 == 1 {
                    let (x, y) = (glyph + dot % 3 * 2, line + dot / 3 * 2);
                    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                        seen[(y + dy) * WIDE + x + dx] = 60;
                    }
                }
            }
        }
    }
    seen
}

/// Out of focus by so many points: a mean over a square, twice.
fn blurred(seen: &[u8], radius: usize) -> Vec<u8> {
    let mut now = seen.to_vec();
    for _ in 0..2 {
        now = averaged(&averaged(&now, WIDE, 1, radius), HIGH, WIDE, radius);
    }
    now
}

/// Each point the mean of those beside it, in lines of so many points that lie so far apart.
fn averaged(seen: &[u8], length: usize, step: usize, radius: usize) -> Vec<u8> {
    let mut now = seen.to_vec();
    let starts: Vec<usize> = if step == 1 { (0..HIGH).map(|y| y * WIDE).collect() } else { (0..WIDE).collect() };
    for start in starts {
        let at = |n: usize| start + n * step;
        let mut sum: usize = (0..2 * radius).map(|n| usize::from(seen[at(n)])).sum();
        for n in radius..length - radius {
            sum += usize::from(seen[at(n + radius)]);
            now[at(n)] = u8::try_from(sum / (2 * radius + 1)).unwrap();
            sum -= usize::from(seen[at(n - radius)]);
        }
    }
    now
}

/// A lamp is reflected.
fn lit(seen: &[u8], radius: usize) -> Vec<u8> {
    let mut now = seen.to_vec();
    for y in 0..HIGH {
        for x in 0..WIDE {
            if x.abs_diff(600).pow(2) + y.abs_diff(320).pow(2) < radius * radius {
                now[y * WIDE + x] = 255;
            }
        }
    }
    now
}

fn sight(seen: &[u8]) -> Sight {
    let mut sight = Sight::of(WIDE as u32, HIGH as u32);
    seen.chunks_exact(WIDE).for_each(|row| sight.row(row));
    sight
}

fn png_of(seen: &[u8], note: Option<&str>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, WIDE as u32, HIGH as u32);
    encoder.set_color(::png::ColorType::Grayscale);
    note.into_iter().for_each(|note| encoder.add_text_chunk("Comment".into(), note.into()).unwrap());
    encoder.write_header().unwrap().write_image_data(seen).unwrap();
    file
}

/// A gray JPEG (ISO/IEC 10918-1): flat quantisation, and codes as long as their symbols.
fn jpeg_of(seen: &[u8], more: &[u8]) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    file.extend_from_slice(more);
    file.extend_from_slice(&[0xFF, 0xDB, 0, 67, 0]);
    file.extend_from_slice(&[8; 64]);
    let (high, wide) = ((HIGH as u16).to_be_bytes(), (WIDE as u16).to_be_bytes());
    file.extend_from_slice(&[0xFF, 0xC0, 0, 11, 8, high[0], high[1], wide[0], wide[1], 1, 1, 0x11, 0]);
    for (class, length, symbols) in [(0u8, 4usize, 12u8), (0x10, 8, 251)] {
        let mut counts = [0u8; 16];
        counts[length - 1] = symbols;
        file.extend_from_slice(&[0xFF, 0xC4]);
        file.extend_from_slice(&(19 + u16::from(symbols)).to_be_bytes());
        file.push(class);
        file.extend_from_slice(&counts);
        file.extend(0..symbols);
    }
    file.extend_from_slice(&[0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]);
    let mut bits = Bits { file, held: 0, count: 0 };
    let mut before = 0;
    for top in (0..HIGH).step_by(8) {
        for left in (0..WIDE).step_by(8) {
            let levels = transformed(|x, y| f64::from(seen[(top + y) * WIDE + left + x]) - 128.0);
            let size = size_of(levels[0] - before);
            bits.put(size, 4);
            bits.number(levels[0] - before, size);
            before = levels[0];
            let mut zeros = 0;
            for level in &levels[1..] {
                if *level == 0 {
                    zeros += 1;
                    continue;
                }
                while zeros > 15 {
                    bits.put(0xF0, 8);
                    zeros -= 16;
                }
                let size = size_of(*level);
                bits.put(zeros << 4 | size, 8);
                bits.number(*level, size);
                zeros = 0;
            }
            if zeros > 0 {
                bits.put(0, 8);
            }
        }
    }
    bits.put(0x7F, 7);
    bits.file.extend_from_slice(&[0xFF, 0xD9]);
    bits.file
}

struct Bits {
    file: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, length: u32) {
        for at in (0..length).rev() {
            self.held = self.held << 1 | value >> at & 1;
            self.count += 1;
            if self.count == 8 {
                self.file.push(self.held as u8);
                if self.held as u8 == 0xFF {
                    self.file.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    fn number(&mut self, value: i32, size: u32) {
        let coded = if value < 0 { value + (1 << size) - 1 } else { value };
        self.put(coded as u32, size);
    }
}

fn size_of(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

/// The cosine transform of a block, quantised, from its lowest frequency to its highest.
fn transformed(sample: impl Fn(usize, usize) -> f64) -> Vec<i32> {
    static WAVES: std::sync::LazyLock<[[f64; 8]; 8]> = std::sync::LazyLock::new(|| {
        let scale = |u: usize| if u == 0 { 0.125f64.sqrt() } else { 0.5 };
        let wave = |u: usize, x: usize| ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos();
        std::array::from_fn(|u| std::array::from_fn(|x| scale(u) * wave(u, x)))
    });
    let waves = &*WAVES;
    let across: [[f64; 8]; 8] = std::array::from_fn(|y| {
        let row: [f64; 8] = std::array::from_fn(|x| sample(x, y));
        std::array::from_fn(|u| (0..8).map(|x| row[x] * waves[u][x]).sum())
    });
    let level = |u: usize, v: usize| {
        let sum: f64 = (0..8).map(|y| across[y][u] * waves[v][y]).sum();
        (sum / 8.0).round() as i32
    };
    let mut order: Vec<(usize, usize)> = (0..64).map(|n| (n % 8, n / 8)).collect();
    order.sort_by_key(|(u, v)| (u + v, if (u + v) % 2 == 0 { *u } else { *v }));
    order.into_iter().map(|(u, v)| level(u, v)).collect()
}

/// A segment of Exif with an orientation and a place, as phones write it.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend_from_slice(&[orientation, 0, 0, 0]);
    tiff.extend_from_slice(b"\x25\x88\x04\0\x01\0\0\0\x26\0\0\0\0\0\0\0GPSLatitude 59.437");
    let length = u16::try_from(tiff.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, 0xE1, length[0], length[1]], tiff.as_slice()].concat()
}

fn holds(file: &[u8], text: &str) -> bool {
    file.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn print_that_is_sharp_or_a_little_soft_passes_and_what_nobody_could_read_does_not() {
    let sharp = card(90);
    let measured: Vec<f64> =
        [0, 1, 2, 4, 6].into_iter().map(|radius| sight(&blurred(&sharp, radius)).sharpness()).collect();
    println!("sharpness by blur 0, 1, 2, 4, 6: {measured:?}");
    assert!(measured.windows(2).all(|two| two[0] > two[1]), "{measured:?}");
    for (radius, flaws) in [(0, vec![]), (1, vec![]), (2, vec![Flaw::Blurred]), (6, vec![Flaw::Blurred])] {
        assert_eq!(sight(&blurred(&sharp, radius)).flaws(false), flaws, "{radius}: {measured:?}");
    }
}

#[test]
fn specimens_pass_unless_out_of_focus() {
    for (file, flaws) in [
        (include_bytes!("../../tests/it/photos/specimens/passport.jpg").as_slice(), vec![]),
        (include_bytes!("../../tests/it/photos/specimens/licence.jpg"), vec![]),
        (include_bytes!("../../tests/it/photos/specimens/blurred.jpg"), vec![Flaw::Blurred]),
    ] {
        let picture = Picture::read(file).expect("a picture");
        assert_eq!(picture.flaws(Side::Front), Ok(flaws), "{picture:?}");
    }
}

#[test]
fn pictures_of_any_size_can_be_judged() {
    for (width, height) in [(0, 0), (1, 1), (1, 700), (3, 2), (640, 400), (24_000, 40), (40, 24_000), (1001, 7)] {
        for bright in [0, 128, 255] {
            let mut sight = Sight::of(width, height);
            let row = vec![bright; width as usize];
            (0..height).for_each(|_| sight.row(&row));
            assert!(!sight.flaws(false).is_empty(), "{width}×{height} of {bright} shows no print");
        }
    }
}

#[test]
fn a_lamp_on_the_document_is_glare_and_a_white_table_around_it_is_none() {
    for (seen, flaws) in [
        (card(255), vec![]),
        (lit(&card(90), 20), vec![]),
        (lit(&card(90), 90), vec![Flaw::Glare]),
        (lit(&card(255), 90), vec![Flaw::Glare]),
    ] {
        let sight = sight(&seen);
        assert_eq!(sight.flaws(false), flaws, "{} thousandths", sight.glare());
        assert!(!sight.flaws(true).contains(&Flaw::Glare), "a window behind a face");
    }
}

#[test]
fn what_is_too_dark_is_told_as_that_and_as_nothing_else() {
    let dark: Vec<u8> = card(90).iter().map(|bright| bright / 5).collect();
    assert_eq!(sight(&dark).flaws(false), [Flaw::Dark]);
    let dim: Vec<u8> = card(90).iter().map(|bright| bright / 2).collect();
    assert_eq!(sight(&dim).flaws(false), []);
}

#[test]
fn a_jpeg_leaves_without_its_place_and_is_still_the_same_picture() {
    let seen = card(90);
    let note = [0xFF, 0xFE, 0, 10, b'<', b's', b'c', b'r', b'i', b'p', b't', b'>'];
    for orientation in [1, 6] {
        let mut file = jpeg_of(&seen, &[exif(orientation).as_slice(), &note].concat());
        file.extend_from_slice(b"a film behind the picture");
        let picture = Picture::read(&file).expect("a picture");
        for gone in ["GPS", "59.437", "<script>", "film"] {
            assert!(holds(&file, gone) && !holds(picture.bytes(), gone), "{gone}");
        }
        assert_eq!(holds(picture.bytes(), "Exif"), orientation == 6, "how it is turned stays");
        assert_eq!(jpeg::strip(picture.bytes()).map(|(_, kept)| kept).expect("a picture"), picture.bytes());
        assert_eq!(picture.flaws(Side::Front), Ok(vec![]));
        assert_eq!(picture.format().media_type(), "image/jpeg");
    }
    let soft = Picture::read(&jpeg_of(&blurred(&seen, 5), &[])).expect("a picture");
    assert_eq!(soft.flaws(Side::Front), Ok(vec![Flaw::Blurred]));
    assert_eq!(format!("{soft:?}"), "Picture(Jpeg, 1000×640)", "no byte of it is printed");
}

#[test]
fn a_png_leaves_without_its_notes() {
    let seen = card(90);
    let file = png_of(&seen, Some("at home"));
    let picture = Picture::read(&[file.as_slice(), b"<script>"].concat()).expect("a picture");
    assert!(holds(&file, "at home") && !holds(picture.bytes(), "at home") && !holds(picture.bytes(), "<script>"));
    assert_eq!(picture.flaws(Side::Front), Ok(vec![]));
    assert_eq!(picture.bytes(), Picture::read(&png_of(&seen, None)).expect("a picture").bytes());
}

/// A049: told by the head, before anything as large as the pixels is made.
#[test]
fn a049_bombs_and_what_is_no_picture_are_told_by_their_heads() {
    let png_head = |wide: u32, high: u32, depth: u8, interlace: u8| {
        let mut file = vec![0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13];
        file.extend_from_slice(b"IHDR");
        file.extend_from_slice(&wide.to_be_bytes());
        file.extend_from_slice(&high.to_be_bytes());
        file.extend_from_slice(&[depth, 2, 0, 0, interlace, 0, 0, 0, 0]);
        file.extend_from_slice(b"\0\0\0\0IEND\0\0\0\0");
        file
    };
    let jpeg_head = |marker: u8, side: u16| {
        let [high, low] = side.to_be_bytes();
        let mut file = vec![0xFF, 0xD8, 0xFF, marker, 0, 11, 8, high, low, high, low, 1, 1, 0x11, 0];
        file.extend_from_slice(&[0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 1, 2, 3, 0xFF, 0xD9]);
        file
    };
    for (file, why) in [
        (png_head(50_000, 50_000, 8, 0), Unusable::TooLarge),
        (png_head(u32::MAX, u32::MAX, 16, 0), Unusable::TooLarge),
        (png_head(2000, 2000, 8, 1), Unusable::Kind),
        (png_head(2000, 2000, 1, 0), Unusable::Kind),
        (png_head(639, 639, 8, 0), Unusable::TooSmall),
        (png_head(0, 0, 8, 0), Unusable::TooSmall),
        (jpeg_head(0xC0, 65_535), Unusable::TooLarge),
        (jpeg_head(0xC2, 3000), Unusable::TooLarge),
        (jpeg_head(0xC3, 2000), Unusable::Kind),
        (jpeg_head(0xC9, 2000), Unusable::Kind),
        (jpeg_head(0xC0, 100), Unusable::TooSmall),
        (b"GIF89a=1;alert(1)".to_vec(), Unusable::Format),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), Unusable::Format),
        (b"\0\0\0\x18ftypheic\0\0\0\0".to_vec(), Unusable::Format),
        (b"RIFF\0\0\0\0WEBPVP8 ".to_vec(), Unusable::Format),
        (Vec::new(), Unusable::Format),
    ] {
        assert_eq!(Picture::read(&file).map(|_| ()), Err(why), "{file:?}");
    }
}

#[test]
fn whatever_is_cut_or_damaged_is_refused_or_read_and_nothing_panics() {
    let seen = card(90);
    for file in [jpeg_of(&seen, &exif(6)), png_of(&seen, Some("note"))] {
        for cut in (0..file.len()).step_by(997).chain(0..64) {
            assert!(Picture::read(&file[..cut]).is_err(), "{cut}");
        }
        let mut chance = 1u32;
        for _ in 0..300 {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut damaged = file.clone();
            // Where the head is, mostly: there each byte counts.
            let at = chance as usize % if chance.is_multiple_of(3) { file.len() } else { 400 };
            damaged[at] ^= (chance >> 13) as u8 | 1;
            if chance.is_multiple_of(64)
                && let Ok(picture) = Picture::read(&damaged)
            {
                let _ = picture.flaws(Side::Front);
            } else {
                let _ = Picture::read(&damaged);
            }
        }
    }
}
