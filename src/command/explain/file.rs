//! Files that a request names, read up to a bound.

use std::fs::{File, FileType};
use std::io::Read as _;
use std::path::Path;

/// What a file or a pipe (`<(…)` of a shell is one) holds; says what is wrong with it.
pub(super) fn read(path: &Path, largest: u64) -> Result<Vec<u8>, String> {
    let of_type = std::fs::metadata(path).map_err(|error| error.to_string())?.file_type();
    if of_type.is_dir() {
        return Err("is a directory".to_owned());
    }
    // Some devices never end, others wait for somebody who types.
    if !of_type.is_file() && !is_pipe(of_type) && path != Path::new("/dev/null") {
        return Err("is a device; name a file or a pipe".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > largest {
        return Err(format!("is larger than {largest} bytes"));
    }
    Ok(bytes)
}

#[cfg(unix)]
fn is_pipe(of_type: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    of_type.is_fifo() || of_type.is_socket()
}

#[cfg(not(unix))]
fn is_pipe(_: FileType) -> bool {
    true
}
