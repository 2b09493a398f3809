//! Reads SQLite's write-ahead log by itself, before SQLite does: how much of it is whole?
//!
//! SQLite takes a log that is cut or damaged for one that ends there, and says nothing. This
//! follows "WAL File Format" of sqlite.org/fileformat2.html (§4.1 to §4.3) and changes nothing.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom},
    path::Path,
};

/// Tells one life of the log from the next: SQLite draws it anew whenever it starts over.
pub(super) type Salts = [u8; 8];

/// A log as far as it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub salts: Salts,
    /// The frames up to the last one that ends a transaction.
    pub frames: u32,
}

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const MAGIC: u32 = 0x377f_0682;

/// The log's frames that SQLite would accept; `None` without a log or with an unreadable head.
pub(super) fn walk(path: &Path) -> io::Result<Option<Whole>> {
    let mut file = match File::open(path) {
        Ok(file) => BufReader::with_capacity(1 << 16, file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut header = [0; HEADER];
    if !fill(&mut file, &mut header)? {
        return Ok(None);
    }
    let magic = big_endian(&header, 0);
    let sum = Sum { big: magic & 1 == 1, at: (0, 0) }.over(&header[..24]);
    if magic & !1 != MAGIC || sum.at != (big_endian(&header, 24), big_endian(&header, 28)) {
        return Ok(None);
    }
    let page = big_endian(&header, 8) as usize;
    if !(512..=65536).contains(&page) || !page.is_power_of_two() {
        return Ok(None);
    }
    let frames = frames(&mut file, page, &header[16..24], sum)?;
    Ok(Some(Whole { salts: salts_in(&header), frames }))
}

/// The salts in the head of a log that is in use.
pub(super) fn salts(file: &mut File) -> io::Result<Salts> {
    let mut header = [0; HEADER];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    Ok(salts_in(&header))
}

fn frames(file: &mut impl Read, page: usize, salts: &[u8], mut sum: Sum) -> io::Result<u32> {
    let mut frame = vec![0; FRAME_HEADER + page];
    let (mut read, mut whole) = (0, 0);
    while fill(file, &mut frame)? {
        sum = sum.over(&frame[..8]).over(&frame[FRAME_HEADER..]);
        let intact = big_endian(&frame, 0) != 0
            && &frame[8..16] == salts
            && sum.at == (big_endian(&frame, 16), big_endian(&frame, 20));
        if !intact {
            break;
        }
        read += 1;
        let ends_transaction = big_endian(&frame, 4) != 0;
        if ends_transaction {
            whole = read;
        }
    }
    Ok(whole)
}

/// The log's running checksum.
#[derive(Clone, Copy)]
struct Sum {
    big: bool,
    at: (u32, u32),
}

impl Sum {
    fn over(self, bytes: &[u8]) -> Self {
        let read = |four: &[u8]| {
            let four = four.try_into().expect("chunks of eight halve into fours");
            if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        let at = bytes.chunks_exact(8).fold(self.at, |(one, two), eight| {
            let one = one.wrapping_add(read(&eight[..4])).wrapping_add(two);
            (one, two.wrapping_add(read(&eight[4..])).wrapping_add(one))
        });
        Self { at, ..self }
    }
}

fn big_endian(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn salts_in(header: &[u8; HEADER]) -> Salts {
    header[16..24].try_into().expect("eight bytes")
}

/// Whether there was enough to fill it.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
