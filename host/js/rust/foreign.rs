//! The transpiler as a core module of its own, for JavaScript: `input` gives the place for a component's bytes, `transpile`
//! makes JavaScript of them, `output` and `output_length` say where it is.
//!
//! The output is, where `transpile` gave 1, for each file the length of its name, its name, its length, and its bytes, the
//! lengths as little-endian 32-bit numbers; otherwise the text of an error.

use std::cell::RefCell;

use crate::{Options, transpile};

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for a component of this length, and says where.
#[unsafe(no_mangle)]
extern "C" fn input(length: usize) -> *mut u8 {
    INPUT.with_borrow_mut(|input| {
        input.clear();
        input.resize(length, 0);
        input.as_mut_ptr()
    })
}

/// Makes JavaScript called `module` of the input; 0: it cannot be done.
#[unsafe(no_mangle)]
extern "C" fn transpile_input() -> u32 {
    let component = INPUT.take();
    let (output, done) = match transpile(&component, "module", &Options::default()) {
        Ok(files) => {
            let mut output = Vec::new();
            for file in files {
                for part in [file.name.as_bytes(), &file.bytes] {
                    output.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
                    output.extend_from_slice(part);
                }
            }
            (output, 1)
        }
        Err(error) => (error.to_string().into_bytes(), 0),
    };
    OUTPUT.set(output);
    done
}

/// Where the output is.
#[unsafe(no_mangle)]
extern "C" fn output() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

/// How long it is.
#[unsafe(no_mangle)]
extern "C" fn output_length() -> usize {
    OUTPUT.with_borrow(Vec::len)
}
