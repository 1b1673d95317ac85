//! What comes is sent back: the start of the program and the serial line, which the others have too.
#![cfg_attr(target_os = "none", no_std, no_main)]

include!("board.rs");

fn serve(line: &mut Line) {
    let mut memory = [0; 1024];
    let n = line.read(&mut memory);
    line.write_all(&memory[..n]);
}
