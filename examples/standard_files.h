/* SPDX-License-Identifier: MIT */
/* standard_files: keeps the numbers of stdin, stdout and stderr taken. A program does this before
 * it opens files or connections. */
#ifndef STANDARD_FILES_H
#define STANDARD_FILES_H

/* Where standard input, output or error is closed, puts something in its place that can neither be
 * read nor written: the next file or connection would get the number otherwise, and with it
 * whatever is printed. Ends the program where that fails. */
void standard_files_open(void);

#endif
