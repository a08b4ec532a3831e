// Standard input, output and error at the beginning and the end of a program.
#pragma once

namespace sonde::base {

// Occupies descriptors 0 to 2 where they are closed, so that no file opened later is taken for one of them and written to.
// Reading from and writing to them fails with EBADF as before. To be called first.
void reserve_standard_files();

// Writes out what stdio holds of standard output. The program's exit code: `code`, or 1 if not all of the output could be
// written, after a message that says why.
int finish_standard_output(int code);

}  // namespace sonde::base
